"""What all services have in common: how they are told apart, whom nobody else's alerts go to, links."""

from asynq_mon_codegen import Fleet, Links, Receiver, RuleGroups, Severity, asynq

platform = Receiver.slack("platform", channel="#platform-alerts")
pager = Receiver.pagerduty("platform-oncall", routing_key_file="/etc/alertmanager/secrets/platform")
watchdog = Receiver.webhook("watchdog", url="https://deadman.example.com/asynq")

monitoring = Fleet(
    identity=("cluster", "namespace"),
    service="{namespace}",  # a service that has no file here is called by its namespace
    alerts=asynq.ALERTS,
    receivers={
        Severity.CRITICAL: (pager, platform),
        Severity.WARNING: platform,
        Severity.INFO: platform,
        Severity.NONE: watchdog,
    },
    links=Links(
        runbooks="https://git.example.com/platform/monitoring/runbooks",
        grafana="https://grafana.example.com",
        logs="https://logs.example.com/search?namespace={namespace}&queue={queue}",
    ),
    groups=RuleGroups(max_rules=20),  # what Mimir takes by default
)
