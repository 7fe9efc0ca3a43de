"""What changes in which alerts are muted while others fire."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from attrs import evolve

from asynq_mon_codegen.diff.alertmanager import Alerting, Inhibition, Match, renamed
from asynq_mon_codegen.diff.changes import Area, Change, Effect

__all__ = ["compare_inhibitions"]

_Muted = tuple[str, tuple[str, ...]]
"""Which of an alert's rules are muted, in words, and the labels that must be the same."""


def compare_inhibitions(
    old: Alerting, new: Alerting, names: Mapping[str, str], gone: Iterable[str]
) -> Iterator[Change]:
    """Alerts that are muted by others: ``gone`` are alerts that only one side has, of which nothing is said here."""
    sides = [_pairs(old.inhibitions, names), _pairs(new.inhibitions, {})]
    skipped = frozenset(gone)
    for source, target in dict.fromkeys((*sides[0], *sides[1])):
        before, after = (side.get((source, target)) for side in sides)
        if before == after or target in skipped:
            continue
        base = Change(area=Area.ROUTES, subject=target, aspect="inhibition", scope=source)
        if before and after:
            lost, gained = (tuple(n for n in a[1] if n not in b[1]) for a, b in ((before, after), (after, before)))
            same = before[0] == after[0]
            yield evolve(
                base,
                before=_text(before),
                after=_text(after),
                lost=lost if same else (),
                gained=gained if same else (),
            )
        elif after:
            yield evolve(base, after=_text(after), effect=Effect.QUIETER)
        elif before:
            yield evolve(base, before=_text(before), effect=Effect.LOUDER)


def _text(muted: _Muted) -> str:
    only = f"if {muted[0]}, " if muted[0] else ""
    return f"{only}with the same {', '.join(muted[1])}" if muted[1] else f"{only}whatever the labels"


def _pairs(rules: Iterable[Inhibition], names: Mapping[str, str]) -> dict[tuple[str, str], _Muted]:
    """Each source with each alert that it mutes; of several rules for one pair the last."""
    out: dict[tuple[str, str], _Muted] = {}
    for rule in rules:
        source = _words(renamed(m, names) for m in rule.source)
        target = [renamed(m, names) for m in rule.target]
        alerts = next((m for m in target if m.label == "alertname" and m.op in ("=", "=~")), None)
        only = _conditions(m for m in target if m is not alerts)
        if alerts is None:
            out[source, f"any alert of {only or 'any kind'}"] = "", rule.equal
        else:
            out.update({(source, name): (only, rule.equal) for name in alerts.named})
    return out


def _words(found: Iterable[Match]) -> str:
    matchers = tuple(found)
    alerts = [" or ".join(m.named) for m in matchers if m.label == "alertname" and m.op in ("=", "=~")]
    rest = _conditions(m for m in matchers if m.label != "alertname" or m.op not in ("=", "=~"))
    if alerts:
        return ", ".join(filter(None, (*alerts, rest)))
    return f"any alert of {rest or 'any kind'}"


def _conditions(matchers: Iterable[Match]) -> str:
    ours = ("component", "=", ("asynq",))
    return ", ".join(
        f"{m.label} {' or '.join(m.named)}" if m.op in ("=", "=~") else str(m.matcher)
        for m in matchers
        if (m.label, m.op, m.values) != ours
    )
