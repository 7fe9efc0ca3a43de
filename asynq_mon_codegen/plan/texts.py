"""One sentence, written once, in its three forms: Go template, expected text of a test, plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote_plus

from attrs import evolve, field, frozen

from asynq_mon_codegen.model import Above, Alert, Band, Unit, threshold_text, value_text
from asynq_mon_codegen.plan.bands import level_expr
from asynq_mon_codegen.plan.quoting import go_quote, go_text
from asynq_mon_codegen.plan.thresholds import ThresholdClass
from asynq_mon_codegen.promql import Matcher, Scope

__all__ = ["PLACEHOLDER", "Text", "band_words", "go_quote", "go_text", "level_words", "placeholders"]

PLACEHOLDER = re.compile(r"(?<!%)\{([a-z_]+)\}")  # %{name} is curl's
"""A label or ``value``, ``threshold``, ``hold`` in a text: its name in braces."""
_OWN = ("value", "threshold", "hold")


def placeholders(text: str) -> tuple[str, ...]:
    """The names in braces, in order."""
    return tuple(PLACEHOLDER.findall(text))


@frozen(kw_only=True)
class Text:
    """A sentence with placeholders and everything that they stand for."""

    text: str
    unit: Unit
    hold: str
    classes: tuple[ThresholdClass, ...]
    rising: bool = True
    scope: Scope = field(factory=Scope)

    def template(self) -> str:
        """For a rule: labels and value are filled in by Prometheus."""
        return self._fill(self._go, go_text)

    def expected(self, labels: Mapping[str, str], value: float, usual: float | None = None) -> str:
        """What Prometheus makes of the template for a series with these labels and this value.

        ``usual`` is what its history has taught, None where it has none.
        """

        def fill(name: str) -> str:
            match name:
                case "value":
                    return value_text(self.unit, value)
                case "threshold":
                    return self._threshold_for(labels, usual)
                case "hold":
                    return self.hold
                case _:
                    return labels.get(name, "")

        return self._fill(fill, lambda text: text)

    def words(self) -> str:
        """For a page: labels stay in angle brackets, the default threshold is shown."""

        def fill(name: str) -> str:
            match name:
                case "threshold":
                    return self._in_words(self.classes[-1]) if self.classes else ""
                case "hold":
                    return self.hold
                case _:
                    return f"<{name.replace('_', ' ')}>"

        return self._fill(fill, lambda text: text)

    def _fill(self, replace: Callable[[str], str], literal: Callable[[str], str]) -> str:
        parts = PLACEHOLDER.split(self.text)
        return "".join(replace(part) if i % 2 else literal(part) for i, part in enumerate(parts))

    def _go(self, name: str) -> str:
        match name:
            case "value":
                return "{{ $value | " + self.unit.pipeline + " }}" + self.unit.suffix
            case "threshold":
                return self._go_threshold()
            case "hold":
                return self.hold
            case _:
                return "{{ $labels." + name + " }}"

    def _go_threshold(self) -> str:
        *special, rest = self.classes
        live = [c for c in special if c.level is not None and c.level != rest.level]
        if not live:
            return self._go_level(rest)
        out = ""
        for i, cls in enumerate(live):
            out += f"{{{{ {'else ' if i else ''}if {cls.go_test()} }}}}{self._go_level(cls)}"
        if rest.level is not None:
            out += "{{ else }}" + self._go_level(rest)
        return out + "{{ end }}"

    def _threshold_for(self, labels: Mapping[str, str], usual: float | None) -> str:
        for cls in self.classes:
            if cls.accepts(labels):
                return self._level_text(cls, usual)
        return self._level_text(self.classes[-1], usual)

    def _level_text(self, cls: ThresholdClass, usual: float | None) -> str:
        level = cls.level
        if not isinstance(level, Band):
            return "" if level is None else threshold_text(self.unit, level)
        if usual is None or (level.gate is not None and usual < level.gate):
            return self._outer(level)
        found = level.level_at(usual, self.rising)
        return "" if found is None else value_text(self.unit, found)

    def _outer(self, band: Band) -> str:
        outer = band.outer(self.rising)
        return "" if outer is None else threshold_text(self.unit, outer)

    def _in_words(self, cls: ThresholdClass) -> str:
        return (
            band_words(cls.level, self.unit, self.rising)
            if isinstance(cls.level, Band)
            else self._level_text(cls, None)
        )

    def _go_level(self, cls: ThresholdClass) -> str:
        """The level in a rule's text; that of a band is asked for when the alert is pending or fires, not before."""
        band, usual = cls.level, cls.usual
        if not isinstance(band, Band) or usual is None:
            return self._level_text(cls, None)
        labels = tuple(dict.fromkeys((*self.scope.identity, *usual.by)))
        matchers = tuple(Matcher(label, "=", _SLOT) for label in labels)
        text = level_expr(band, usual).render(evolve(self.scope, matchers=matchers)).replace(f'"{_SLOT}"', "%q")
        values = "".join(f" $labels.{label}" for label in labels)
        found = "{{ . | first | value | " + self.unit.pipeline + " }}" + self.unit.suffix
        asked = "{{ with printf " + go_quote(text) + values + " | query }}"
        return asked + found + "{{ else }}" + self._outer(band) + "{{ end }}"


_SLOT = "asynq-mon slot"
"""What no label is; its place is a label's value."""


def band_words(band: Band, unit: Unit, rising: bool) -> str:
    """A band for a page: ``2x what is usually the highest at this hour, at least 5s``."""
    text = f"{band.times:g}× what is usually the {'highest' if rising else 'lowest'} at this hour"
    for word, limit in (("at least", band.floor), ("at most", band.ceiling)):
        text += "" if limit is None else f", {word} {threshold_text(unit, limit)}"
    return text


def level_words(alert: Alert, level: float | Band) -> str:
    """A level of an alert for a page."""
    if isinstance(level, Band):
        return band_words(level, alert.signal.unit, isinstance(alert.when, Above))
    return threshold_text(alert.signal.unit, level)


def url_template(base: str) -> str:
    """A URL whose placeholders are labels, for a rule: every value is escaped for a query."""
    parts = PLACEHOLDER.split(base)
    return "".join("{{ $labels." + p + " | urlquery }}" if i % 2 else go_text(p) for i, p in enumerate(parts))


def url_expected(base: str, labels: Mapping[str, str]) -> str:
    """The same URL for a series with these labels."""
    parts = PLACEHOLDER.split(base)
    return "".join(quote_plus(labels.get(p, "")) if i % 2 else p for i, p in enumerate(parts))
