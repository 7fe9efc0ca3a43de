"""The labels that a rule adds to its alert."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial

from attrs import frozen

from asynq_mon_codegen.model import Alert, Fleet, Monitoring, Severity
from asynq_mon_codegen.plan.fleet import once, team_cases
from asynq_mon_codegen.plan.quoting import go_quote, go_text
from asynq_mon_codegen.plan.where import Choice, Terms, terms_of

__all__ = ["NOBODYS", "UNKNOWN_SERVICE", "RuleLabel", "rule_labels"]

UNKNOWN_SERVICE = "asynq"
"""The service of a series that lacks the label by which services are called."""

NOBODYS = "none"
"""The team, or a label that some services declare, of a series whose service has none.

Not an empty text: where a label of a rule becomes empty, Prometheus' own ALERTS shows the unexpanded template.
"""

_LABEL = re.compile(r"\{([a-zA-Z_][a-zA-Z0-9_]*)\}")


@frozen(kw_only=True)
class RuleLabel:
    """A label of a rule; ``by_queue`` are the queues whose value differs from ``value``.

    In a fleet ``choice`` says the values of each service; one that begins with ``{`` is a label's value.
    """

    name: str
    value: str
    by_queue: tuple[tuple[str, str], ...] = ()
    choice: Choice | None = None

    def template(self) -> str:
        """The value as a Go template, as rules have it."""
        if self.choice is not None:
            return self.choice.template(_go)
        if not self.by_queue:
            return go_text(self.value)
        out = ""
        for i, (queue, value) in enumerate(self.by_queue):
            out += f"{{{{ {'else ' if i else ''}if eq $labels.queue {go_quote(queue)} }}}}{go_text(value)}"
        return f"{out}{{{{ else }}}}{go_text(self.value)}{{{{ end }}}}"

    def expected(self, series: Mapping[str, str]) -> str:
        """The value for a series with these labels."""
        if self.choice is not None:
            return _value(self.choice.chosen(series), series)
        return dict(self.by_queue).get(series.get("queue", ""), self.value)


def _of_label(text: str) -> str:
    """The label that the text names: ``{namespace}``; empty where it is a plain text."""
    match = _LABEL.fullmatch(text)
    return match.group(1) if match else ""


def _go(text: str) -> str:
    label = _of_label(text)
    if not label:
        return go_text(text)
    return f"{{{{ with $labels.{label} }}}}{{{{ . }}}}{{{{ else }}}}{UNKNOWN_SERVICE}{{{{ end }}}}"


def _value(text: str, series: Mapping[str, str]) -> str:
    label = _of_label(text)
    return (series.get(label) or UNKNOWN_SERVICE) if label else text


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
    if isinstance(monitoring, Fleet):
        return tuple(_of_fleet(monitoring, own, names))
    labels = [RuleLabel(name=name, value=value) for name, value in own.items()]
    by_queue = teams if "queue" in names else ()
    if monitoring.team or by_queue:
        labels.append(RuleLabel(name="team", value=monitoring.team, by_queue=by_queue))
    return tuple(labels)


def _of_fleet(fleet: Fleet, own: Mapping[str, str], names: frozenset[str]) -> Iterator[RuleLabel]:
    """The same with the service, team and labels of the service that a series belongs to."""
    given = sorted({name for one in fleet.services for name, _ in one.labels})
    own = {**own, **{name: own.get(name, NOBODYS) for name in given}}
    for name, value in own.items():
        choice = Choice(cases=(), other=value)
        if name == "service":
            choice = once(fleet, name, lambda: Choice.of(_services(fleet), fleet.service))
        elif name in given:
            choice = once(fleet, f"label {name} {value}", partial(_label_choice, fleet, name, value))
        yield RuleLabel(name=name, value=value, choice=choice if choice.cases or _of_label(value) else None)
    queues = "queue" in names
    choice = once(fleet, f"team {queues}", lambda: _teams(fleet, queues))
    if fleet.team or choice.cases:
        yield RuleLabel(name="team", value=choice.other, choice=choice if choice.cases else None)


def _label_choice(fleet: Fleet, name: str, value: str) -> Choice:
    return Choice.of(((terms_of(one.where), dict(one.labels).get(name, value)) for one in fleet.services), value)


def _teams(fleet: Fleet, queues: bool) -> Choice:
    rest = fleet.team or NOBODYS
    return Choice.of(((terms, team or rest) for terms, team in team_cases(fleet, queues=queues)), rest)


def _services(fleet: Fleet) -> list[tuple[Terms, str]]:
    """A service that is called by the one value of one of its labels needs no line of its own."""
    found = []
    for one in fleet.services:
        label = next((label for label, values in one.where if len(one.where) == 1 and values == (one.service,)), "")
        found.append((terms_of(one.where), f"{{{label}}}" if label else one.service))
    return found
