"""The detection matrix: what was found, how soon and how loudly; kept as JSON and shown as a page."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import asdict, frozen
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from lab.report import Report
from lab.scenario import MOST_NOTIFICATIONS, Kind, scenario

__all__ = ["MATRIX", "PAGE", "Row", "load", "merged", "page", "save", "write"]

_DOCS = Path(__file__).parent.parent / "docs"
MATRIX = _DOCS / "detection.json"
"""What the last full run found, for the page and for whoever wants to compute with it."""
PAGE = _DOCS / "detection.md"
"""The same for people."""
_TEMPLATE = "detection.md.j2"


@frozen(kw_only=True)
class Row:
    """One scenario's report, the day on which it ran, the time factor and the versions that it ran with."""

    report: Report
    date: str
    factor: int
    versions: tuple[tuple[str, str], ...]


def load(path: Path) -> dict[str, Row]:
    """The rows of an earlier run by scenario; none where there was none."""
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))
    return {name: _row(row) for name, row in rows.items()}


def _row(row: Mapping[str, Any]) -> Row:
    versions = tuple((name, version) for name, version in row["versions"].items())
    return Row(report=Report(**row["report"]), date=row["date"], factor=row["factor"], versions=versions)


def save(rows: Mapping[str, Row], path: Path) -> None:
    """Write the rows; the file is complete or as it was."""
    plain = {name: {**asdict(row), "versions": dict(row.versions)} for name, row in sorted(rows.items())}
    _replace(path, json.dumps(plain, indent=1, ensure_ascii=False) + "\n")


def merged(old: Mapping[str, Row], new: Mapping[str, Row], known: Iterable[str]) -> dict[str, Row]:
    """The newest row of every scenario that still exists."""
    rows = {**old, **new}
    return {name: rows[name] for name in sorted(known) if name in rows}


def page(rows: Mapping[str, Row]) -> str:
    """The page in Markdown."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )  # autoescape would write Markdown as HTML
    faults = [r for r in rows.values() if r.report.kind == Kind.FAULT.value]
    healthy = [r for r in rows.values() if r.report.kind == Kind.HEALTHY.value]
    versions = dict(pair for row in rows.values() for pair in row.versions)
    return environment.get_template(_TEMPLATE).render(
        faults=faults,
        healthy=healthy,
        versions=versions,
        factors=sorted({r.factor for r in rows.values()}),
        dates=sorted({r.date for r in rows.values()}),
        most=MOST_NOTIFICATIONS,
        names={row.report.name: scenario(row.report.name).must[0] for row in faults},
        detected=sum(r.report.fired is not None for r in faults),
        within=sum(1 <= r.report.notifications <= MOST_NOTIFICATIONS for r in faults),
        healthy_hours=sum(r.report.seconds for r in healthy) / 3600,
        false_alarms=sum(len(r.report.false_alarms) for r in healthy),
    )


def write(rows: Mapping[str, Row]) -> None:
    """Replace the record and the page."""
    save(rows, MATRIX)
    _replace(PAGE, page(rows))


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(path.suffix + ".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
