from asynq_mon_codegen import Above, Alert, Monitoring, Runbook, Signal, Step, Threat, Unit, asynq, asynq_cli

trouble = Alert(
    name="OrdersTrouble",
    threat=Threat.TASK_ERRORS,
    signal=Signal(
        title="Trouble",
        expr=asynq.RETRY,
        unit=Unit.TASKS,
    ),
    when=Above(warning=100),
    hold="5m",
    summary="The orders are in trouble",
    description="Queue {queue} has {value}.",
    runbook=Runbook(meaning="Orders wait.", actions=[Step("Look.", asynq_cli("asynq task ls --queue={que}"))]),
)
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS.add(trouble))
