"""What the panels of all dashboards got: for a terminal, for a script, and whether that will do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from attrs import field, frozen

from asynq_mon_codegen.preview.model import Preview, Shown

__all__ = ["Report", "Written"]


@frozen(kw_only=True)
class Written:
    """A dashboard that was read, its page and its pictures."""

    preview: Preview
    page: Path
    pictures: tuple[Path, ...] = ()


@frozen(kw_only=True)
class Report:
    """All dashboards; ``allowed`` are patterns of panels that may be empty: ``TITLE`` or ``UID/TITLE``."""

    written: Sequence[Written]
    allowed: Sequence[str] = field(default=())

    def failures(self) -> Iterator[str]:
        """What ``--strict`` does not let pass, as sentences."""
        for one in self.written:
            uid = one.preview.uid
            yield from (f"{uid}: {problem}" for problem in one.preview.problems)
            for panel in one.preview.panels:
                if panel.status.kind == "error" or (panel.status.kind == "empty" and not self._allowed(uid, panel)):
                    yield f"{uid}: {panel.title}: {panel.status.text}"

    def _allowed(self, uid: str, panel: Shown) -> bool:
        names = (panel.title, f"{uid}/{panel.title}")
        return any(fnmatchcase(name, pattern) for name in names for pattern in self.allowed)

    def data(self) -> dict[str, Any]:
        """The same for a script."""
        return {
            "dashboards": [
                {
                    "uid": one.preview.uid,
                    "title": one.preview.title,
                    "page": str(one.page),
                    "pictures": [str(path) for path in one.pictures],
                    "from": one.preview.span.start,
                    "to": one.preview.span.end,
                    "variables": {v.name: list(v.values) or ["All"] for v in one.preview.variables},
                    "problems": list(one.preview.problems),
                    "panels": list(_panels(one.preview)),
                }
                for one in self.written
            ],
            "failures": list(self.failures()),
        }


def _panels(preview: Preview) -> Iterable[dict[str, Any]]:
    for part in preview.parts:
        for panel in part.panels:
            yield {
                "row": part.title,
                "title": panel.title,
                "type": panel.type,
                "status": panel.status.kind,
                "series": panel.status.series,
                "message": panel.status.message,
                "queries": list(panel.queries),
            }
