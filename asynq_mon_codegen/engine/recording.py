"""What rules would have recorded, made of copied history by Prometheus, level by level."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from asynq_mon_codegen.engine.ahead import ahead
from asynq_mon_codegen.engine.blocks import Writer, lines_of, periods, series_text
from asynq_mon_codegen.engine.history import Progress, digest
from asynq_mon_codegen.engine.ledger import Ledger
from asynq_mon_codegen.engine.order import Level, levels
from asynq_mon_codegen.engine.rules import Rule, RuleSet
from asynq_mon_codegen.engine.server import serving
from asynq_mon_codegen.prometheus_api import Prometheus

__all__ = ["Evaluation", "linked", "lookback", "record"]

_MILLISECOND = 0.001
_POINTS_A_PAGE = 3_000
"""Of each series, so that what thousands of queues record is not all in memory at once."""


def linked(history: Path, data: Path) -> None:
    """The blocks of ``history`` in ``data`` as well, without a copy of their bytes."""
    data.mkdir(parents=True, exist_ok=True)
    for block in sorted(p for p in history.iterdir() if (p / "meta.json").is_file()):
        target = data / block.name
        if target.exists():
            continue
        staged = data / f"{block.name}.tmp-for-creation"
        for path in sorted(block.rglob("*")):
            place = staged / path.relative_to(block)
            if path.is_dir():
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.unlink(missing_ok=True)
                os.link(path, place)
        staged.rename(target)


def lookback(rule: Rule, rules: RuleSet, step: float) -> float:
    """For how long the last sample of a series counts when this rule is evaluated, in seconds.

    Copied series have a sample at each step or are gone. Only what a slower group records has to last until it is
    recorded again, as it does in a Prometheus with staleness markers.
    """
    every = {r.name: r.interval for r in rules.records}
    slow = [every[n] for n in rule.instant_names() if n in every and rule.interval % every[n] > _MILLISECOND]
    return max(step, *slow, _MILLISECOND * 2) - _MILLISECOND


class Evaluation:
    """Rules, the folder with their history, and how fine it is."""

    def __init__(self, rules: RuleSet, data: Path, *, step: float, hours: int) -> None:
        self.rules, self.data, self.step, self.hours = rules, data, step, hours

    def pages(self, local: Prometheus, rule: Rule, begin: float, until: float) -> Iterator[list[dict[str, Any]]]:
        """What the rule's expression gives at each of its evaluations from ``begin`` to before ``until``."""
        every = rule.interval
        first, last = math.ceil(begin / every) * every, math.ceil(until / every) * every - every
        if first <= last:
            yield from local.pages(rule.expr, start=first, end=last, step=every, most=_POINTS_A_PAGE)

    def batches(self, rules: Iterable[Rule]) -> Iterator[tuple[tuple[Rule, ...], AbstractContextManager[Prometheus]]]:
        """The same rules, with a server that looks back as far as they need: it is a matter of the whole server."""
        found: dict[float, list[Rule]] = {}
        for rule in rules:
            found.setdefault(lookback(rule, self.rules, self.step), []).append(rule)
        for back, some in found.items():
            yield tuple(some), serving(self.data, step=self.step, lookback=back)


def record(evaluation: Evaluation, since: Mapping[str, float], end: float, progress: Progress) -> None:
    """Blocks with what the rules record from ``since`` to before ``end``.

    Raises:
        EngineError: Prometheus does not start, or refuses the blocks.
    """
    ledger = Ledger(evaluation.data.parent / "recorded.json")
    todo = list(_todo(levels(evaluation.rules), since, end, evaluation.hours))
    for i, (number, rules, parts) in enumerate(todo):
        progress("recording", i, len(todo))
        for part, some, of in _left(evaluation, ledger, number, rules, parts):
            with of as local, Writer(evaluation.data, evaluation.hours) as writer:
                for begin, until in part:
                    text = functools.partial(_text, evaluation, local, since, (begin, until))
                    # new blocks are seen by the next server
                    writer.write(ahead(text, some), functools.partial(ledger.add, _name(number, some, begin, until)))
    progress("recording", len(todo), len(todo))


def _left(
    evaluation: Evaluation, ledger: Ledger, number: str, rules: tuple[Rule, ...], parts: list[tuple[float, float]]
) -> Iterator[tuple[list[tuple[float, float]], tuple[Rule, ...], AbstractContextManager[Prometheus]]]:
    """What has not been made yet, with the rules that one server makes and that server."""
    for some, server in evaluation.batches(rules):
        left = [(a, b) for a, b in parts if _name(number, some, a, b) not in ledger]
        if left:
            yield left, some, server


def _name(number: str, rules: tuple[Rule, ...], begin: float, until: float) -> str:
    return f"{number}:{begin:.3f}-{until:.3f}:{digest(*(r.name for r in rules))}"


def _todo(
    of: tuple[Level, ...], since: Mapping[str, float], end: float, hours: int
) -> Iterator[tuple[str, tuple[Rule, ...], list[tuple[float, float]]]]:
    """Rules that can be made of what is there, and the times to make them for, each within a block."""
    for number, level in enumerate(of):
        first = min(since[rule.name] for rule in level.rules)
        for begin, until in _pieces(first, end, level.piece):
            for step, rules in enumerate(level.steps):
                yield f"{number}.{step}", rules, periods(begin, until, hours)


def _pieces(start: float, end: float, length: float | None) -> Iterator[tuple[float, float]]:
    """The time in pieces that end at multiples of their length, whenever a run begins."""
    if length is None:
        yield start, end
        return
    begin = start
    while begin < end:
        until = min(end, (begin // length + 1) * length)
        yield begin, until
        begin = until


def _text(
    evaluation: Evaluation, local: Prometheus, since: Mapping[str, float], part: tuple[float, float], rule: Rule
) -> str:
    return "".join(_chunks(evaluation, local, rule, max(part[0], since[rule.name]), part[1]))


def _chunks(evaluation: Evaluation, local: Prometheus, rule: Rule, begin: float, until: float) -> Iterator[str]:
    for page in evaluation.pages(local, rule, begin, until):
        # of `a < b or b` one series comes under two names, which a recorded series loses
        found: dict[str, list[Any]] = {}
        for one in page:
            labels = {**one["metric"], **dict(rule.labels)}
            found.setdefault(series_text(rule.name, labels), []).extend(one.get("values", ()))
        for series, values in found.items():
            yield lines_of(series, sorted(values, key=lambda value: float(value[0])))
