"""Every metric that a rule reads has series, with its labels and their values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from asynq_mon_codegen.doctor.finding import Finding, Level, counted, listed, unseen
from asynq_mon_codegen.doctor.reads import text_of
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.promql import Counter, Metric, Source
from asynq_mon_codegen.promql.parsed import Selector

__all__ = ["labels", "presence", "source_words", "types"]

_DAY = "1d"
_FIX = {
    Source.COLLECTOR: "run an exporter with asynq's x/metrics collector, let Prometheus scrape it, and look at its log:"
    " Redis address, database and password",
    Source.EXPORTER: "name its scrape job so that it fits Scrape(exporter=...), or declare the job's name there",
    Source.WORKER: "let Prometheus scrape the workers' /metrics, in a job that fits Scrape(worker=...)",
    Source.INSTRUMENTATION: "`asynq-mon instrument` makes the package for the workers: docs/instrumentation.md",
    Source.HOST: "node_exporter on the workers' hosts",
    Source.REDIS: "redis_exporter beside asynq's Redis",
    Source.KUBERNETES: "kube-state-metrics and the kubelet's cAdvisor, for pods that fit Scrape(kubernetes=...)",
    Source.PROMETHEUS: "let Prometheus scrape itself",
    Source.ALERTMANAGER: "let Prometheus scrape Alertmanager",
    Source.OTHER: "let Prometheus scrape what exports it",
}
_EXPECTED = {
    Source.COLLECTOR: Level.ERROR,
    Source.EXPORTER: Level.ERROR,
    Source.WORKER: Level.WARNING,
    Source.OTHER: Level.WARNING,
}
"""How bad it is that a source is not there at all; those that are not named are optional."""


def presence(running: Running) -> Iterator[Finding]:
    """Whether each selector of a rule finds series now, and if not, when it last did."""
    present = running.present
    blind = running.reads.blind(present)
    by_source: dict[Source, list[Selector]] = {}
    for selector in running.reads.selectors:
        for metric in running.reads.metrics(selector)[:1]:
            by_source.setdefault(metric.source, []).append(selector)
    for source, selectors in by_source.items():
        missing = [s for s in selectors if not present[s] and s in blind]
        if not missing:
            continue
        if not any(present[s] for s in selectors):
            yield _nothing_of(running, source, missing, _alerts(blind[s] for s in missing))
            continue
        recent = _recent(running, missing)
        for selector in missing:
            yield _one(running, source, selector, blind[selector], recent=selector in recent)


def _nothing_of(running: Running, source: Source, missing: list[Selector], alerts: tuple[str, ...]) -> Finding:
    level = _EXPECTED.get(source, Level.NOTE)
    if source is Source.INSTRUMENTATION and running.plan.monitoring.instrumentation:
        level = Level.ERROR
    if level is Level.NOTE:
        what = f"nothing is scraped of {source_words(source)}: {counted(len(alerts), 'alert')} cannot fire"
    else:
        named = listed(dict.fromkeys(s.name for s in missing)) if source is Source.OTHER else source_words(source)
        seen = ", but there was in the last day" if _recent(running, missing) else ", nor was there in the last day"
        what = f"there is no series of {named}{seen}"
    where = listed([text_of(s) for s in missing], 3) if level is not Level.NOTE else ""
    return Finding(level=level, what=what, where=where, alerts=alerts, fix=_FIX[source])


def source_words(source: Source) -> str:
    """What exports the metrics of a source, in words."""
    names = {
        Source.COLLECTOR: "asynq's exporter",
        Source.EXPORTER: "the exporter's target",
        Source.WORKER: "the workers' processes",
        Source.INSTRUMENTATION: "the workers' instrumentation",
        Source.HOST: "the hosts",
        Source.PROMETHEUS: "Prometheus itself",
        Source.ALERTMANAGER: "Alertmanager",
    }
    return names.get(source, source.value.capitalize())


def _one(running: Running, source: Source, selector: Selector, alerts: tuple[str, ...], *, recent: bool) -> Finding:
    seen = "there was in the last day" if recent else "nor was there in the last day"
    ours = source in (Source.COLLECTOR, Source.INSTRUMENTATION)
    if recent:
        fix = f"find out what changed at its target since: count({text_of(selector)}) over the last day"
    elif ours:
        fix = "another version than the contract's, or metrics dropped by metric_relabel_configs? docs/metrics.md"
    else:
        fix = "is it left out by a flag or an old version of its exporter?"
    return Finding(
        level=Level.ERROR if source is Source.COLLECTOR or recent else Level.WARNING if ours else Level.NOTE,
        what=f"there is no series of {selector.name}, {seen}",
        where=text_of(selector),
        alerts=alerts,
        fix=fix,
    )


def _recent(running: Running, missing: list[Selector]) -> frozenset[Selector]:
    found = running.counts({text_of(s): f"present_over_time({text_of(s)}[{_DAY}])" for s in missing})
    return frozenset(s for s in missing if found[text_of(s)])


def _alerts(found: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in found for name in names))


def _own(running: Running) -> dict[str, tuple[Metric, Selector]]:
    """asynq's metrics that rules read and that are there, by series name."""
    out = {}
    for selector in running.reads.selectors:
        for metric in running.reads.metrics(selector)[:1]:
            if metric.source in (Source.COLLECTOR, Source.INSTRUMENTATION) and running.present[selector]:
                matchers = metric.source_matchers(running.plan.scope)
                out[selector.name] = metric, Selector(name=selector.name, matchers=matchers)
    return out


def labels(running: Running) -> Iterator[Finding]:
    """asynq's series have the labels of the contract and of the identity; a label with known values has only those."""
    own = _own(running)
    identity = running.plan.scope.identity
    wanted = {
        (name, label): f"{name}{{{', '.join([*map(str, s.matchers), label + '=' + chr(34) * 2])}}}"
        for name, (metric, s) in own.items()
        for label in (*(one.name for one in metric.label_set), *identity)
    }
    found = running.counts({str(key): expr for key, expr in wanted.items()})
    lacking: dict[str, dict[str, float]] = {}
    for name, label in wanted:
        if count := found[str((name, label))]:
            lacking.setdefault(label, {})[name] = count
    for label, names in lacking.items():
        part = "identity " if label in identity else ""
        series = sum(names.values())
        yield Finding(
            level=Level.ERROR,
            what=f"{series:g} series lack the {part}label {label!r}: {listed(names)}",
            where=wanted[next(iter(names)), label],
            alerts=tuple(dict.fromkeys(a for name in names for a in running.reads.readers(name))),
            fix=f"set {label!r} on the target: static_configs labels or relabel_configs"
            if label in identity
            else f"a relabelling drops or renames {label!r}: look at metric_relabel_configs and honor_labels",
        )
    for name, (metric, selector) in own.items():
        for one in metric.label_set:
            if one.values and one.name not in lacking:
                yield from _values(running, name, selector, one.name, one.values)


def _values(running: Running, name: str, selector: Selector, label: str, known: tuple[str, ...]) -> Iterator[Finding]:
    found = {s.label(label) for s in running.prometheus.query(f"group by ({label}) ({text_of(selector)})")}
    if missing := [value for value in known if value not in found]:
        yield Finding(
            level=Level.WARNING,
            what=f"{name} has no series with {label} {listed(map(repr, missing))}",
            where=text_of(selector),
            alerts=tuple(
                dict.fromkeys(
                    look.alert
                    for look in running.reads.looks
                    if look.selector.name == name
                    and any(m.label == label and any(map(m.accepts, missing)) for m in look.selector.matchers)
                )
            ),
            fix="every value is exported from the start: are some dropped by metric_relabel_configs?",
        )
    if more := sorted(found - set(known)):
        yield Finding(
            level=Level.WARNING,
            what=f"{name} has {label} {listed(map(repr, more))}, which the contract does not know",
            where=text_of(selector),
            fix="another version of asynq or of the instrumentation than this one knows: update asynq-mon-codegen",
        )


def types(running: Running) -> Iterator[Finding]:
    """asynq's metrics have the types of the contract."""
    metadata = running.prometheus.metadata()
    if not metadata:
        yield unseen("types of metrics", "the server has no /api/v1/metadata, or nothing in it")
        return
    for metric in dict.fromkeys(metric for metric, _ in _own(running).values()):
        kinds = {one.get("type", "") for one in metadata.get(metric.name, ())} - {"unknown", "untyped", ""}
        kind = str(metric.kind)
        if kinds and kinds != {kind}:
            readers = running.reads.readers(metric.name)
            yield Finding(
                level=Level.ERROR if isinstance(metric, Counter) else Level.WARNING,
                what=f"{metric.name} is exported as {listed(sorted(kinds))}, not as {kind}",
                where=metric.name,
                alerts=readers,
                fix="another program exports a metric of this name: docs/metrics.md says what it must mean",
            )
