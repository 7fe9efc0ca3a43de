"""One sentence, written once, in its three forms: Go template, expected text of a test, plain words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote_plus

from attrs import frozen

from asynq_mon_codegen.model import Unit, threshold_text, value_text
from asynq_mon_codegen.plan.thresholds import ThresholdClass

__all__ = ["PLACEHOLDER", "Text", "go_quote", "go_text", "placeholders"]

PLACEHOLDER = re.compile(r"(?<!%)\{([a-z_]+)\}")  # %{name} is curl's
"""A label or ``value``, ``threshold``, ``hold`` in a text: its name in braces."""
_OWN = ("value", "threshold", "hold")


def placeholders(text: str) -> tuple[str, ...]:
    """The names in braces, in order."""
    return tuple(PLACEHOLDER.findall(text))


def go_quote(text: str) -> str:
    """``text`` as a string of a Go template."""
    out = []
    for c in text:
        if c in '"\\':
            out.append("\\" + c)
        elif ord(c) < 0x20 or ord(c) == 0x7F:
            out.append(f"\\x{ord(c):02x}")
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def go_text(text: str) -> str:
    """``text`` so that a Go template prints it as it is."""
    # every "{", for one at the end would join the next action's braces
    return re.sub(r"\{+", lambda m: "{{ " + go_quote(m.group()) + " }}", text)


@frozen(kw_only=True)
class Text:
    """A sentence with placeholders and everything that they stand for."""

    text: str
    unit: Unit
    hold: str
    classes: tuple[ThresholdClass, ...]

    def template(self) -> str:
        """For a rule: labels and value are filled in by Prometheus."""
        return self._fill(self._go, go_text)

    def expected(self, labels: Mapping[str, str], value: float) -> str:
        """What Prometheus makes of the template for a series with these labels and this value."""

        def fill(name: str) -> str:
            match name:
                case "value":
                    return value_text(self.unit, value)
                case "threshold":
                    return self._threshold_for(labels)
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
                    return self._level_text(self.classes[-1]) if self.classes else ""
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
        live = [c for c in special if c.level is not None]
        if not live:
            return self._level_text(rest)
        out = ""
        for i, cls in enumerate(live):
            names = " ".join(go_quote(n) for n in cls.names)
            out += f"{{{{ {'else ' if i else ''}if eq $labels.{cls.label} {names} }}}}{self._level_text(cls)}"
        if rest.level is not None:
            out += "{{ else }}" + self._level_text(rest)
        return out + "{{ end }}"

    def _threshold_for(self, labels: Mapping[str, str]) -> str:
        for cls in self.classes:
            if cls.label and labels.get(cls.label) in cls.names:
                return self._level_text(cls)
        return self._level_text(self.classes[-1])

    def _level_text(self, cls: ThresholdClass) -> str:
        return "" if cls.level is None else threshold_text(self.unit, cls.level)


def url_template(base: str) -> str:
    """A URL whose placeholders are labels, for a rule: every value is escaped for a query."""
    parts = PLACEHOLDER.split(base)
    return "".join("{{ $labels." + p + " | urlquery }}" if i % 2 else go_text(p) for i, p in enumerate(parts))


def url_expected(base: str, labels: Mapping[str, str]) -> str:
    """The same URL for a series with these labels."""
    parts = PLACEHOLDER.split(base)
    return "".join(quote_plus(labels.get(p, "")) if i % 2 else p for i, p in enumerate(parts))
