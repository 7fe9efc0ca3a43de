"""What a panel's field configuration says of one series: colour, unit, words for numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import units

__all__ = ["COLORS", "PALETTE", "Field", "Style", "color_of", "legend_of"]

COLORS = {
    "green": "#73BF69",
    "red": "#F2495C",
    "orange": "#FF9830",
    "blue": "#5794F2",
    "purple": "#B877D9",
    "yellow": "#FADE2A",
    "text": "#CCCCDC",
}
PALETTE = ("#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#CA95E5", "#37872D", "#FFB357")


def color_of(name: str) -> str:
    """A named colour as CSS."""
    return COLORS.get(name, name)


@dataclass(frozen=True)
class Style:
    """The settings of one field after its overrides."""

    settings: dict[str, Any]

    @classmethod
    def of(cls, panel: dict[str, Any], *, name: str = "", ref: str = "") -> Style:
        """Defaults of the panel and the overrides for a field by name or query."""
        config = panel["fieldConfig"]
        defaults = dict(config["defaults"])
        settings = {f"custom.{key}": value for key, value in defaults.pop("custom", {}).items()} | defaults
        for override in config["overrides"]:
            matcher = override["matcher"]
            if (matcher["id"], matcher["options"]) in (("byName", name), ("byFrameRefID", ref)):
                settings |= {one["id"]: one["value"] for one in override["properties"]}
        return cls(settings)

    def get(self, key: str, default: Any = None) -> Any:
        """One setting, such as ``unit`` or ``custom.lineWidth``."""
        return self.settings.get(key, default)

    @property
    def steps(self) -> list[dict[str, Any]]:
        """Threshold steps, the base first."""
        found: list[dict[str, Any]] = self.get("thresholds", {}).get("steps", [])
        return found

    def color(self, value: float) -> str:
        """The colour of a value: that of its mapping, else that of its threshold step."""
        mapped = self._mapped(f"{value:g}")
        if mapped and "color" in mapped:
            return color_of(mapped["color"])
        reached = [s for s in self.steps if s["value"] is None or value >= s["value"]]
        return color_of(reached[-1]["color"]) if reached else COLORS["text"]

    def word_color(self, word: str) -> str:
        """The colour of a label value, empty without a mapping."""
        mapped = self._mapped(word) or {}
        return color_of(mapped["color"]) if "color" in mapped else ""

    def text(self, value: float) -> str:
        """The value as it is shown."""
        mapped = self._mapped(f"{value:g}")
        return str(mapped["text"]) if mapped else units.text(value, self.get("unit", "none"), self.get("decimals"))

    def _mapped(self, key: str) -> dict[str, Any] | None:
        for mapping in self.get("mappings", ()):
            if mapping["type"] == "value" and key in mapping["options"]:
                found: dict[str, Any] = mapping["options"][key]
                return found
            if mapping["type"] == "special" and key in mapping["options"]["match"].split("+"):
                special: dict[str, Any] = mapping["options"]["result"]
                return special
        return None


@dataclass(frozen=True)
class Field:
    """One series of a panel: name, style, points."""

    name: str
    style: Style
    points: list[tuple[int, float]]
    labels: dict[str, str]
    ref: str

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


def legend_of(pattern: str, labels: dict[str, str]) -> str:
    """Grafana's legend pattern filled in."""
    if pattern == "__auto":
        return ", ".join(value for key, value in labels.items() if key != "__name__") or "Value"
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: labels.get(m[1], ""), pattern).strip()
