"""Rule files as values: alerting and recording rules, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from asynq_mon_codegen.diff.documents import listed, mapping, yaml_of
from asynq_mon_codegen.diff.files import Files

__all__ = ["Recording", "Rule", "Rules", "own_labels", "read_rules", "renamed_series", "scope_of"]

_SERIES = re.compile(r"(?<![\w:$.])[a-zA-Z_:][\w:]*")
Pairs = tuple[tuple[str, str], ...]


@frozen(kw_only=True)
class Rule:
    """An alerting rule; times are as written, empty where the file has none."""

    name: str
    expr: str
    hold: str = ""
    keep: str = ""
    interval: str = ""
    labels: Pairs = ()
    annotations: Pairs = ()

    @property
    def severity(self) -> str:
        """The label of this name."""
        return dict(self.labels).get("severity", "")


@frozen(kw_only=True)
class Recording:
    """A recording rule."""

    name: str
    expr: str
    interval: str = ""
    labels: Pairs = ()


@frozen(kw_only=True)
class Rules:
    """Every rule of one side, in the order of the files."""

    alerts: tuple[Rule, ...]
    recordings: tuple[Recording, ...]

    def with_series(self, names: Mapping[str, str]) -> Rules:
        """The same with recorded series renamed wherever they stand."""
        if not names:
            return self
        return Rules(
            alerts=tuple(_renamed(r, names) for r in self.alerts),
            recordings=tuple(
                evolve(r, name=names.get(r.name, r.name), expr=renamed_series(r.expr, names)) for r in self.recordings
            ),
        )


def _renamed(rule: Rule, names: Mapping[str, str]) -> Rule:
    annotations = tuple((k, renamed_series(v, names) if "query" in v else v) for k, v in rule.annotations)
    return evolve(rule, expr=renamed_series(rule.expr, names), annotations=annotations)


def renamed_series(text: str, names: Mapping[str, str]) -> str:
    """An expression with the new names of series; names are told by their colons, so nothing else is touched."""
    return _SERIES.sub(lambda m: names.get(m.group(), m.group()), text) if names else text


_OWN = ("queue", "task_type")


def own_labels(rule: Rule, identity: Iterable[str] = ()) -> Pairs:
    """The labels that make a rule that of one queue or task type only; nothing where it is for all.

    ``identity`` are labels that say in which deployment.
    """
    fixed = {name: value for name, value in rule.labels if "{{" not in value}
    if not any(name in fixed for name in _OWN):
        return ()
    return tuple((name, fixed[name]) for name in dict.fromkeys((*identity, *_OWN)) if name in fixed)


def scope_of(own: Pairs) -> str:
    """The same in words."""
    return ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in own)


def read_rules(files: Files) -> Rules:
    """All rules of one side.

    Raises:
        UsageError: a file is not YAML, or not a rule file.
    """
    found = [rule for _, place, text in files.below("rules") for rule in _rules(place, text)]
    return Rules(
        alerts=tuple(r for r in found if isinstance(r, Rule)),
        recordings=tuple(r for r in found if isinstance(r, Recording)),
    )


def _rules(place: str, text: str) -> Iterator[Rule | Recording]:
    data = mapping(yaml_of(place, text), place, "the file")
    for group in listed(data.get("groups"), place, "groups"):
        fields = mapping(group, place, "a group")
        interval = _scalar(fields.get("interval"))
        for entry in listed(fields.get("rules"), place, "rules"):
            rule = mapping(entry, place, "a rule")
            labels = _pairs(rule.get("labels"), place, "labels")
            expr = _scalar(rule.get("expr")).strip()
            if "record" in rule:
                yield Recording(name=_scalar(rule["record"]), expr=expr, interval=interval, labels=labels)
            else:
                yield Rule(
                    name=_scalar(rule.get("alert")),
                    expr=expr,
                    hold=_scalar(rule.get("for")),
                    keep=_scalar(rule.get("keep_firing_for")),
                    interval=interval,
                    labels=labels,
                    annotations=_pairs(rule.get("annotations"), place, "annotations"),
                )


def _pairs(value: Any, place: str, what: str) -> Pairs:
    return tuple((key, _scalar(inner)) for key, inner in mapping(value, place, what).items())


def _scalar(value: Any) -> str:
    return "" if value is None else str(value)
