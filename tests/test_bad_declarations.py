"""Every bad declaration stands beside the exact text that its author reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from asynq_mon_codegen.cli import main

FOLDER = Path(__file__).parent / "declarations_with_errors"
FILES = sorted(FOLDER.glob("*.py"))


@pytest.mark.parametrize("file", [pytest.param(f, id=f.stem.replace("_", " ")) for f in FILES])
def test_the_author_reads_what_is_wrong(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends with 2, says where, what and how to put it right, and writes nothing.

    ``UPDATE_GOLDEN=1`` rewrites the expected texts; read the diff.
    """
    monkeypatch.chdir(FOLDER)
    out = tmp_path / "out"

    done = CliRunner().invoke(main, ["generate", "--config", file.name, "--out", str(out)])

    expected = file.with_suffix(".txt")
    if os.environ.get("UPDATE_GOLDEN"):
        expected.write_text(done.stderr, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == done.stderr
    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not out.exists()


def test_every_text_has_its_declaration() -> None:
    """No expected text is left over, and the kinds are many."""
    assert {f.stem for f in FOLDER.glob("*.txt")} == {f.stem for f in FILES}
    assert len(FILES) >= 36
