"""Rules as their files have them: what is recorded, what alerts, and what each of them reads how far back."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml
from attrs import evolve, frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.promql.parsed import Node, NotPromQL, Selector, Subquery, children, parse
from asynq_mon_codegen.promql.reach import Span, spans

__all__ = ["ALERT_SERIES", "Rule", "RuleSet", "rules_of"]

ALERT_SERIES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
"""What Prometheus itself records of alerts."""

_DEFAULT_INTERVAL = 60.0


@frozen(kw_only=True)
class Rule:
    """One rule; times in seconds. ``name`` is the series that it records, or the alert."""

    name: str
    expr: str
    alerts: bool
    group: str
    interval: float
    hold: float = 0.0
    keep: float = 0.0
    labels: tuple[tuple[str, str], ...] = ()

    @property
    def node(self) -> Node:
        """The expression as a tree."""
        return parse(self.expr)

    def selectors(self) -> Iterator[Selector]:
        """Every series selector of the expression, without windows and offsets."""
        for selector in _selectors(self.node):
            yield evolve(selector, window=None, offset=0)

    def instant_names(self) -> frozenset[str]:
        """The names of the series that it reads at a moment, not over a window."""
        return frozenset(s.name for s in _selectors(self.node) if s.window is None)

    def reads(self) -> Mapping[str, Span]:
        """How far back it looks, for each name."""
        return _reads(self.expr)


@frozen
class RuleSet:
    """Rules in the order of their files."""

    rules: tuple[Rule, ...]

    @property
    def records(self) -> tuple[Rule, ...]:
        """Those that record."""
        return tuple(r for r in self.rules if not r.alerts)

    @property
    def alerts(self) -> tuple[Rule, ...]:
        """Those that alert."""
        return tuple(r for r in self.rules if r.alerts)

    @property
    def step(self) -> float:
        """The shortest interval of any rule in seconds: how fine history must be."""
        return min((r.interval for r in self.rules), default=_DEFAULT_INTERVAL)

    def only(self, alerts: Iterable[str]) -> RuleSet:
        """These alerts and all that is recorded."""
        wanted = set(alerts)
        return RuleSet(tuple(r for r in self.rules if not r.alerts or r.name in wanted))

    def rule_of(self, labels: Mapping[str, str]) -> Rule | None:
        """The rule that an alert with these labels is of: of several that could be, that with the most fixed labels.

        Labels whose values are templates, and those that are not given, tell nothing.
        """
        best, most = None, -1
        for rule in self.alerts:
            fixed = [(k, v) for k, v in rule.labels if "{{" not in v]
            if rule.name == labels.get("alertname") and all(labels.get(k, v) == v for k, v in fixed):
                best, most = (rule, len(fixed)) if len(fixed) > most else (best, most)
        return best

    def needed(self) -> RuleSet:
        """The alerts, and of what is recorded only that which they read, at whatever remove."""
        recorded = {r.name: r for r in self.records}
        seen: set[str] = set()
        left = [name for r in self.alerts for name in r.reads()]
        while left:
            name = left.pop()
            if name in recorded and name not in seen:
                seen.add(name)
                left += recorded[name].reads()
        return RuleSet(tuple(r for r in self.rules if r.alerts or r.name in seen))


def rules_of(files: Mapping[str, str]) -> RuleSet:
    """The rules of files given as path and text.

    Raises:
        UsageError: not a rule file, or an expression that is not PromQL.
    """
    return RuleSet(tuple(rule for path, text in files.items() for rule in _file(path, text)))


def _file(path: str, text: str) -> Iterator[Rule]:
    try:
        data = yaml.load(text, Loader=yaml.CSafeLoader)
        for group in data["groups"]:
            interval = _seconds(group["interval"]) if "interval" in group else _DEFAULT_INTERVAL
            for rule in group.get("rules") or ():
                yield _rule(rule, str(group["name"]), interval)
    except yaml.YAMLError as error:
        raise UsageError(f"{path}: error: not YAML: {' '.join(str(error).split())}") from None
    except NotPromQL as error:
        raise UsageError(f"{path}: error: {error.message}", error.hint) from None
    except DeclarationError as error:
        raise UsageError(f"{path}: error: {error.message}", error.hint) from None
    except (KeyError, TypeError, AttributeError):
        raise UsageError(f"{path}: error: not a rule file", "promtool check rules tells what is wrong") from None


def _rule(rule: Mapping[str, Any], group: str, interval: float) -> Rule:
    made = Rule(
        name=str(rule["alert"] if "alert" in rule else rule["record"]),
        expr=str(rule["expr"]),
        alerts="alert" in rule,
        group=group,
        interval=interval,
        hold=_seconds(rule.get("for", 0)),
        keep=_seconds(rule.get("keep_firing_for", 0)),
        labels=tuple((str(k), str(v)) for k, v in (rule.get("labels") or {}).items()),
    )
    parse(made.expr)
    return made


def _seconds(value: object) -> float:
    return 0.0 if not value else duration(str(value), "a duration").seconds


def _selectors(node: Node) -> Iterator[Selector]:
    if isinstance(node, Selector):
        yield node
    elif isinstance(node, Subquery):
        # a subquery reads at moments of its own: that is a window
        for selector in _selectors(node.expr):
            yield selector if selector.window is not None else evolve(selector, window=node.window)
    else:
        for child in children(node):
            yield from _selectors(child)


@functools.lru_cache(maxsize=4096)
def _reads(expr: str) -> Mapping[str, Span]:
    found: dict[str, Span] = {}
    for name, span in spans(parse(expr)):
        known = found.get(name, span)
        found[name] = Span(oldest=max(known.oldest, span.oldest), latest=min(known.latest, span.latest))
    return found
