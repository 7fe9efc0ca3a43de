"""The declaration with everything decided: names, PromQL, texts, links and thresholds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.catalog.metrics import CONTRACT
from asynq_mon_codegen.catalog.overdue import GROUP as OVERDUE_GROUP
from asynq_mon_codegen.catalog.records import QUEUE_RECORDS
from asynq_mon_codegen.catalog.slo import FAST_RECORDS, GROUP, INTERVALS, LONG_GROUP, LONG_RECORDS
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.model import Above, Alert, Band, Burn, Fleet, LevelOrBand, Monitoring, Severity, slos_of
from asynq_mon_codegen.plan import slo
from asynq_mon_codegen.plan.bands import BANDS_GROUP, band_interval, batch_record, learnt
from asynq_mon_codegen.plan.expressions import condition, record_text
from asynq_mon_codegen.plan.fleet import declared_names, names_by_service
from asynq_mon_codegen.plan.labels import RuleLabel, rule_labels
from asynq_mon_codegen.plan.links import Link, links_of
from asynq_mon_codegen.plan.own import Own
from asynq_mon_codegen.plan.texts import Text
from asynq_mon_codegen.plan.thresholds import ThresholdClass, classes_of
from asynq_mon_codegen.plan.time_factor import REAL_TIME, faster
from asynq_mon_codegen.promql import Expr, Metric, Record, Scope

__all__ = ["RECORDING_GROUP", "Group", "Plan", "PlannedAlert", "PlannedRecord", "records_of", "resolve"]

RECORDING_GROUP = "recording"
"""The group of the recorded series that several domains share."""


@frozen(kw_only=True)
class PlannedRecord:
    """One recording rule."""

    record: Record
    name: str
    expr: str
    group: str


@frozen(kw_only=True)
class PlannedAlert:
    """One alerting rule: an alert at one severity.

    ``label_names`` are the labels of its series beside the identity; ``classes`` are the levels
    that hold for them; ``annotations`` are texts by name and ``links`` URLs by name. ``own`` is set where the rule is
    that of a single queue or task type with a hold or floor of its own; ``apart`` are the classes that have
    such rules beside this one.
    """

    alert: Alert
    severity: Severity
    group: str
    expr: str
    hold: Duration
    keep_firing_for: Duration | None
    classes: tuple[ThresholdClass, ...]
    label_names: frozenset[str]
    labels: tuple[RuleLabel, ...]
    annotations: tuple[tuple[str, Text], ...]
    links: tuple[Link, ...]
    own: Own | None = None
    apart: tuple[ThresholdClass, ...] = ()

    @property
    def name(self) -> str:
        """The alert's name, which its rules of other severities share."""
        return self.alert.name

    @property
    def default_level(self) -> LevelOrBand:
        """The level of everything that has none of its own; None where there is none."""
        return self.classes[-1].level

    def covers(self, series: Mapping[str, str]) -> bool:
        """Whether a series with these labels is judged by this rule, not by another one of the severity."""
        if self.own is not None:
            return self.classes[0].selects(series)
        return not any(c.selects(series) for c in self.apart)

    def class_for(self, series: Mapping[str, str]) -> ThresholdClass:
        """The class of a series with these labels."""
        return next((c for c in self.classes if c.accepts(series)), self.classes[-1])

    def expected_labels(self, series: Mapping[str, str]) -> dict[str, str]:
        """The labels of the firing alert for a series with these labels; an empty label is none."""
        labels = {**series, **{label.name: label.expected(series) for label in self.labels}}
        return {name: value for name, value in labels.items() if value}

    def expected_annotations(
        self, series: Mapping[str, str], value: float, usual: float | None = None
    ) -> dict[str, str]:
        """The annotations of the firing alert for a series with these labels, this value and what is usual for it."""
        texts = {name: text.expected(series, value, usual) for name, text in self.annotations}
        return {**texts, **{link.name: link.expected(series) for link in self.links}}


@frozen(kw_only=True)
class Group:
    """One rule group, and so one rule file: records first, then the alerts made of them.

    ``interval`` is how often it is evaluated where that is not the declaration's evaluation interval.
    """

    name: str
    records: tuple[PlannedRecord, ...]
    alerts: tuple[PlannedAlert, ...]
    interval: Duration | None = None


@frozen(kw_only=True)
class Plan:
    """Everything that generators read; they read nothing else.

    ``monitoring`` is the declaration as it was written; everything else has been made
    ``time_factor`` times faster, which is 1 but in the project's own lab.
    """

    monitoring: Monitoring
    scope: Scope
    groups: tuple[Group, ...]
    contract: tuple[Metric, ...]
    time_factor: int = REAL_TIME

    def paced(self, length: Duration) -> Duration:
        """A length of time of the declaration as it is in this plan's time."""
        return length if self.time_factor == REAL_TIME else faster((length,), self.time_factor)[0]

    @property
    def alerts(self) -> tuple[PlannedAlert, ...]:
        """Every alerting rule in order."""
        return tuple(a for g in self.groups for a in g.alerts)

    @property
    def records(self) -> tuple[PlannedRecord, ...]:
        """Every recording rule in order."""
        return tuple(r for g in self.groups for r in g.records)

    def parts_of(self, group: Group) -> tuple[tuple[str, tuple[PlannedRecord | PlannedAlert, ...]], ...]:
        """The rules of a group by the names of the groups that the ruler sees: several where they are too many for one.

        Those are evaluated side by side, so that an alert may see what it reads an interval late.
        """
        rules: tuple[PlannedRecord | PlannedAlert, ...] = (*group.records, *group.alerts)
        most = self.monitoring.groups.max_rules or len(rules)
        parts = [rules[i : i + most] for i in range(0, len(rules), most)]
        return tuple((f"asynq-{group.name}{f'-{i + 1}' if i else ''}", part) for i, part in enumerate(parts))

    def rules_of(self, alert: Alert) -> tuple[PlannedAlert, ...]:
        """The rules of one alert, the worst severity first.

        Without those of single queues and task types, but where there are no others.
        """
        every = self.every_rule_of(alert)
        return tuple(a for a in every if a.own is None) or every

    def own_rules_of(self, alert: Alert) -> tuple[PlannedAlert, ...]:
        """The rules of single queues and task types that have a hold or floor of their own."""
        return tuple(a for a in self.every_rule_of(alert) if a.own is not None)

    def every_rule_of(self, alert: Alert) -> tuple[PlannedAlert, ...]:
        """All rules of one alert, those of single queues and task types last."""
        found = (a for a in self.alerts if a.alert.name == alert.name)
        return tuple(sorted(found, key=lambda a: a.own is not None))


def resolve(declared: Monitoring, extra_records: tuple[Record, ...] = (), *, time_factor: int = REAL_TIME) -> Plan:
    """Decide everything once.

    ``extra_records`` are recorded although no alert reads them (panels do). ``time_factor`` is for
    the lab: see :mod:`asynq_mon_codegen.plan.time_factor`.

    Raises:
        DeclarationError: a threshold that does not fit its alert.
        UsageError: an impossible time factor.
    """
    monitoring = faster(declared, time_factor)
    slo.check(declared, monitoring)
    scope = Scope(
        identity=monitoring.identity,
        selectors=monitoring.scrape.selectors(),
        names=declared_names(monitoring),
        names_where=()
        if not isinstance(monitoring, Fleet)
        else (
            ("queues", names_by_service(monitoring, optional=False)),
            ("optional_queues", names_by_service(monitoring, optional=True)),
        ),
        parts=faster(slo.parts_of(declared), time_factor),
    )
    alerts = [a for a in monitoring.alerts if a.needs != "instrumentation" or monitoring.instrumentation]
    planned = {a.name: tuple(_plan_alert(a, monitoring, scope)) for a in alerts}
    homes: dict[Record, str] = dict.fromkeys(faster(QUEUE_RECORDS, time_factor), RECORDING_GROUP)
    for home, needed in ((GROUP, FAST_RECORDS), (LONG_GROUP, LONG_RECORDS)):
        homes |= dict.fromkeys(faster(needed, time_factor) if slos_of(declared) else (), home)
    group_names = tuple(dict.fromkeys((*(a.group for a in alerts), *homes.values(), BANDS_GROUP)))
    for alert in alerts:
        # an alert that has no level where nothing is declared needs no series either
        for record in records_of(alert) if planned[alert.name] else ():
            homes.setdefault(record, alert.group)
    for record in _band_records(alerts, planned, monitoring):
        homes.setdefault(record, BANDS_GROUP)
    for record in faster(extra_records, time_factor):
        for each in (*_records_in(record.expr), record):
            homes.setdefault(each, RECORDING_GROUP)
    slow = band_interval(declared.evaluation_interval)
    intervals = {**INTERVALS, BANDS_GROUP: slow, OVERDUE_GROUP: slow}
    groups = []
    for name in dict.fromkeys((RECORDING_GROUP, *group_names)):
        records = tuple(_plan_record(r, name, scope) for r, home in homes.items() if home == name)
        rules = tuple(rule for a in alerts for rule in planned[a.name] if rule.group == name)
        if records or rules:
            groups.append(Group(name=name, records=records, alerts=rules, interval=intervals.get(name)))
    return Plan(
        monitoring=declared,
        scope=scope,
        groups=tuple(groups),
        contract=(*CONTRACT, *declared.metrics),
        time_factor=time_factor,
    )


def _band_records(
    alerts: Iterable[Alert], planned: Mapping[str, tuple[PlannedAlert, ...]], monitoring: Monitoring
) -> Iterator[Record]:
    """What bands are learnt by: each record after those that it is made of, its own past apart.

    Raises:
        DeclarationError: two alerts watch one signal with bands that learn in different ways.
    """
    batch = batch_record(monitoring)
    by_name: dict[tuple[str, str, tuple[str, ...]], Record] = {}
    for alert in alerts:
        bands = [c.level for rule in planned[alert.name] for c in rule.classes if isinstance(c.level, Band)]
        for band in dict.fromkeys(bands):
            for record in (*(() if batch is None else (batch,)), *learnt(alert, band, batch).records):
                known = by_name.setdefault((record.metric, record.operations, record.by), record)
                if known != record:
                    raise DeclarationError(
                        f"{alert.name}: another band over {alert.signal.title!r} learns in another way",
                        "give all bands over one signal the same window, past, memory and young",
                    )
                yield from _records_in(record)


def records_of(alert: Alert) -> Iterator[Record]:
    """Every record that the alert reads, each after those that it is made of, without filters or offsets."""
    for expr in (alert.signal.expr, *(g.expr for g in alert.guards)):
        yield from _records_in(expr)


def _records_in(expr: Expr) -> Iterator[Record]:
    """Every record below, each after those that it is made of, without filters or offsets."""
    for child in expr.children():
        yield from _records_in(child)
    if isinstance(expr, Record):
        yield expr.bare()


def _plan_record(record: Record, group: str, scope: Scope) -> PlannedRecord:
    return PlannedRecord(
        record=record, name=record.series_name(scope), expr=record_text(record.expr, scope), group=group
    )


def _plan_alert(alert: Alert, monitoring: Monitoring, scope: Scope) -> Iterator[PlannedAlert]:
    for severity in Severity:
        every = classes_of(monitoring, alert, severity)
        if alert.severities() and severity not in alert.severities() and all(c.level is None for c in every):
            continue
        apart = tuple(one for c in every if c.own is not None for one in c.each_alone())
        common = tuple(c for c in every if c.own is None)
        for classes, own in ((common, None), *(((one,), one.own) for one in apart)):
            rule = _plan_rule(alert, severity, classes, own, monitoring, scope) if classes else None
            if rule is not None:
                yield rule if own is not None else evolve(rule, apart=apart)


def _plan_rule(
    alert: Alert,
    severity: Severity,
    classes: tuple[ThresholdClass, ...],
    own: Own | None,
    monitoring: Monitoring,
    scope: Scope,
) -> PlannedAlert | None:
    """The rule for series of these classes; None where it could never fire."""
    if isinstance(alert.when, Burn):
        expr = slo.burn_condition(alert, severity, classes, monitoring, scope)
    else:
        expr = condition(alert if own is None else own.alert(alert), severity, classes, scope)
    if not expr:
        return None
    hold = alert.hold_for(severity) if own is None or own.hold is None else own.hold
    names = alert.signal.expr.labels or frozenset()

    def text(sentence: str) -> Text:
        return Text(
            text=sentence,
            unit=alert.signal.unit,
            hold=str(hold),
            classes=classes,
            rising=isinstance(alert.when, Above),
            scope=scope,
        )

    # two rules of one name need labels by which Prometheus tells them apart
    fixed = {} if own is None else classes[0].fixed()
    return PlannedAlert(
        alert=alert,
        severity=severity,
        group=slo.rule_group(alert, severity),
        expr=expr,
        hold=hold,
        keep_firing_for=alert.keep_firing_for,
        classes=classes,
        label_names=names,
        labels=(
            *rule_labels(monitoring, alert, severity, names),
            *(RuleLabel(name=name, value=value) for name, value in fixed.items()),
        ),
        annotations=(("summary", text(alert.summary)), ("description", text(alert.description))),
        links=links_of(monitoring, alert, names),
        own=own,
    )
