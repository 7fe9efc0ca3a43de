"""Writes pieces of a declaration as this very file does: its quotes, its names for ours, its kind of keys."""

from __future__ import annotations

import attrs
import libcst as cst
from attrs import define, field

from asynq_mon_codegen import catalog
from asynq_mon_codegen.duration import Duration
from asynq_mon_codegen.model import Above, Alert, Band, Below, LevelOrBand, Severity, Unit
from asynq_mon_codegen.tune.brackets import added, bracket_of
from asynq_mon_codegen.tune.changes import WrittenHold
from asynq_mon_codegen.tune.literals import duration_text, level_text, number_text, string_text
from asynq_mon_codegen.tune.source import PACKAGE, Cannot, Source, Splice, argument, dotted

__all__ = ["LEVELS", "Writer", "constant_of"]

LEVELS = ("info", "warning", "critical")
"""The levels of a condition, in the order in which they are written."""


def constant_of(alert: str) -> str:
    """The catalogue's constant of the alert; empty for an alert that is not in the catalogue."""
    return next((n for n, v in vars(catalog).items() if isinstance(v, Alert) and v.name == alert), "")


@define
class Writer:
    """Writes for one file, and collects the imports that what it wrote needs."""

    source: Source
    needed: list[str] = field(factory=list, init=False)

    # -- names -------------------------------------------------------------------------------------------------------

    def name(self, name: str) -> str:
        """How the file calls something of the package.

        Raises:
            Cannot: the name is taken, or the file imports nothing from the package.
        """
        if self.source.starred or name in self.needed:
            return name
        modules, froms = self._imports()
        for one in froms:
            for alias in one.names if not isinstance(one.names, cst.ImportStar) else ():
                if alias.evaluated_name == name:
                    return alias.evaluated_alias or name
        if not any(dotted(one.module) == PACKAGE for one in froms):
            if not modules:
                raise Cannot(f"the file imports nothing from {PACKAGE}")
            return f"{modules[0]}.{name}"
        if self.source.assigned.get(name) or self._elsewhere(name):
            raise Cannot(f"the file uses the name {name} for something else")
        self.needed.append(name)
        return name

    def _imports(self) -> tuple[list[str], list[cst.ImportFrom]]:
        """What the package is called, and the statements that import from it (``evolve`` from attrs too)."""
        body = (line.body for line in self.source.module.body if isinstance(line, cst.SimpleStatementLine))
        small = [one for line in body for one in line]
        aliases = (alias for one in small if isinstance(one, cst.Import) for alias in one.names)
        modules = [a.evaluated_alias or PACKAGE for a in aliases if a.evaluated_name == PACKAGE]
        froms = [one for one in small if isinstance(one, cst.ImportFrom) and not one.relative]
        ours = (PACKAGE, "attrs", "attr")
        return modules, [one for one in froms if dotted(one.module).partition(".")[0] in ours]

    def _elsewhere(self, name: str) -> bool:
        aliases = (n for n in self.source.nodes if isinstance(n, cst.ImportAlias))
        return any((a.evaluated_alias or a.evaluated_name) == name for a in aliases)

    def imports(self) -> list[Splice]:
        """The changes that import what was needed, sorted as isort does."""
        if not self.needed:
            return []
        froms = [f for f in self._imports()[1] if dotted(f.module) == PACKAGE]
        plain = (f for f in froms if not isinstance(f.names, cst.ImportStar) and not any(n.asname for n in f.names))
        target = next(plain, froms[0])
        assert not isinstance(target.names, cst.ImportStar)  # noqa: S101 - nothing is needed then
        keys = [_sorted_by(alias.evaluated_name) for alias in target.names]
        places: dict[int, list[str]] = {}
        for name in sorted(self.needed, key=_sorted_by):
            after = next((i for i, key in enumerate(keys) if key > _sorted_by(name)), len(keys)) - 1
            places.setdefault(after, []).append(name)
        bracket = bracket_of(self.source, target)
        out: list[Splice] = []
        for after, names in places.items():
            if bracket is not None:
                out += added(self.source, bracket, names, after)
            elif after < 0:
                start = self.source.span(target.names[0])[0]
                out.append(Splice(start, start, "".join(f"{n}, " for n in names)))
            else:
                alias = target.names[after]
                end = self.source.span(alias.asname.name if alias.asname else alias.name)[1]
                out.append(Splice(end, end, "".join(f", {n}" for n in names)))
        return out

    # -- values ------------------------------------------------------------------------------------------------------

    def string(self, text: str, old: cst.BaseExpression | None = None) -> str:
        """A text in the quotes of what it replaces, else in those of the file."""
        quote = old.quote if isinstance(old, cst.SimpleString) and len(old.quote) == 1 else self.source.quote
        return string_text(text, quote)

    def level(self, value: LevelOrBand, unit: Unit, old: cst.BaseExpression | None = None) -> str:
        """A level: a text, a number, a ``Band`` or ``None``."""
        if value is None:
            return "None"
        if isinstance(value, Band):
            return self.band(value, unit)
        quote = old.quote if isinstance(old, cst.SimpleString) and len(old.quote) == 1 else self.source.quote
        return level_text(value, unit, quote)

    def band(self, band: Band, unit: Unit) -> str:
        """The call that makes the band, without what is its default."""
        fields = [f for f in attrs.fields(Band) if f.name != "times" and getattr(band, f.name) != default_of(f.name)]
        given = [f"{f.name}={self.band_value(band, f.name, unit)}" for f in fields]
        return f"{self.name('Band')}({', '.join((number_text(band.times), *given))})"

    def band_value(self, band: Band, name: str, unit: Unit, old: cst.BaseExpression | None = None) -> str:
        """One argument of a band."""
        value = getattr(band, name)
        if isinstance(value, Duration):
            return self.string(duration_text(value), old)
        if isinstance(value, tuple):
            texts = [self.string(duration_text(v)) for v in value]
            return f"({', '.join(texts)}{',' if len(texts) == 1 else ''})"
        return number_text(value) if name == "times" else self.level(value, unit, old)

    def condition(self, when: Above | Below, unit: Unit) -> str:
        """The call that makes the condition."""
        levels = ((n, getattr(when, n)) for n in LEVELS)
        given = [f"{n}={self.level(value, unit)}" for n, value in levels if value is not None]
        return f"{self.name(type(when).__name__)}({', '.join(given)})"

    def hold(self, hold: WrittenHold, old: cst.BaseExpression | None = None) -> str:
        """A hold time, or a dict of them by severity."""
        if isinstance(hold, Duration):
            return self.string(duration_text(hold), old)
        entries = (f"{self.severity(s)}: {self.string(duration_text(d))}" for s, d in hold.items())
        return f"{{{', '.join(entries)}}}"

    def severity(self, severity: Severity) -> str:
        """``Severity.WARNING``."""
        return f"{self.name('Severity')}.{severity.name}"

    def constant(self, alert: str) -> str:
        """``asynq.QUEUE_WAIT_HIGH``.

        Raises:
            Cannot: the catalogue has no such alert.
        """
        constant = constant_of(alert)
        if not constant:
            raise Cannot(f"{alert} is not an alert of the catalogue, and the file does not say what it is")
        return f"{self.name('asynq')}.{constant}"

    def key(self, alert: str, beside: cst.Dict | None = None) -> str:
        """The alert as a key of a mapping, in the style of the keys beside it, else of those of the file."""
        constant = constant_of(alert)
        keys = _keys(beside) or [k for d in _mappings(self.source) for k in _keys(d)]
        texts = sum(isinstance(k, cst.SimpleString) for k in keys)
        if not constant or (texts and texts * 2 >= len(keys)):
            return self.string(alert)
        _, froms = self._imports()
        names = [a for f in froms if not isinstance(f.names, cst.ImportStar) for a in f.names]
        plain = next((a.evaluated_alias or constant for a in names if a.evaluated_name == constant), "")
        if plain:
            return plain
        bound = any(a.evaluated_name == "asynq" for a in names) or self.source.starred or not froms
        return self.constant(alert) if bound else self.string(alert)


def default_of(name: str) -> object:
    """The default of a band's argument."""
    return getattr(Band(), name)


def _keys(node: cst.Dict | None) -> list[cst.BaseExpression]:
    return [] if node is None else [e.key for e in node.elements if isinstance(e, cst.DictElement)]


def _mappings(source: Source) -> list[cst.Dict]:
    """What the file has with alerts as keys."""
    calls = source.calls("Queue", "TaskType", "Monitoring")
    given = (argument(call, name) for call in calls for name in ("thresholds", "holds", "floors"))
    values = (source.followed(arg.value) for arg in given if arg is not None)
    return [value for value in values if isinstance(value, cst.Dict)]


def _sorted_by(name: str) -> tuple[int, str, str]:
    """Constants, classes, then everything else, each in alphabetical order."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name
