"""The whole declaration: everything that the outputs are made from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from attrs import Attribute, field, frozen

from asynq_mon_codegen.duration import Duration, duration
from asynq_mon_codegen.errors import DeclarationError, did_you_mean
from asynq_mon_codegen.model.alerts import Alert, Alerts
from asynq_mon_codegen.model.groups import RuleGroups
from asynq_mon_codegen.model.kinds import items, pairs, typed
from asynq_mon_codegen.model.queues import Queue, TaskType, Thresholds, thresholds_of
from asynq_mon_codegen.model.receivers import Receiver, Route
from asynq_mon_codegen.model.slo import SLO
from asynq_mon_codegen.model.terms import Severity
from asynq_mon_codegen.promql import Matcher, Metric, Source, matchers_of
from asynq_mon_codegen.promql.labels import LABEL_NAME

__all__ = ["DEFAULT_RECEIVERS", "Links", "Monitoring", "Scrape", "Where"]

_RESERVED = frozenset(
    {"queue", "state", "task_type", "severity", "alertname", "threat", "component", "le", "job", "instance"}
)

_LIMIT_MAX = 10_000

DEFAULT_RECEIVERS: Mapping[Severity, tuple[Receiver, ...]] = {
    Severity.CRITICAL: (Receiver.pagerduty("pagerduty"), Receiver.slack("slack", channel="#asynq-alerts")),
    Severity.WARNING: (Receiver.slack("slack", channel="#asynq-alerts"),),
    Severity.INFO: (Receiver.email("email", to="asynq-reports@example.com"),),
    Severity.NONE: (Receiver.webhook("watchdog", url="http://127.0.0.1:9099/asynq-watchdog"),),
}
"""Who is told where a declaration names nobody; every secret is a file."""


def _interval(value: str | Duration) -> Duration:
    return duration(value, "interval")


def _timeout(value: str | Duration) -> Duration:
    return duration(value, "timeout")


def _evaluation(value: str | Duration) -> Duration:
    return duration(value, "evaluation_interval")


def _metrics(value: Iterable[Metric] | Metric) -> tuple[Metric, ...]:
    return items(value)


def _alerts(value: Alerts | Iterable[Alert] | Alert) -> Alerts:
    return value if isinstance(value, Alerts) else Alerts(items(value))


def _queues(value: Iterable[Queue] | Queue) -> tuple[Queue, ...]:
    return items(value)


def _task_types(value: Iterable[TaskType] | TaskType) -> tuple[TaskType, ...]:
    return items(value)


def _slos(value: Iterable[SLO] | SLO) -> tuple[SLO, ...]:
    return items(value)


def _routes(value: Iterable[Route] | Route) -> tuple[Route, ...]:
    return items(value)


def _selector(name: str, value: str | None) -> tuple[Matcher, ...]:
    return () if value is None else matchers_of(value, name)


@frozen(kw_only=True, field_transformer=typed)
class Scrape:
    """Where the metrics come from: PromQL matchers (without braces) per kind of target.

    ``exporter`` are targets that serve asynq's queue metrics, ``worker`` the processes that run
    handlers. The defaults take jobs whose name contains ``asynq``. Sources that are None are told
    by their metrics' usual names. ``interval`` is the scrape interval, ``timeout`` that of the
    exporter's scrape.
    """

    exporter: str = 'job=~".*asynq.*(export|mon|metrics).*", job!~".*(redis|node).*"'
    worker: str = 'job=~".*asynq.*", job!~".*(export|asynqmon|metrics|redis).*"'
    queues: str | None = None
    instrumentation: str | None = None
    host: str | None = None
    redis: str | None = None
    kubernetes: str = 'pod=~".*asynq.*"'
    prometheus: str | None = None
    alertmanager: str | None = None
    interval: Duration = field(default=Duration(15_000), converter=_interval)
    timeout: Duration = field(default=Duration(10_000), converter=_timeout)

    def selectors(self) -> tuple[tuple[str, tuple[Matcher, ...]], ...]:
        """The matchers per source; raises DeclarationError where one is empty or not PromQL."""
        given = (
            (Source.EXPORTER, "exporter", self.exporter),
            (Source.WORKER, "worker", self.worker),
            (Source.COLLECTOR, "queues", self.queues),
            (Source.INSTRUMENTATION, "instrumentation", self.instrumentation),
            (Source.HOST, "host", self.host),
            (Source.REDIS, "redis", self.redis),
            (Source.KUBERNETES, "kubernetes", self.kubernetes),
            (Source.PROMETHEUS, "prometheus", self.prometheus),
            (Source.ALERTMANAGER, "alertmanager", self.alertmanager),
        )
        return tuple((source.value, _selector(name, value)) for source, name, value in given)

    def __attrs_post_init__(self) -> None:
        self.selectors()
        if self.timeout > self.interval:
            raise DeclarationError(f"scrape timeout {self.timeout} is longer than the interval {self.interval}")


def _base(value: str | None, name: str) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value) if isinstance(value, str) else None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc or re.search(r"\s", value):
        hint = f'write {name}="https://...", or None for no such links'
        raise DeclarationError(f"{name}={value!r} is not an http(s) URL", hint)
    return value.rstrip("/")


def _runbooks(value: str | None) -> str | None:
    return _base(value, "runbooks")


def _grafana(value: str | None) -> str | None:
    return _base(value, "grafana")


def _logs(value: str | None) -> str | None:
    return _base(value, "logs")


def _traces(value: str | None) -> str | None:
    return _base(value, "traces")


@frozen(kw_only=True, field_transformer=typed)
class Links:
    """Where people read on: bases of the links in alerts and dashboards.

    ``logs`` and ``traces`` are URLs with ``{queue}`` (and other labels in braces) where the
    alert's own value belongs; None leaves the link out.
    """

    runbooks: str | None = field(default="https://monitoring.example.com/runbooks", converter=_runbooks)
    grafana: str | None = field(default="https://grafana.example.com", converter=_grafana)
    logs: str | None = field(default=None, converter=_logs)
    traces: str | None = field(default=None, converter=_traces)


def _by_severity(
    value: Mapping[Severity, Receiver | Iterable[Receiver]] | tuple[tuple[Severity, tuple[Receiver, ...]], ...],
) -> tuple[tuple[Severity, tuple[Receiver, ...]], ...]:
    say = "map severities to receivers: receivers={Severity.CRITICAL: Receiver.pagerduty(...)}"
    return tuple((severity, items(to)) for severity, to in pairs(value, "receivers", say))


def _labels(value: Mapping[str, str] | tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return pairs(value, "labels", 'map names to values: labels={"env": "prod"}')


def _words(value: str | Iterable[str]) -> tuple[str, ...]:
    return items(value)


Where = tuple[tuple[str, tuple[str, ...]], ...]
"""Labels and the values that each may have."""


def _where(value: Mapping[str, str | Iterable[str]] | Where) -> Where:
    say = 'map identity labels to values: where={"namespace": "orders"}'
    return tuple((label, items(values)) for label, values in pairs(value, "where", say))


@frozen(kw_only=True, field_transformer=typed)
class Monitoring:
    """Everything a team declares; each field has a default that works.

    ``identity`` are labels that tell deployments apart (``("cluster", "namespace")``) and join
    every aggregation; ``where`` says by their values which series are this service's, where a fleet of services is
    declared; ``thresholds`` are levels of the service as a whole; ``groups`` limits rule groups; ``instrumentation``
    says that the workers export the project's own metrics, so that their absence is worth an alert; of task types and
    queues that nobody declared, the first ``task_type_limit`` and ``queue_limit`` get series of their own in a worker,
    the rest is counted as ``other``; ``slos`` are service levels, in a service of a fleet for its own series, and
    without them nothing watches an error budget;
    ``labels`` go on every alert. ``metrics`` are metrics of the team's own that hand-written PromQL reads; those in
    typed expressions are known anyway.

    Raises:
        DeclarationError: two queues, task types or alerts of one name, a reserved or impossible
            label, or something that is not what it should be.
    """

    service: str = field(default="asynq")
    team: str = ""
    identity: tuple[str, ...] = field(default=(), converter=_words)
    where: Where = field(default=(), converter=_where)
    scrape: Scrape = field(factory=Scrape)
    evaluation_interval: Duration = field(default=Duration(30_000), converter=_evaluation)
    queues: tuple[Queue, ...] = field(default=(), converter=_queues)
    task_types: tuple[TaskType, ...] = field(default=(), converter=_task_types)
    alerts: Alerts = field(converter=_alerts)
    thresholds: Thresholds = field(default=(), converter=thresholds_of)
    slos: tuple[SLO, ...] = field(default=(), converter=_slos)
    receivers: tuple[tuple[Severity, tuple[Receiver, ...]], ...] = field(
        default=tuple(DEFAULT_RECEIVERS.items()), converter=_by_severity
    )
    routes: tuple[Route, ...] = field(default=(), converter=_routes)
    links: Links = field(factory=Links)
    labels: tuple[tuple[str, str], ...] = field(default=(), converter=_labels)
    metrics: tuple[Metric, ...] = field(default=(), converter=_metrics)
    instrumentation: bool = False
    groups: RuleGroups = field(factory=RuleGroups)
    task_type_limit: int = field(default=50)
    queue_limit: int = field(default=10)

    @service.validator
    def _check_service(self, _: object, value: object) -> None:
        if not isinstance(value, str) or not value.strip() or "\x00" in value:
            raise DeclarationError(f"service {value!r} is blank", 'name the service: service="orders"')

    @task_type_limit.validator
    @queue_limit.validator
    def _check_limit(self, attribute: Attribute[int], value: object) -> None:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LIMIT_MAX:
            raise DeclarationError(
                f"{attribute.name}={value!r} is not a number from 0 to {_LIMIT_MAX}",
                "every task type costs about 50 series per queue in each worker",
            )

    @identity.validator
    def _check_identity(self, _: object, value: tuple[str, ...]) -> None:
        for label in value:
            if not LABEL_NAME.fullmatch(label) or label.startswith("__"):
                raise DeclarationError(f"identity label {label!r} is not a label name", "letters, digits and _")
            if label in _RESERVED:
                raise DeclarationError(
                    f"identity label {label!r} is already part of every series or alert",
                    'name what tells deployments apart: identity=("cluster", "namespace")',
                )
        if len(set(value)) != len(value):
            raise DeclarationError("identity names a label twice", "name each once")

    @where.validator
    def _check_where(self, _: object, value: Where) -> None:
        for label, values in value:
            if not values or not all(isinstance(v, str) and v for v in values):
                raise DeclarationError(
                    f"where={{{label!r}: {values!r}}} selects nothing",
                    'give a value or several: where={"namespace": "orders"}',
                )

    @labels.validator
    def _check_labels(self, _: object, value: tuple[tuple[str, str], ...]) -> None:
        for name, text in value:
            if not LABEL_NAME.fullmatch(name) or name.startswith("__"):
                raise DeclarationError(f"label {name!r} is not a label name", "letters, digits and _")
            if name in _RESERVED | {"service", "team"}:
                raise DeclarationError(f"label {name!r} is set by the project itself", "choose another name")
            if not isinstance(text, str):
                raise DeclarationError(f"label {name}={text!r} is not a text")

    def __attrs_post_init__(self) -> None:
        for kind, names in (
            ("queues", [q.name for q in self.queues]),
            ("task types", [t.name for t in self.task_types]),
            ("SLOs", [s.name for s in self.slos]),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise DeclarationError(f"two {kind} are named {name!r}", "declare it once")
        declared = {q.name for q in self.queues}
        for task in self.task_types:
            for name in task.queues if declared else ():
                if name not in declared:
                    raise DeclarationError(
                        f"task type {task.name!r} runs in queue {name!r}, which is not declared",
                        did_you_mean(name, declared) or "declare it: queues=Queue(...)",
                    )
        for slo in self.slos:
            self._check_slo(slo, declared)
        known = set(self.alerts.names())
        owners: tuple[Queue | TaskType, ...] = (*self.queues, *self.task_types)
        overrides = [self.thresholds, *(given for o in owners for given in (o.thresholds, o.holds, o.floors))]
        for name, _ in (pair for given in overrides for pair in given):
            if name not in known:
                self.alerts[name]  # says what is wrong with it

    def _check_slo(self, slo: SLO, queues: set[str]) -> None:
        for name in (*slo.queues, *(q for q, _ in slo.per_queue)):
            if queues and name not in queues:
                raise DeclarationError(
                    f"SLO {slo.name!r} names queue {name!r}, which is not declared",
                    did_you_mean(name, queues) or "declare it: queues=Queue(...)",
                )
        types = {t.name for t in self.task_types}
        for name in slo.task_types:
            if types and name not in types:
                raise DeclarationError(
                    f"SLO {slo.name!r} names task type {name!r}, which is not declared",
                    did_you_mean(name, types) or "declare it: task_types=TaskType(...)",
                )
        if self.where:
            return  # a service of a fleet, which may say the rest
        slo.check_source(self.instrumentation)
        if slo.objective is None:
            raise DeclarationError(
                f"SLO {slo.name!r} has no objective",
                'give one: objective="99.9%"; only a service of a fleet can leave out what is declared for all',
            )

    def receivers_for(self, severity: Severity) -> tuple[Receiver, ...]:
        """Who is told of alerts of this severity."""
        return dict(self.receivers).get(severity, ())

    def all_receivers(self) -> tuple[Receiver, ...]:
        """Every receiver once, in order of their first mention."""
        named = [r for _, to in self.receivers for r in to] + [r for route in self.routes for r in route.to]
        return tuple({r.name: r for r in named}.values())

    def alert(self, name: str) -> Alert:
        """An alert by name."""
        return self.alerts[name]
