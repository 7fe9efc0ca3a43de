"""What rules would have done on the history of a server: copied, recorded, judged, held; to be gone on with later."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from attrs import asdict, frozen

from asynq_mon_codegen.engine.ahead import ahead
from asynq_mon_codegen.engine.conditions import Condition, Labels, conditions
from asynq_mon_codegen.engine.history import Extent, Progress, copy, digest, extents, queries
from asynq_mon_codegen.engine.holds import Firing, firings
from asynq_mon_codegen.engine.ledger import Ledger
from asynq_mon_codegen.engine.order import since
from asynq_mon_codegen.engine.recording import Evaluation, linked, record
from asynq_mon_codegen.engine.rules import ALERT_SERIES, Rule, RuleSet
from asynq_mon_codegen.files import replace_file
from asynq_mon_codegen.prometheus_api import Prometheus

__all__ = ["History", "Near", "Replay", "evaluation", "open_history", "replayed"]


@frozen(kw_only=True)
class History:
    """Copied history: where it lies, from when to when alerts are judged by it, in Unix seconds, and what is in it."""

    folder: Path
    start: float
    end: float
    step: float
    since: Mapping[str, float]
    extents: Mapping[str, Extent | None]
    samples: int

    @property
    def data(self) -> Path:
        """The blocks as they were copied."""
        return self.folder / "history" / "data"


@frozen(kw_only=True)
class Near:
    """A rule that never fired though its condition held: ``times`` in a row, the longest for ``longest`` seconds.

    ``labels`` are those of the series that held longest, ``at`` is when that began, in Unix seconds.
    """

    alert: str
    severity: str
    labels: Labels
    times: int
    longest: float
    at: float


@frozen(kw_only=True)
class Replay:
    """What rules would have fired.

    ``near`` are those that never did, though their conditions held; ``unseen`` has for an alert the names of which
    there was no history at all.
    """

    rules: RuleSet
    start: float
    end: float
    firings: tuple[Firing, ...]
    near: tuple[Near, ...]
    unseen: Mapping[str, tuple[str, ...]]


def open_history(
    server: Prometheus, several: Iterable[RuleSet], start: float, end: float, folder: Path, progress: Progress
) -> History:
    """Copy what these rules read into ``folder``; what is there already is not copied again.

    Raises:
        UsageError: the server does not answer, or Prometheus is not installed here.
    """
    sets = tuple(rules.needed() for rules in several)
    step = RuleSet(tuple(rule for rules in sets for rule in rules.rules)).step
    end, start = end // step * step, start // step * step
    wanted = queries(sets)
    known = [since(rules, start) for rules in sets]
    first = {name: min(of[name] for of in known if name in of) for name in wanted}
    data = folder / "history" / "data"
    samples = copy(server, wanted, first, end, step=step, data=data, progress=progress)
    found = extents(data, wanted, first, end, step)
    return History(folder=folder, start=start, end=end, step=step, since=first, extents=found, samples=samples)


def evaluation(history: History, rules: RuleSet) -> Evaluation:
    """The rules over the folder where :func:`replayed` puts what they record."""
    needed = rules.needed()
    records = [(r.name, r.expr, r.interval, r.labels) for r in needed.records]
    folder = history.folder / f"rules-{digest(history.step, records)}"
    hours = Ledger(history.data.parent / "copied.json").number("block hours", 2)
    return Evaluation(needed, folder / "data", step=history.step, hours=hours)


def replayed(history: History, rules: RuleSet, progress: Progress, alerts: Iterable[str] | None = None) -> Replay:
    """What the rules would have done; with ``alerts`` only these are judged, over all that the rules record.

    Raises:
        EngineError: Prometheus or promtool failed.
    """
    work = evaluation(history, rules)
    needed, folder = work.rules, work.data.parent
    linked(history.data, work.data)
    # before the first sample of anything there is nothing to record
    first = min((e.first for e in history.extents.values() if e is not None), default=history.end)
    begin = {name: max(at, first) for name, at in since(needed, history.start).items()}
    record(work, begin, history.end, progress)
    out: list[Firing] = []
    near: list[Near] = []
    left: list[Rule] = []
    wanted = rules if alerts is None else rules.only(alerts)
    for rule in wanted.alerts:
        known = _read(_place(folder, history, rule))
        if known is None:
            left.append(rule)
        else:
            out += known[0]
            near += known[1]
    done = 0
    for some, server in work.batches(left):
        with server as local:
            for found, missed in ahead(functools.partial(_judged, work, local, history), some):
                out += found
                near += missed
                done += 1
                progress("judging", done, len(left))
    progress("judging", 1, 1)
    return Replay(
        rules=wanted,
        start=history.start,
        end=history.end,
        firings=tuple(sorted(out, key=lambda f: (f.start, f.labels))),
        near=tuple(sorted(near, key=lambda n: (n.alert, n.severity))),
        unseen=_unseen(needed, history.extents),
    )


def _judged(
    work: Evaluation, local: Prometheus, history: History, rule: Rule
) -> tuple[tuple[Firing, ...], tuple[Near, ...]]:
    """What one rule would have done; it is kept."""
    held = conditions(work, local, rule, history.start, history.end)
    found = firings(rule, held, history.end)
    missed = () if found else _near(rule, held)
    _write(_place(work.data.parent, history, rule), found, missed)
    return found, missed


def _near(rule: Rule, held: Sequence[Condition]) -> tuple[Near, ...]:
    runs = [((run.last - run.first) * rule.interval, -run.first, c.labels) for c in held for run in c.runs]
    if not runs:
        return ()
    longest, first, labels = max(runs)
    severity = dict(rule.labels).get("severity", "")
    at = -first * rule.interval
    return (Near(alert=rule.name, severity=severity, labels=labels, times=len(runs), longest=longest, at=at),)


def _unseen(rules: RuleSet, found: Mapping[str, Extent | None]) -> Mapping[str, tuple[str, ...]]:
    """For each alert what it reads, at whatever remove, of which there is nothing."""
    recorded = {r.name: r for r in rules.records}

    def raw(rule: Rule, seen: frozenset[str] = frozenset()) -> set[str]:
        names = set(rule.reads()) - seen - ALERT_SERIES
        below = [raw(recorded[n], seen | names) for n in names if n in recorded]
        return {n for n in names if n not in recorded}.union(*below)

    out: dict[str, set[str]] = {}
    for rule in rules.alerts:
        out.setdefault(rule.name, set()).update(n for n in raw(rule) if n in found and found[n] is None)
    return {name: tuple(sorted(names)) for name, names in out.items() if names}


def _place(folder: Path, history: History, rule: Rule) -> Path:
    return folder / "fired" / f"{digest(rule, history.start, history.end)}.json"


def _read(path: Path) -> tuple[tuple[Firing, ...], tuple[Near, ...]] | None:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return (
            tuple(Firing(**{**one, "labels": _labels(one["labels"])}) for one in data["fired"]),
            tuple(Near(**{**one, "labels": _labels(one["labels"])}) for one in data["near"]),
        )
    except (FileNotFoundError, ValueError, TypeError):  # a list is what an older version wrote
        return None


def _labels(found: Iterable[tuple[str, str]]) -> Labels:
    return tuple((name, value) for name, value in found)


def _write(path: Path, fired: tuple[Firing, ...], near: tuple[Near, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    data = {"fired": [asdict(f) for f in fired], "near": [asdict(n) for n in near]}
    replace_file(path, json.dumps(data))
