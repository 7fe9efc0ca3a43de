"""The running system as examinations see it: asked once for what several of them need."""

from __future__ import annotations

import functools
import time
from collections.abc import Iterable, Mapping

from attrs import define, field

from asynq_mon_codegen.alertmanager_api import Alertmanager
from asynq_mon_codegen.alertmanager_api import Status as AlertmanagerStatus
from asynq_mon_codegen.doctor.reads import Reads, text_of
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.grafana_api import Grafana
from asynq_mon_codegen.model import Monitoring
from asynq_mon_codegen.model.fleet import services_of
from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.prometheus_api import BuildInfo, Labels, Prometheus, RuleGroup, Target
from asynq_mon_codegen.promql import Matcher, Source
from asynq_mon_codegen.promql.labels import any_of
from asynq_mon_codegen.promql.parsed import Selector

__all__ = ["PREFIX", "Running"]

PREFIX = "asynq-"
"""Names of the rule groups that are ours begin so."""

_AT_ONCE = 20
_INDEX = "asynq_mon_index"


@define(slots=False, eq=False)
class Running:
    """A plan and the servers that should do what it says; the last two may not have been given."""

    plan: Plan
    prometheus: Prometheus
    alertmanager: Alertmanager | None = None
    grafana: Grafana | None = None
    _counted: dict[str, float] = field(factory=dict)

    @functools.cached_property
    def reads(self) -> Reads:
        """What the rules read."""
        return Reads(self.plan)

    @functools.cached_property
    def clock(self) -> tuple[float, float]:
        """Prometheus' time and ours, in unix seconds, at the same moment but for the way there."""
        before = time.time()
        now = self.prometheus.now()
        return now, (before + time.time()) / 2

    @functools.cached_property
    def rules(self) -> tuple[RuleGroup, ...] | None:
        """Every loaded rule group."""
        return self.prometheus.rules()

    @functools.cached_property
    def targets(self) -> tuple[Target, ...] | None:
        """Every active target; None where the server scrapes nothing itself."""
        return self.prometheus.targets() or None

    @functools.cached_property
    def build(self) -> BuildInfo | None:
        """Which Prometheus it is."""
        return self.prometheus.build_info()

    @functools.cached_property
    def alertmanager_status(self) -> AlertmanagerStatus:
        """What Alertmanager says of itself."""
        if self.alertmanager is None:
            raise UsageError("no Alertmanager was given", "--alertmanager URL")
        return self.alertmanager.status()

    @property
    def imitates(self) -> bool:
        """Whether it is another program than Prometheus, with versions of its own (Thanos' begin with 0)."""
        build = self.build
        return build is None or bool(build.application) or not build.revision or build.version.startswith("0.")

    @property
    def services(self) -> tuple[Monitoring, ...]:
        """The services of a fleet, else the one declaration."""
        return services_of(self.plan.monitoring) or (self.plan.monitoring,)

    @functools.cached_property
    def present(self) -> dict[Selector, bool]:
        """Whether each selector that a rule reads has series now."""
        found = self.counts({text_of(s): text_of(s) for s in self.reads.selectors})
        return {selector: found[text_of(selector)] > 0 for selector in self.reads.selectors}

    def counts(self, expressions: Mapping[str, str]) -> dict[str, float]:
        """How many series each expression has now, by its key; many are asked for at once."""
        wanted = list(dict.fromkeys(expr for expr in expressions.values() if expr not in self._counted))
        for start in range(0, len(wanted), _AT_ONCE):
            part = wanted[start : start + _AT_ONCE]
            query = " or ".join(
                f'label_replace(count({expr}), "{_INDEX}", "{i}", "", "")' for i, expr in enumerate(part)
            )
            found = {sample.label(_INDEX): sample.value for sample in self.prometheus.query(query)}
            self._counted |= {expr: found.get(str(i), 0.0) for i, expr in enumerate(part)}
        return {key: self._counted[expr] for key, expr in expressions.items()}

    def values(self, expr: str) -> dict[Labels, float]:
        """An instant vector by its labels."""
        return {sample.labels: sample.value for sample in self.prometheus.query(expr)}

    def queue_metric(self, name: str, service: Monitoring | None = None) -> str:
        """A metric of asynq's exporter as the declaration selects it, of one service where it is given."""
        matchers: tuple[Matcher, ...] = dict(self.plan.scope.selectors).get(Source.COLLECTOR.value, ())
        where = () if service is None else tuple(any_of(label, values) for label, values in service.where)
        return text_of(Selector(name=name, matchers=(*matchers, *where)))

    def queue_labels(self) -> str:
        """The labels that are a queue's identity, for ``by (...)``."""
        return ", ".join((*self.plan.scope.identity, "queue"))

    @functools.cached_property
    def ours(self) -> frozenset[tuple[str, str]]:
        """Job and instance of every target that serves one of asynq's metrics."""
        found = self.prometheus.query('group by (job, instance) ({__name__=~"asynq_.+"})')
        return frozenset((sample.label("job"), sample.label("instance")) for sample in found)

    @property
    def our_targets(self) -> Iterable[Target]:
        """The targets that serve asynq's metrics."""
        return [t for t in self.targets or () if (t.job, t.instance) in self.ours]
