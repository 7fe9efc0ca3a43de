"""What changes in the alerts: which there are, when they fire, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher

from attrs import evolve, frozen

from asynq_mon_codegen.diff.changes import Area, Change, Effect, Kind, changed
from asynq_mon_codegen.diff.choices import choice_moves
from asynq_mon_codegen.diff.rules import Rule, own_labels, scope_of
from asynq_mon_codegen.diff.thresholds import Condition, class_labels, condition_of, level_changes
from asynq_mon_codegen.diff.wording import effect_of_hold, effect_of_levels, level_text, unit_of
from asynq_mon_codegen.promql.parsed import Node, NotPromQL, parse
from asynq_mon_codegen.promql.printed import clauses

__all__ = ["compare_alerts", "renames"]

_NEARLY = 0.9
_SEVERITIES = ("critical", "warning", "info", "none")
_ACTION = re.compile(r"\{\{.*?\}\}")
_FOLLOWS = re.compile(r"\b\d+(?:\.\d+)?(?:ms|[smhdw%]|\s?[KMGT]i?B)?(?:\d+(?:ms|[smhdw]))*")
_NAME = "{alert}"


@frozen(kw_only=True)
class _Read:
    """A rule with its expression taken apart; ``node`` is None where it is not PromQL."""

    rule: Rule
    node: Node | None
    condition: Condition


def renames(old: Sequence[Rule], new: Sequence[Rule]) -> dict[str, str]:
    """Alerts that are gone and have come back under another name, by their expressions: old name to new name."""
    gone, come = _missing(old, new), _missing(new, old)
    scores = []
    for before, rules in gone.items():
        for after, others in come.items():
            score = SequenceMatcher(None, _texts(rules), _texts(others), autojunk=False).ratio()
            if score >= _NEARLY:
                scores.append((score, before, after))
    found: dict[str, str] = {}
    for _, before, after in sorted(scores, key=lambda s: (-s[0], s[1], s[2])):
        if before not in found and after not in found.values():
            found[before] = after
    return found


def _missing(rules: Sequence[Rule], others: Sequence[Rule]) -> dict[str, list[Rule]]:
    names = {r.name for r in others}
    out: dict[str, list[Rule]] = {}
    for rule in rules:
        if rule.name not in names:
            out.setdefault(rule.name, []).append(rule)
    return out


def _texts(rules: Iterable[Rule]) -> str:
    return "\n".join(sorted(r.expr for r in rules))


def compare_alerts(old: Sequence[Rule], new: Sequence[Rule], identity: Iterable[str]) -> Iterator[Change]:
    """Every change of the alerts; ``identity`` are labels that tell deployments apart."""
    names = renames(old, new)
    for before, after in names.items():
        yield Change(area=Area.ALERTS, kind=Kind.RENAMED, subject=after, before=before, after=after)
    old = [_renamed(r, names.get(r.name, r.name)) for r in old]
    sides = _by_name(old), _by_name(new)
    for name in sorted({*sides[0], *sides[1]}):
        base = Change(area=Area.ALERTS, subject=name)
        left, right = (side.get(name, []) for side in sides)
        if left and right:
            yield from _rules(base, left, right, tuple(identity))
        else:
            yield _whole(base, left or right, Kind.REMOVED if left else Kind.ADDED)


def _renamed(rule: Rule, name: str) -> Rule:
    """The rule under another name; the address of its runbook follows."""
    links = ((k, v.replace(rule.name, name) if k.endswith("_url") else v) for k, v in rule.annotations)
    return evolve(rule, name=name, annotations=tuple(links))


def _by_name(rules: Iterable[Rule]) -> dict[str, list[Rule]]:
    out: dict[str, list[Rule]] = {}
    for rule in rules:
        out.setdefault(rule.name, []).append(rule)
    return out


def _whole(base: Change, rules: Sequence[Rule], kind: Kind) -> Change:
    text = "; ".join(_rule_text(r) for r in sorted(rules, key=_order))
    return evolve(base, effect=Effect.LOUDER if kind is Kind.ADDED else Effect.QUIETER).whole(kind, text)


def _order(rule: Rule) -> int:
    return _SEVERITIES.index(rule.severity) if rule.severity in _SEVERITIES else len(_SEVERITIES)


def _rule_text(rule: Rule) -> str:
    """A rule in a few words: severity, levels, hold."""
    read = _read(rule)
    unit = unit_of(dict(rule.annotations).get("description", ""))
    labels = class_labels((read.condition,), ())
    found = level_changes(Condition(terms=()), read.condition, labels) or ()
    when = "; ".join(f"{scope}{' ' if scope else ''}{level_text(levels, unit)}" for scope, _, levels in found)
    held = f", held {rule.hold}" if rule.hold and rule.hold != "0s" else ""
    return f"{rule.severity or 'no severity'} {when or rule.expr}{held}"


def _rules(base: Change, old: Sequence[Rule], new: Sequence[Rule], identity: tuple[str, ...]) -> Iterator[Change]:
    yield from _own(base, old, new, identity)
    joined = (_conditions(old), _conditions(new))
    left, right = ([r for r in side if not own_labels(r)] for side in (old, new))
    pairs: list[tuple[Rule, Rule]] = []
    # the same severity and expression first, then the same severity, then whatever single rule is left
    for alike in (lambda a, b: (a.severity, a.expr) == (b.severity, b.expr), lambda a, b: a.severity == b.severity):
        for rule in tuple(left):
            other = next((r for r in right if alike(rule, r)), None)
            if other is not None:
                pairs.append((rule, other))
                left.remove(rule)
                right.remove(other)
    if len(left) == len(right) == 1:
        pairs.append((left.pop(), right.pop()))
    for rules, kind in ((left, Kind.REMOVED), (right, Kind.ADDED)):
        for rule in rules:
            yield _whole(evolve(base, aspect="severity"), [rule], kind)
    for before, after in sorted(pairs, key=lambda pair: _order(pair[1])):
        whole = (joined[0].get(before.severity), joined[1].get(after.severity))
        yield from _rule(before, after, identity, whole)


def _conditions(rules: Iterable[Rule]) -> dict[str, Condition]:
    """By severity what makes an alert fire, in whichever of its rules; nothing where each has one rule."""
    if not any(map(own_labels, rules)):
        return {}
    out: dict[str, Condition] = {}
    for rule in rules:
        known = out.get(rule.severity, Condition(terms=()))
        out[rule.severity] = Condition(terms=(*known.terms, *_read(rule).condition.terms))
    return out


def _own(base: Change, old: Sequence[Rule], new: Sequence[Rule], identity: tuple[str, ...]) -> Iterator[Change]:
    """Holds and guards of single queues and task types, which have rules of their own for them."""
    sides = [{(r.severity, own_labels(r, identity)): r for r in side} for side in (old, new)]
    for severity, own in dict.fromkeys(key for side in sides for key in side if key[1]):
        before, after = (side.get((severity, own), side.get((severity, ()))) for side in sides)
        if before is None or after is None:
            rule = before or after
            assert rule is not None  # noqa: S101 - one side has the key
            kind = Kind.REMOVED if after is None else Kind.ADDED
            yield _whole(evolve(base, aspect="severity", scope=scope_of(own)), [rule], kind)
            continue
        there = evolve(base, severity=severity, scope=scope_of(own))
        yield from _hold(there, before, after)
        yield from changed(evolve(there, aspect="guards", before=_guards(before), after=_guards(after)))


def _guards(rule: Rule) -> str:
    return ", ".join(dict.fromkeys(g for t in _read(rule).condition.terms for g in t.guards))


def _hold(base: Change, old: Rule, new: Rule) -> Iterator[Change]:
    effect = effect_of_hold(old.hold, new.hold)
    yield from changed(evolve(base, aspect="hold", before=old.hold or "0s", after=new.hold or "0s", effect=effect))


def _rule(
    old: Rule, new: Rule, identity: tuple[str, ...], whole: tuple[Condition | None, Condition | None]
) -> Iterator[Change]:
    base = Change(area=Area.ALERTS, subject=new.name, severity=new.severity)
    if old == new and not any(whole):
        return
    if old.severity != new.severity:
        effect = Effect.LOUDER if _order(new) < _order(old) else Effect.QUIETER
        yield evolve(base, severity="", aspect="severity", before=old.severity, after=new.severity, effect=effect)
    moved = [*_expressions(old, new, identity, base, whole)] if old.expr != new.expr or any(whole) else []
    moved += _hold(base, old, new)
    yield from moved
    yield from changed(evolve(base, aspect="keeps firing for", before=old.keep or "0s", after=new.keep or "0s"))
    yield from changed(evolve(base, aspect="evaluated every", before=old.interval, after=new.interval))
    labels = [{k: v for k, v in r.labels if k != "severity"} for r in (old, new)]
    for label in dict.fromkeys((*labels[0], *labels[1])):
        before, after = (side.get(label, "") for side in labels)
        yield from _chosen(evolve(base, aspect=f"label {label}"), before, after)
    yield from _annotations(old, new, base, follow=bool(moved))


def _expressions(
    old: Rule, new: Rule, identity: tuple[str, ...], base: Change, whole: tuple[Condition | None, Condition | None]
) -> Iterator[Change]:
    a, b = _read(old), _read(new)
    one, other = whole[0] or a.condition, whole[1] or b.condition
    expression = evolve(base, aspect="expression", before=_pretty(a), after=_pretty(b))
    if a.node is None or b.node is None:
        yield from changed(expression)
        return
    if a.node == b.node and not any(whole):
        return
    labels = class_labels((one, other), identity)
    levels = level_changes(one, other, labels)
    units = [unit_of(dict(r.annotations).get("description", "")) for r in (old, new)]
    for scope, before, after in levels or ():
        yield evolve(
            base,
            scope=scope,
            aspect="threshold",
            before=level_text(before, units[0]),
            after=level_text(after, units[1]),
            effect=effect_of_levels(before, after),
        )
    if not (levels or any(whole)) or a.condition.shape(labels) != b.condition.shape(labels):
        yield from changed(expression)


def _read(rule: Rule) -> _Read:
    try:
        node: Node | None = parse(rule.expr)
    except NotPromQL:
        node = None
    return _Read(rule=rule, node=node, condition=Condition(terms=()) if node is None else condition_of(node))


def _pretty(read: _Read) -> str:
    return read.rule.expr if read.node is None else clauses(read.node)


def _annotations(old: Rule, new: Rule, base: Change, *, follow: bool) -> Iterator[Change]:
    sides = dict(old.annotations), dict(new.annotations)
    for name in dict.fromkeys((*sides[0], *sides[1])):
        before, after = (side.get(name, "") for side in sides)
        if follow and _without_levels(before) == _without_levels(after):
            continue  # the text only tells the new threshold
        if name.endswith("_url"):
            before, after = (text.replace(base.subject, _NAME) for text in (before, after))
        yield from _chosen(evolve(base, aspect=name), before, after)


def _chosen(base: Change, before: str, after: str) -> Iterator[Change]:
    """The change of a label or an annotation, by queue where its template chooses by queue."""
    moves = choice_moves(before, after) if "{{" in before + after else None
    if moves is None:
        yield from changed(evolve(base, before=before, after=after))
        return
    for scope, old, new in moves:
        yield from changed(evolve(base, scope=scope, before=old, after=new))


def _without_levels(text: str) -> str:
    """An annotation without what it says of thresholds and holds: numbers, and template actions around them."""
    plain = re.sub(r"\((?:threshold|for) .*?\)", "", _ACTION.sub("", text), flags=re.DOTALL)
    return _FOLLOWS.sub("", plain).replace(" ", "")
