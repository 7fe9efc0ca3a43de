"""A team with its own queues, thresholds, receivers, an alert of its own and a metric of its own."""

from asynq_mon_codegen import (
    Above,
    Alert,
    Links,
    Monitoring,
    MuteTime,
    Queue,
    Receiver,
    Route,
    Runbook,
    Severity,
    Signal,
    Step,
    TaskType,
    Threat,
    Unit,
    asynq,
    asynq_cli,
    evolve,
)

pager = Receiver.pagerduty("oncall", routing_key_file="/etc/alertmanager/secrets/pagerduty")
chat = Receiver.slack("orders-chat", channel="#orders-alerts")
finance = Receiver.email("finance", to="finance-oncall@example.com", smarthost="mail.example.com:587")
watchdog = Receiver.webhook("watchdog", url="https://deadman.example.com/asynq")

retries_piling_up = Alert(
    name="OrdersRetriesPilingUp",
    threat=Threat.TASK_ERRORS,
    signal=Signal(
        title="Payment tasks waiting for a retry",
        expr=asynq.TASKS_ENQUEUED.where(state="retry", queue=("payments", "invoices")).max(by="queue"),
        unit=Unit.TASKS,
    ),
    when=Above(warning=500, critical=5_000),
    hold="15m",
    dashboard="asynq-queue",
    summary="Payment tasks pile up for a retry",
    description="{value} of queue {queue} wait for a retry (threshold {threshold}, for {hold}).",
    runbook=Runbook(
        meaning="Handlers of payment tasks keep failing and asynq keeps putting their tasks back.",
        impact="Customers are charged late; after 25 attempts a task is archived and nobody is charged at all.",
        actions=(
            Step(
                "Read the last error of a few tasks; the payment provider's own errors begin with `psp:`.",
                asynq_cli("asynq task ls --queue={queue} --state=retry --size=20"),
            ),
            Step(
                "If the provider is down, pause the queue so that attempts are not used up.",
                asynq_cli("asynq queue pause {queue}"),
            ),
        ),
    ),
)

monitoring = Monitoring(
    service="orders",
    team="checkout",
    identity=("cluster", "namespace"),
    queues=(
        Queue("payments", team="payments", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="10s", critical="1m")}),
        Queue("invoices"),
        Queue("reports", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="1h", critical="6h")}, optional=True),
    ),
    task_types=(
        TaskType("ledger:close", every="24h"),
        TaskType("report:render", thresholds={asynq.TASK_DURATION_HIGH: Above(warning="20m", critical="1h")}),
    ),
    alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_PAUSED, hold="2h"))
    .without("AsynqHostDiskFilling")
    .add(retries_piling_up),
    receivers={Severity.CRITICAL: (pager, chat), Severity.WARNING: chat, Severity.INFO: chat, Severity.NONE: watchdog},
    routes=(
        Route(to=finance, queues="invoices", severities=Severity.WARNING, also=True),
        Route(
            to=chat,
            threats=Threat.SURGE,
            severities=Severity.WARNING,
            mute=MuteTime(name="month-end-batch", weekdays=("saturday", "sunday"), start="01:00", end="05:00"),
        ),
    ),
    links=Links(
        runbooks="https://github.com/example/monitoring/blob/main/runbooks",
        grafana="https://grafana.example.com",
        logs="https://logs.example.com/search?queue={queue}&namespace={namespace}",
    ),
    instrumentation=True,
)
