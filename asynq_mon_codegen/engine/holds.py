"""From conditions to firing alerts, by Prometheus' own rule engine: promtool plays the rule over them.

``for``, ``keep_firing_for`` and the templates of labels are the engine's business. promtool tells nothing but
the difference to what a test expects; so the test expects nothing, and asks at each evaluation what began or
ceased to fire. Stretches in which nothing can change are left out of the time that is played.
"""

from __future__ import annotations

import itertools
import math
import re
import tempfile
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml
from attrs import frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.engine.conditions import Condition, Labels
from asynq_mon_codegen.engine.programs import EngineError, promtool
from asynq_mon_codegen.engine.rules import Rule
from asynq_mon_codegen.promql.labels import quote
from asynq_mon_codegen.promql.parsed import Selector, parse

__all__ = ["Firing", "firings"]

_CONDITION = "asynq_mon_condition"
_SERIES = "asynq_mon_series"
_FIRING = 'ALERTS{alertstate="firing"}'
_BEGAN, _CEASED = 1, 2
_ANSWER = re.compile(r'expr: "(.*)", time: (\S+),\s+exp:\s*\S+\s+got:\s*(.*)')
_CHANGE = re.compile(rf'\{{{_SERIES}="(\d+)"\}} ([12])E\+00')
_SAMPLE = re.compile(r'\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\}')


@frozen(kw_only=True)
class Firing:
    """An alert from when it fired to when it was resolved, in Unix seconds; ``end`` is None while it still fires.

    ``labels`` are those of the alert, its name and severity among them; ``low`` and ``high`` the values that its
    expression had from when it began to hold.
    """

    labels: Labels
    start: float
    end: float | None
    low: float = 0.0
    high: float = 0.0

    def label(self, name: str) -> str:
        """The value of a label, empty where it has none."""
        return dict(self.labels).get(name, "")

    def until(self, end: float) -> float:
        """When it ended, at the latest ``end``."""
        return end if self.end is None else self.end


def firings(rule: Rule, conditions: Sequence[Condition], until: float) -> tuple[Firing, ...]:
    """What the rule would have fired; ``until`` is the end of the time that was looked at.

    Raises:
        EngineError: promtool could not play it.
    """
    if not conditions:
        return ()
    timeline = _Timeline(rule, conditions, round(math.ceil(until / rule.interval) - 1))
    changes, labels = _play(rule, conditions, timeline)
    began: dict[int, float] = {}
    out: list[Firing] = []
    for at, series, what in sorted(changes):
        if what == _BEGAN:
            began[series] = at
        elif series in began:
            out.append(_firing(rule, conditions[series], labels[series], began.pop(series), at))
    out += [_firing(rule, conditions[series], labels[series], at, None) for series, at in began.items()]
    return tuple(sorted(out, key=lambda f: (f.start, f.labels)))


def _firing(rule: Rule, condition: Condition, labels: Labels, start: float, end: float | None) -> Firing:
    first = (start - rule.hold) / rule.interval
    last = math.inf if end is None else end / rule.interval
    during = [run for run in condition.runs if run.first <= last and run.last >= first]
    low, high = min((r.low for r in during), default=0.0), max((r.high for r in during), default=0.0)
    return Firing(labels=labels, start=start, end=end, low=low, high=high)


class _Timeline:
    """The evaluations that are played, in a row; ``ticks`` has the real number of each."""

    def __init__(self, rule: Rule, conditions: Sequence[Condition], last: int) -> None:
        steady = math.ceil((rule.hold + rule.keep) / rule.interval) + 3
        edges = {edge for c in conditions for run in c.runs for edge in (run.first, run.last + 1)}
        cuts = [*sorted(e for e in edges if e <= last), last + 1]
        # one evaluation before anything happens
        self.ticks = [
            cuts[0] - 1,
            *(t for a, b in itertools.pairwise(cuts) for t in range(a, min(b, a + steady))),
        ]

    def positions(self, first: int, last: int) -> tuple[int, int]:
        """Where these evaluations are played: from the first to before the last."""
        return bisect_right(self.ticks, first - 1), bisect_right(self.ticks, last)


def _play(
    rule: Rule, conditions: Sequence[Condition], timeline: _Timeline
) -> tuple[list[tuple[float, int, int]], list[Labels]]:
    every = f"{round(rule.interval * 1000)}ms"
    alert: dict[str, object] = {"alert": rule.name, "expr": _CONDITION, "labels": dict(rule.labels)}
    alert |= {k: f"{round(v * 1000)}ms" for k, v in (("for", rule.hold), ("keep_firing_for", rule.keep)) if v}
    times = [f"{round(i * rule.interval * 1000)}ms" for i in range(len(timeline.ticks))]
    began = f"count by ({_SERIES}) ({_FIRING} unless {_FIRING} offset {every})"
    ceased = f"count by ({_SERIES}) ({_FIRING} offset {every} unless {_FIRING}) * {_CEASED}"
    whole = f"{round((len(times) + 1) * rule.interval * 1000)}ms"
    questions = [{"expr": f"{began} or {ceased}", "eval_time": t} for t in times]
    questions.append({"expr": f"last_over_time({_FIRING}[{whole}])", "eval_time": times[-1]})
    test = {
        "rule_files": ["rule.yaml"],
        "evaluation_interval": every,
        "tests": [
            {
                "interval": every,
                "input_series": [
                    {"series": _series(c.labels, i), "values": " ".join(_values(c, timeline))}
                    for i, c in enumerate(conditions)
                ],
                "promql_expr_test": questions,
            }
        ],
    }
    with tempfile.TemporaryDirectory(prefix="asynq-mon-") as name:
        folder = Path(name)
        rules = {"groups": [{"name": rule.group, "rules": [alert]}]}
        (folder / "rule.yaml").write_text(yaml.dump(rules, Dumper=yaml.CSafeDumper), encoding="utf-8")
        (folder / "test.yaml").write_text(yaml.dump(test, Dumper=yaml.CSafeDumper), encoding="utf-8")
        done = promtool("test", "rules", folder / "test.yaml", expect=(0, 1))
    said = done.stdout + done.stderr
    changes, labels = _read(said, rule, timeline, [c.labels for c in conditions])
    if done.returncode and not changes:
        raise EngineError(f"promtool could not play {rule.name}: {' '.join(said.split())[:1000]}")
    return changes, labels


def _read(
    said: str, rule: Rule, timeline: _Timeline, conditions: list[Labels]
) -> tuple[list[tuple[float, int, int]], list[Labels]]:
    changes: list[tuple[float, int, int]] = []
    labels = list(conditions)
    for expr, time, got in _ANSWER.findall(said):
        if expr.startswith("last_over_time"):
            for series, of_alert in _alert_labels(got, rule):
                labels[series] = of_alert
            continue
        tick = timeline.ticks[round(duration(time, "time").seconds / rule.interval)]
        changes += [(tick * rule.interval, int(series), int(what)) for series, what in _CHANGE.findall(got)]
    return changes, labels


def _alert_labels(got: str, rule: Rule) -> Iterator[tuple[int, Labels]]:
    templates = {(name, value) for name, value in rule.labels if "{{" in value}
    for text in _SAMPLE.findall(got):
        node = parse(text)
        if isinstance(node, Selector):
            found = {m.label: m.value for m in node.matchers if m.label not in ("alertstate", "__name__")}
            number = int(found.pop(_SERIES))
            # where a template gives nothing the alert has no such label, but the series ALERTS has its text
            yield number, tuple(sorted(one for one in found.items() if one not in templates))


def _series(labels: Labels, number: int) -> str:
    pairs = (*labels, (_SERIES, str(number)))
    return f"{_CONDITION}{{{', '.join(f'{name}={quote(value)}' for name, value in pairs)}}}"


def _values(condition: Condition, timeline: _Timeline) -> Iterable[str]:
    """The series in promtool's notation, which ends with a marker where it is gone."""
    at = 0
    for run in condition.runs:
        first, last = timeline.positions(run.first, run.last)
        if at < first:
            yield from _nothing(at, first)
        value = run.value if math.isfinite(run.value) else 1.0
        yield f"{value:g}x{last - first - 1}"
        at = last
    if at < len(timeline.ticks):
        yield from _nothing(at, len(timeline.ticks))


def _nothing(first: int, last: int) -> Iterable[str]:
    if first:
        yield "stale"
        first += 1
    if first < last:
        yield f"_x{last - first}"
