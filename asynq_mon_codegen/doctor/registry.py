"""Every examination by its name, and all of them at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from attrs import evolve, frozen

from asynq_mon_codegen.doctor import (
    alertmanager_config,
    alertmanager_state,
    cardinality,
    exporters,
    grafana_boards,
    metrics,
    queues,
    rules,
    scraping,
    server,
)
from asynq_mon_codegen.doctor.finding import Finding, Level
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.errors import UsageError

__all__ = ["EXAMINATIONS", "Diagnosis", "examine"]

Examination = Callable[[Running], Iterable[Finding]]

PROMETHEUS: Mapping[str, Examination] = {
    "version": server.version,
    "clock": server.clock,
    "retention": server.retention,
    "rules": rules.loaded,
    "rule health": rules.health,
    "targets": scraping.up,
    "metrics": metrics.presence,
    "labels": metrics.labels,
    "types": metrics.types,
    "queues": queues.queues,
    "task types": queues.task_types,
    "exporters": exporters.duplicates,
    "counters": exporters.resets,
    "scrape intervals": scraping.intervals,
    "scrape durations": scraping.durations,
    "cardinality": cardinality.cardinality,
    "alertmanagers": alertmanager_state.sent_anywhere,
}
ALERTMANAGER: Mapping[str, Examination] = {
    "cluster": alertmanager_state.cluster,
    "delivery": alertmanager_state.delivery,
    "alertmanager config": alertmanager_config.config,
    "silences": alertmanager_state.silences,
}
GRAFANA: Mapping[str, Examination] = {
    "grafana": grafana_boards.database,
    "dashboards": grafana_boards.boards,
    "data sources": grafana_boards.sources,
}
EXAMINATIONS: Mapping[str, Examination] = {**PROMETHEUS, **ALERTMANAGER, **GRAFANA}
"""What looks at a running system; each returns all of its findings."""


@frozen(kw_only=True)
class Diagnosis:
    """The findings by the name of their examination, the worst first; ``failed`` are examinations without an end."""

    findings: tuple[tuple[str, Finding], ...]
    examinations: tuple[str, ...]
    failed: tuple[str, ...]

    def count(self, level: Level) -> int:
        """How many findings of a level there are."""
        return sum(finding.level is level for _, finding in self.findings)

    def worst(self) -> Level | None:
        """The level of the worst finding."""
        return min((finding.level for _, finding in self.findings), default=None)

    def with_more(self, name: str, findings: Iterable[Finding]) -> Diagnosis:
        """The same with the findings of one examination more."""
        more = (*self.findings, *((name, finding) for finding in findings))
        return evolve(self, findings=_sorted(more), examinations=(*self.examinations, name))


def examine(running: Running) -> Diagnosis:
    """Every examination for which there is a server; one that fails is a finding and does not stop the others."""
    chosen = dict(PROMETHEUS)
    chosen |= ALERTMANAGER if running.alertmanager is not None else {}
    chosen |= GRAFANA if running.grafana is not None else {}
    findings: list[tuple[str, Finding]] = []
    failed = []
    for name, examination in chosen.items():
        try:
            findings += [(name, finding) for finding in examination(running)]
        except UsageError as error:
            failed.append(name)
            told = Finding(level=Level.UNSEEN, what=error.message, fix=error.hint)
            if all(told != finding for _, finding in findings):  # a server that is away is told of once
                findings.append((name, told))
    for warning in running.prometheus.warnings:
        fix = "bring the missing store back; until then findings may be wrong"
        findings.append(("answers", Finding(level=Level.WARNING, what=f"an answer is partial: {warning}", fix=fix)))
    return Diagnosis(findings=_sorted(findings), examinations=tuple(chosen), failed=tuple(failed))


def _sorted(findings: Iterable[tuple[str, Finding]]) -> tuple[tuple[str, Finding], ...]:
    return tuple(sorted(findings, key=lambda pair: pair[1].level))
