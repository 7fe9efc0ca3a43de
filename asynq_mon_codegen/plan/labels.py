"""The labels that a rule adds to its alert."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from asynq_mon_codegen.model import Alert, Monitoring, Severity
from asynq_mon_codegen.plan.texts import go_quote, go_text

__all__ = ["RuleLabel", "rule_labels"]


@frozen(kw_only=True)
class RuleLabel:
    """A label of a rule; ``by_queue`` are the queues whose value differs from ``value``."""

    name: str
    value: str
    by_queue: tuple[tuple[str, str], ...] = ()

    def template(self) -> str:
        """The value as a Go template, as rules have it."""
        if not self.by_queue:
            return go_text(self.value)
        out = ""
        for i, (queue, value) in enumerate(self.by_queue):
            out += f"{{{{ {'else ' if i else ''}if eq $labels.queue {go_quote(queue)} }}}}{go_text(value)}"
        return f"{out}{{{{ else }}}}{go_text(self.value)}{{{{ end }}}}"

    def expected(self, series: Mapping[str, str]) -> str:
        """The value for a series with these labels."""
        return dict(self.by_queue).get(series.get("queue", ""), self.value)


def rule_labels(
    monitoring: Monitoring, alert: Alert, severity: Severity, names: frozenset[str]
) -> tuple[RuleLabel, ...]:
    """Severity, service, team, component and threat, then what the declaration adds."""
    teams = tuple((q.name, q.team) for q in monitoring.queues if q.team and q.team != monitoring.team)
    own = {
        "severity": severity.value,
        "service": monitoring.service,
        "component": "asynq",
        "threat": alert.threat.value,
        **dict(monitoring.labels),
        **dict(alert.labels),
    }
    labels = [RuleLabel(name=name, value=value) for name, value in own.items()]
    by_queue = teams if "queue" in names else ()
    if monitoring.team or by_queue:
        labels.append(RuleLabel(name="team", value=monitoring.team, by_queue=by_queue))
    return tuple(labels)
