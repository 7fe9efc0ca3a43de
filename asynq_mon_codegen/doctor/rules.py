"""The loaded rules are the declared ones, evaluated in time and without errors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.doctor.finding import Finding, Level, listed, unseen
from asynq_mon_codegen.doctor.rule_difference import DeclaredRule, differences, told
from asynq_mon_codegen.doctor.running import PREFIX, Running
from asynq_mon_codegen.plan import PlannedAlert, PlannedRecord
from asynq_mon_codegen.plan.links import rule_path
from asynq_mon_codegen.prometheus_api import Rule, RuleGroup

__all__ = ["health", "loaded"]

_MISSED = 3
_LATE = 60.0
"""Seconds that a group may be late in any case, so that a busy machine is no fault."""
_NEAR = 0.8
_ALIKE, _MOST = 3, 8
"""So many that differ alike are told as one; so many others are told one by one."""
_RELOAD = "write the files (`asynq-mon generate`), deploy them and reload Prometheus (SIGHUP or POST /-/reload)"
_LACKS = "the server has no /api/v1/rules: ask the ruler (vmalert, Thanos Rule) instead"
_ELSEWHERE = (
    "the server lists none, but has what they record: another program evaluates them. VictoriaMetrics lists vmalert's "
    "with -vmalert.proxyURL"
)
_LOAD = "name the generated files in rule_files of prometheus.yml (rules/*.yaml), then reload Prometheus"
_LOAD_OTHERS = (
    "load the generated files (rules/*.yaml) into the ruler, and let the server list its rules: for VictoriaMetrics "
    "vmalert's -rule and -remoteWrite.url, and -vmalert.proxyURL"
)


@frozen(kw_only=True)
class _Group:
    """A group as the generated file has it."""

    name: str
    file: str
    interval: float
    rules: tuple[DeclaredRule, ...]


@frozen(kw_only=True)
class _Difference:
    """Something in a loaded group that is not as declared."""

    subject: str
    text: str
    level: Level
    file: str
    alerts: tuple[str, ...]


def loaded(running: Running) -> Iterator[Finding]:
    """What is loaded, missing, different and left over."""
    if running.rules is None:
        yield unseen("rules", _LACKS)
        return
    if not running.rules and running.imitates and _recorded(running):
        yield unseen("rules", _ELSEWHERE)
        return
    declared = _declared(running)
    found: dict[str, list[RuleGroup]] = {}
    for one in running.rules:
        if one.name.startswith(PREFIX):
            found.setdefault(one.name, []).append(one)
    missing = [group for group in declared if group.name not in found]
    if len(missing) == len(declared):
        yield Finding(
            level=Level.ERROR,
            what="none of the declared rule groups is loaded: there are no alerts",
            alerts=_alerts(declared),
            fix=_LOAD_OTHERS if running.imitates else _LOAD,
        )
        missing = []
    for group in missing:
        yield Finding(
            level=Level.ERROR,
            what=f"rule group {group.name} is not loaded",
            where=group.file,
            alerts=_alerts([group]),
            fix=_RELOAD,
        )
    compared: list[_Difference] = []
    everywhere = _everywhere(running)
    for group in declared:
        running_ones = found.get(group.name, [])
        if len(running_ones) > 1:
            yield Finding(
                level=Level.ERROR,
                what=f"rule group {group.name} is loaded {len(running_ones)} times: every alert is evaluated as often",
                where=listed(copy.file for copy in running_ones),
                fix="take all but one of the files out of rule_files",
            )
        if running_ones:
            compared += _compared(group, running_ones[0], everywhere)
    yield from _together(compared)
    names = {group.name for group in declared}
    for name, groups in found.items():
        if name not in names:
            yield Finding(
                level=Level.WARNING,
                what=f"rule group {name} is loaded, and nobody declares it",
                where=groups[0].file,
                alerts=tuple(dict.fromkeys(rule.name for rule in groups[0].rules if rule.alerting)),
                fix="an old file? `asynq-mon generate` removes its own; delete the deployed copy and reload Prometheus",
            )


def health(running: Running) -> Iterator[Finding]:
    """Groups that are not evaluated, or hardly in time, and rules that fail."""
    now, _ = running.clock
    for group in running.rules or ():
        if not group.name.startswith(PREFIX):
            continue
        alerts = tuple(dict.fromkeys(rule.name for rule in group.rules if rule.alerting))
        age = now - group.last_evaluation
        if group.last_evaluation and group.interval and age > max(_LATE, _MISSED * group.interval):
            yield Finding(
                level=Level.ERROR,
                what=f"rule group {group.name} was last evaluated {told(age)} ago, it should be every "
                f"{told(group.interval)}",
                where=group.file,
                alerts=alerts,
                fix="is the ruler overloaded or stopped? prometheus_rule_group_iterations_missed_total tells",
            )
        if group.interval and group.evaluation_time > _NEAR * group.interval:
            over = group.evaluation_time > group.interval
            yield Finding(
                level=Level.ERROR if over else Level.WARNING,
                what=f"rule group {group.name} takes {told(group.evaluation_time)} of its {told(group.interval)}"
                + (": evaluations are skipped" if over else ""),
                where=group.file,
                alerts=alerts,
                fix="smaller groups, which are evaluated side by side: RuleGroups(max_rules=...); or a longer "
                "evaluation_interval",
            )
        for rule in group.rules:
            if rule.health == "err":
                yield Finding(
                    level=Level.ERROR,
                    what=f"{rule.name} fails: {rule.last_error}",
                    where=f"{group.name} in {group.file}",
                    alerts=(rule.name,) if rule.alerting else alerts,
                    fix="many-to-many matching points to series that are there twice: look for two exporters or labels "
                    "that were dropped; a limit or a timeout to too many series",
                )


def _recorded(running: Running) -> bool:
    """Whether there is something now that the rules record."""
    names = sorted({record.name for record in running.plan.records})
    return bool(names and running.prometheus.query(f'count({{__name__=~"{"|".join(names)}"}})'))


def _declared(running: Running) -> list[_Group]:
    plan = running.plan
    return [
        _Group(
            name=name,
            file=rule_path(group.name),
            interval=plan.paced(group.interval or plan.monitoring.evaluation_interval).seconds,
            rules=tuple(_record(r) if isinstance(r, PlannedRecord) else _alert(r) for r in rules),
        )
        for group in plan.groups
        for name, rules in plan.parts_of(group)
    ]


def _record(rule: PlannedRecord) -> DeclaredRule:
    return DeclaredRule(name=rule.name, severity="", expr=rule.expr)


def _alert(rule: PlannedAlert) -> DeclaredRule:
    texts = {name: text.template() for name, text in rule.annotations}
    return DeclaredRule(
        name=rule.name,
        severity=rule.severity.value,
        expr=rule.expr,
        hold=rule.hold.seconds,
        keep=rule.keep_firing_for.seconds if rule.keep_firing_for else 0,
        labels={label.name: label.template() for label in rule.labels},
        annotations={**texts, **{link.name: link.template() for link in rule.links}},
    )


def _alerts(groups: list[_Group]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.name for group in groups for rule in group.rules if rule.severity))


def _compared(declared: _Group, found: RuleGroup, everywhere: frozenset[tuple[str, str]]) -> Iterator[_Difference]:
    every = _alerts([declared])
    if found.interval != declared.interval:
        yield _Difference(
            subject=f"rule group {declared.name}",
            text=f"evaluated every {told(found.interval)}, declared is every {told(declared.interval)}",
            level=Level.WARNING,
            file=found.file,
            alerts=every,
        )
    names = {name for rule in declared.rules for name in rule.labels}
    added = frozenset(label for label in everywhere if label[0] not in names)
    apart = _apart(declared)
    theirs = {_key(rule.name, dict(rule.labels), apart): _without(added, rule) for rule in found.rules}
    ours = {_key(rule.name, rule.labels, apart): rule for rule in declared.rules}
    for key, rule in ours.items():
        alerts = (rule.name,) if rule.severity else every
        running = theirs.get(key)
        if running is None:
            text, level = "declared and not loaded", Level.ERROR
        elif phrases := list(differences(rule, running)):
            only_texts = all(phrase.startswith("annotation") for phrase in phrases)
            text, level = f"not as declared: {'; '.join(phrases)}", Level.WARNING if only_texts else Level.ERROR
        else:
            continue
        yield _Difference(subject=_named(key), text=text, level=level, file=found.file, alerts=alerts)
    for key, one in theirs.items():
        if key not in ours:
            yield _Difference(
                subject=_named(key),
                text="loaded, and nobody declares it",
                level=Level.WARNING,
                file=found.file,
                alerts=(one.name,) if one.alerting else (),
            )


_Key = tuple[str, str, tuple[tuple[str, str], ...]]
"""Name and severity of a rule, and the labels that tell rules of one name and severity apart."""


def _apart(declared: _Group) -> frozenset[str]:
    """The labels by which rules of one alert and severity differ: those of single queues and task types."""
    alike: dict[tuple[str, str], list[DeclaredRule]] = {}
    for rule in declared.rules:
        alike.setdefault((rule.name, rule.severity), []).append(rule)
    return frozenset(
        name
        for rules in alike.values()
        for rule in rules
        for name in rule.labels
        if len({other.labels.get(name, "") for other in rules}) > 1
    )


def _key(name: str, labels: Mapping[str, str], apart: frozenset[str]) -> _Key:
    return name, labels.get("severity", ""), tuple(sorted((k, v) for k, v in labels.items() if k in apart))


def _everywhere(running: Running) -> frozenset[tuple[str, str]]:
    """What Thanos adds: the external labels of a Prometheus, to every rule, also to those that only record."""
    labels = [frozenset(rule.labels) for group in running.rules or () for rule in group.rules]
    return frozenset.intersection(*labels) if labels and running.imitates else frozenset()


def _without(labels: frozenset[tuple[str, str]], rule: Rule) -> Rule:
    return evolve(rule, labels=tuple(label for label in rule.labels if label not in labels))


def _named(key: _Key) -> str:
    name, severity, own = key
    of = ", ".join(filter(None, (severity, *(value for _, value in own))))
    return f"{name} ({of})" if of else name


def _together(found: list[_Difference]) -> Iterator[Finding]:
    """One finding for what differs in the same way, and for the rest of what is too much to read."""
    alike: dict[tuple[Level, str], list[_Difference]] = {}
    for one in found:
        alike.setdefault((one.level, one.text), []).append(one)
    single = []
    for (level, text), several in alike.items():
        if len(several) < _ALIKE:
            single += several
            continue
        yield _finding(several, level, f"{len(several)} rules or groups: {text}")
    for one in single[:_MOST]:
        yield _finding([one], one.level, f"{one.subject}: {one.text}")
    if rest := single[_MOST:]:
        level = min(one.level for one in rest)
        yield _finding(rest, level, f"{len(rest)} more rules are not as declared: {listed(o.subject for o in rest)}")


def _finding(several: list[_Difference], level: Level, what: str) -> Finding:
    return Finding(
        level=level,
        what=what,
        where=listed(dict.fromkeys(one.file for one in several), 3),
        alerts=tuple(dict.fromkeys(name for one in several for name in one.alerts)),
        fix=_RELOAD,
    )
