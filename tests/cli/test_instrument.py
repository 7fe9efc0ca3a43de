"""``asynq-mon instrument`` as a user and a script see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from asynq_mon_codegen.cli import main

ROOT = Path(__file__).resolve().parents[2]
DECLARATION = """
from asynq_mon_codegen import Monitoring, Queue, TaskType, asynq
monitoring = Monitoring(queues=Queue("mail"), task_types=TaskType("mail:send"), alerts=asynq.ALERTS)
"""


def instrument(*args: str | Path) -> Result:
    return CliRunner().invoke(main, ["instrument", *(str(a) for a in args)])


def content(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "monitoring.py"
    path.write_text(DECLARATION, encoding="utf-8")
    return path


def test_write_check_and_prune(config: Path, tmp_path: Path) -> None:
    """The first run writes, --check agrees, an edit is drift, files of an option that is gone are removed."""
    out = tmp_path / "internal" / "mailmetrics"
    first = instrument("-c", config, "--out", out, "--package", "mailmetrics", "--otel", "--json")
    assert first.exit_code == 0, first.output
    assert {"metrics.go", "otel.go"} <= set(json.loads(first.stdout)["created"])
    assert "\npackage mailmetrics\n" in (out / "metrics.go").read_text(encoding="utf-8")
    assert '{"mail", "mail:send"},' in (out / "declared.go").read_text(encoding="utf-8")

    args = ("-c", config, "--out", out, "--package", "mailmetrics")
    stale = instrument(*args, "--check")
    assert stale.exit_code == 1
    assert "orphaned  otel.go" in stale.stdout
    assert "run asynq-mon instrument" in stale.stdout
    assert (out / "otel.go").exists()

    assert json.loads(instrument(*args, "--json").stdout)["removed"] == ["otel.go", "otel_test.go"]
    assert instrument(*args, "--check").exit_code == 0
    (out / "own.go").write_text("package mailmetrics\n", encoding="utf-8")
    assert instrument(*args, "--check").exit_code == 0


def test_a_foreign_file_is_not_overwritten(config: Path, tmp_path: Path) -> None:
    """A hand-written file of one of the names stops the run before anything is written; --force does not."""
    out = tmp_path / "pkg"
    out.mkdir()
    (out / "metrics.go").write_text("package pkg\n", encoding="utf-8")

    refused = instrument("-c", config, "--out", out)
    assert refused.exit_code == 2
    assert "not written by asynq-mon, so not overwritten: metrics.go" in refused.stderr
    assert content(out) == {"metrics.go": b"package pkg\n"}

    assert instrument("-c", config, "--out", out, "--force").exit_code == 0


def test_the_folder_of_the_other_outputs(config: Path, tmp_path: Path) -> None:
    """Where `generate` wrote, its files would be taken for orphans: refused."""
    out = tmp_path / "out"
    CliRunner().invoke(main, ["generate", "-c", str(config), "--out", str(out), "--only", "rules"])
    before = content(out)

    refused = instrument("-c", config, "--out", out)

    assert refused.exit_code == 2
    assert "the outputs of `asynq-mon generate` are here" in refused.stderr
    assert content(out) == before != {}


@pytest.mark.parametrize(
    ("args", "says"),
    [
        pytest.param(("--package", "my-metrics"), "--package my-metrics: not a name for a Go package", id="no package"),
        pytest.param(("--package", "type"), "--package type: not a name for a Go package", id="a keyword"),
        pytest.param(("-c", "missing.py"), "missing.py", id="no declaration"),
    ],
)
def test_bad_input(args: tuple[str, ...], says: str, config: Path, tmp_path: Path) -> None:
    """Exit code 2, a sentence, and no folder."""
    out = tmp_path / "out"

    done = instrument("-c", config, "--out", out, *args)

    assert done.exit_code == 2
    assert says in done.stderr
    assert "Traceback" not in done.output
    assert not out.exists()


def test_generate_leaves_a_package_alone(config: Path, tmp_path: Path) -> None:
    """Each command prunes what its manifest lists, so that two in one folder would delete each other's files."""
    package = tmp_path / "asynqmetrics"
    assert instrument("-c", config, "--out", package).exit_code == 0
    before = {path: path.read_bytes() for path in package.rglob("*") if path.is_file()}

    done = CliRunner().invoke(main, ["generate", "--out", str(package)])

    assert done.exit_code == 2
    assert "the Go package of `asynq-mon instrument` is here" in done.stderr
    assert {path: path.read_bytes() for path in package.rglob("*") if path.is_file()} == before


def test_out_is_required() -> None:
    """There is no default folder: a Go package has a place of its own in a module."""
    done = instrument()

    assert done.exit_code == 2
    assert "--out" in done.stderr


def test_the_lab_is_current() -> None:
    """The committed package of the lab is what the command writes now."""
    done = instrument("-c", ROOT / "lab" / "monitoring.py", "--out", ROOT / "lab" / "instrumentation", "--check")

    assert done.exit_code == 0, done.output
