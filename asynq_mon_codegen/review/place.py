"""Where a review is written: one file a day, which never takes the place of another one."""

from __future__ import annotations

import errno
from pathlib import Path

from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.files import explained, make_folder, replace_file
from asynq_mon_codegen.review.report import marker

__all__ = ["FOLDER", "place_of", "written"]

FOLDER = Path("reviews")


def place_of(out: Path | None, date: str) -> Path:
    """The file of this day: ``out`` itself where its name ends with ``.md``, else one in that folder.

    Raises:
        UsageError: a file that is no review of this day has the name.
    """
    path = out if out is not None and out.suffix == ".md" else (out or FOLDER) / f"{date}.md"
    with explained(path, "nothing was written"):
        holder = next(p for p in path.parents if p.exists())
        if not holder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "Not a directory", str(holder))
        if not path.exists():
            return path
        with path.open(encoding="utf-8", errors="replace") as file:
            first = file.readline().rstrip("\n")
    if first != marker(date):
        raise UsageError(
            f"{path}: there is a file of this name that is not the review of {date}",
            "name another one with --out, or a folder: each day has a file of its own there",
        )
    return path


def written(path: Path, text: str) -> None:
    """Write the report.

    Raises:
        UsageError: the disk refuses.
    """
    with explained(path.parent, "nothing was written"):
        make_folder(path.parent, [])
    replace_file(path, text)
