"""Names on the page, dates of files, and when a level is far."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from asynq_mon_codegen.artifact import HEADER
from asynq_mon_codegen.diff.git import last_changed
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.model import Unit
from asynq_mon_codegen.review.levels import Seen
from asynq_mon_codegen.review.section import MOST, Table, name
from tests.review.story import committed

HOSTILE = (
    "plain",
    "a|b",
    "a\\|b",
    "`",
    "``a`b",
    "<script>alert(1)</script>",
    "<img src=x onerror=y>|",
    "</code><b>|",
    "[a](https://evil.example)|*x* _y_ ~~z~~",
    "@all #1 https://evil.example",
    "&#124;|&amp;",
    "- [x] done",
)


def tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)


@pytest.mark.parametrize("given", HOSTILE)
def test_a_name_is_only_a_name(given: str) -> None:
    """In a table as in a list it is one cell with the name as code, and nothing else."""
    page = Table(columns=("a", "b"), rows=((name(given), "1"),)).text() + f"\n\n- {name(given)}\n"
    inline = [t for t in tokens(page) if t.type == "inline"]
    assert [t.content for t in inline[:2]] == ["a", "b"]
    assert len(inline) == 5
    assert inline[3].content == "1"
    for one in (inline[2], inline[4]):
        inside = [t for t in one.children or () if t.type != "text_special"]
        kinds = {t.type for t in inside}
        shown = "".join(t.content for t in one.children or () if t.type in ("text", "text_special", "code_inline"))
        assert shown == given
        assert kinds in ({"code_inline"}, {"text", "html_inline"}, {"html_inline"}), kinds
        assert [t.content for t in inside if t.type == "html_inline"] in ([], ["<code>", "</code>"])


@pytest.mark.parametrize("given", ["a\nb", "a\x1b[2Jb", "a\u202eb|"])
def test_a_name_breaks_no_line(given: str) -> None:
    assert all(c.isprintable() for c in name(given))


def test_a_long_table_says_how_much_is_left_out() -> None:
    text = Table(columns=("name", ">number"), rows=tuple((str(i), str(10**i)) for i in range(MOST + 3))).text()
    lines = text.splitlines()
    assert len({len(line) for line in lines[: MOST + 2]}) == 1
    assert lines[-1] == "And 3 more: `asynq-mon review --json` has all."


def seen(level: float, extreme: float, usual: float, *, rising: bool, unit: Unit = Unit.SECONDS) -> Seen:
    about = {"alert": "A", "severity": "warning", "subject": "q", "others": 0, "unit": unit, "fired": 0}
    return Seen(level=level, extreme=extreme, usual=usual, rising=rising, **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "far", "close"),
    [
        (seen(100, 9.9, 1, rising=True), True, False),
        (seen(100, 10, 10, rising=True), False, False),
        (seen(100, 120, 90, rising=True), False, True),
        (seen(100, 120, 89, rising=True), False, False),
        (seen(100, 120, 101, rising=True), False, False),
        (seen(100, 0, 0, rising=True), False, False),
        (seen(0.05, 0.51, 0.6, rising=False), True, False),
        (seen(0.05, 0.5, 0.6, rising=False), False, False),
        (seen(0.9, 0.8, 0.99, rising=False), False, True),
        (seen(0.9, 0.8, 0.89, rising=False), False, False),
        (seen(1, 0, 0, rising=False), False, False),
        (seen(1, 0, 1, rising=False, unit=Unit.COUNT), False, False),
        (seen(10, 11, 10, rising=True, unit=Unit.TASKS), False, True),
    ],
)
def test_when_a_level_is_far_or_close(one: Seen, far: bool, close: bool) -> None:
    assert (one.far, one.close) == (far, close)


def test_when_files_were_last_changed(tmp_path: Path) -> None:
    folder = tmp_path / "monitoring" / "runbooks"
    folder.mkdir(parents=True)
    (folder / "A.md").write_text(f"<!-- {HEADER} -->\nfirst\n")
    (folder / "B.md").write_text("-- a line like a header of a diff\n++ another\nlast\n")
    (folder / "C.md").write_text("c\n")
    committed(tmp_path, "2024-01-01T00:00:00Z")
    (folder / "A.md").write_text(f"<!-- An older {HEADER} -->\n\nfirst\n")
    (folder / "B.md").write_text("last\n")
    committed(tmp_path, "2025-01-01T00:00:00Z")
    (folder / "B.md").write_text("last\n\n\n")
    (folder / "D.md").write_text("not committed\n")

    found = last_changed(tmp_path / "monitoring", "runbooks", lambda line: bool(line.strip()) and HEADER not in line)

    first, second = 1_704_067_200, 1_735_689_600
    assert found == {"runbooks/A.md": first, "runbooks/B.md": second, "runbooks/C.md": first}


def test_a_shallow_clone_has_no_dates(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    whole.mkdir()
    for date in ("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z"):
        (whole / "a.md").write_text(date)
        committed(whole, date)
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{whole}", part], check=True, capture_output=True)
    with pytest.raises(UsageError, match="a shallow clone does not know"):
        last_changed(part, "", bool)
