from asynq_mon_codegen import Above, Alert, Monitoring, Runbook, Signal, Threat, Unit, asynq, promql

trouble = Alert(
    name="OrdersTrouble",
    threat=Threat.TASK_ERRORS,
    signal=Signal(
        title="Trouble",
        expr=promql('max by (queue) (asynq_queue_sise)', labels="queue"),
        unit=Unit.TASKS,
    ),
    when=Above(warning=100),
    hold="5m",
    summary="The orders are in trouble",
    description="Queue {queue} has {value}.",
    runbook=Runbook(meaning="Orders wait.", actions=["Call the team."]),
)
monitoring = Monitoring(service="orders", alerts=asynq.ALERTS.add(trouble))
