"""A dashboard that has been read, as one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from asynq_mon_codegen.preview.annotations import Region
from asynq_mon_codegen.preview.model import Preview, Shown
from asynq_mon_codegen.templating import environment, template_folder

__all__ = ["page", "summary"]

_SCRIPTS = ("units", "fields", "timechart", "timeseries", "heatmap", "timeline", "values", "page")


def page(preview: Preview, source: str) -> str:
    """The page; ``source`` says where the numbers come from."""
    library, hashed = _library()
    script = _script()
    policy = (
        f"default-src 'none'; script-src '{hashed}' '{_hash(script)}'; style-src 'unsafe-inline'; img-src data: blob:"
    )
    return (
        environment()
        .get_template("preview/page.html.j2")
        .render(
            policy=policy,
            title=preview.title,
            description=preview.description,
            source=source,
            summary=summary(preview.panels),
            problems=preview.problems,
            style=_text("style.css"),
            data=_inside_script(_data(preview)),
            library=library,
            script=script,
        )
    )


def summary(panels: Iterable[Shown]) -> str:
    """How many panels have data, have none, failed, or show logs."""
    counts: Counter[str] = Counter(panel.status.kind for panel in panels)
    words = (
        ("series", "with data"),
        ("empty", "without"),
        ("error", "failed"),
        ("logs", "of logs, which are not previewed"),
        ("text", "of text"),
    )
    parts = [f"{counts[kind]} {word}" for kind, word in words if counts[kind] or kind == "series"]
    return f"{counts.total()} panels: {', '.join(parts)}"


@cache
def _script() -> str:
    return '"use strict";\n(() => {\n' + "\n".join(_text(f"{name}.js") for name in _SCRIPTS) + "})();\n"


@cache
def _library() -> tuple[str, str]:
    """Plotly's JavaScript as base64 of gzip, always the same bytes, and its hash for the page's policy."""
    from plotly.offline import get_plotlyjs  # late: it is 5 MB, and only pages need it

    text = get_plotlyjs()
    return base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(), _hash(text)


def _hash(script: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


def _text(name: str) -> str:
    return (template_folder() / "preview" / name).read_text(encoding="utf-8")


def _inside_script(data: Any) -> str:
    """JSON that cannot end the script element it stands in."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _data(preview: Preview) -> dict[str, Any]:
    return {
        "range": [round(preview.span.start * 1000), round(preview.span.end * 1000)],
        "variables": [
            {"label": one.label, "text": one.text, "possible": list(one.possible)} for one in preview.variables
        ],
        "regions": list(_merged(preview.regions)),
        "parts": [
            {"title": part.title, "collapsed": part.collapsed, "panels": [_panel(panel) for panel in part.panels]}
            for part in preview.parts
        ],
    }


def _panel(panel: Shown) -> dict[str, Any]:
    place = panel.place
    return {
        "title": panel.title,
        "description": panel.description,
        "type": panel.type,
        "place": [place.x, place.y, place.w, place.h],
        "status": {"kind": panel.status.kind, "text": panel.status.text},
        "queries": list(panel.queries),
        "data": dict(panel.data),
    }


def _merged(regions: Iterable[Region]) -> Iterator[dict[str, Any]]:
    """Regions of one annotation that overlap as one, with all texts: twenty tints over each other hide a graph."""
    by_name: dict[tuple[str, str], list[Region]] = {}
    for region in regions:
        by_name.setdefault((region.name, region.color), []).append(region)
    for (_, color), members in by_name.items():
        group: list[Region] = []
        for region in sorted(members, key=lambda one: one.start):
            if group and region.start > max(one.end for one in group):
                yield _as_one(color, group)
                group = []
            group.append(region)
        yield _as_one(color, group)


def _as_one(color: str, group: list[Region]) -> dict[str, Any]:
    texts = Counter(f"{region.title} {region.text}".strip() for region in group)
    return {
        "color": color,
        "start": round(min(one.start for one in group) * 1000),
        "end": round(max(one.end for one in group) * 1000),
        "texts": [text if n == 1 else f"{text} (×{n})" for text, n in texts.items()],
    }
