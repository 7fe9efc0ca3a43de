"""Tests of output: what is written, what is left alone, and what a crash leaves behind."""

from __future__ import annotations

import fcntl
import json
import os
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from asynq_mon_codegen.artifact import HEADER, Artifact
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.output import MANIFEST, Changes, compare, plan_changes, write


def artifacts(**texts: str) -> tuple[Artifact, ...]:
    """Artifacts from names, ``__`` standing for ``/``."""
    return tuple(Artifact(path=name.replace("__", "/"), text=text) for name, text in texts.items())


def tree(root: Path) -> dict[str, str]:
    """Every file below the folder with its text."""
    return {str(p.relative_to(root)): p.read_text() for p in sorted(root.rglob("*")) if p.is_file()}


def outputs(root: Path) -> dict[str, str]:
    """Every file below the folder but the manifest."""
    return {name: text for name, text in tree(root).items() if name != MANIFEST}


def test_first_run_creates_everything(tmp_path: Path) -> None:
    """The folder itself is created too; the result names what was done."""
    root = tmp_path / "new" / "out"
    changes = write(artifacts(rules__b="B\n", a="é\n"), root)

    assert changes == Changes(created=("a", "rules/b"))
    assert outputs(root) == {"a": "é\n", "rules/b": "B\n"}
    assert sorted(json.loads((root / MANIFEST).read_text())["files"]) == ["a", "rules/b"]


def test_second_run_changes_nothing(tmp_path: Path) -> None:
    """A current folder is not touched, not even the time stamps."""
    write(artifacts(a="A", b="B"), tmp_path)
    before = {p: p.stat().st_mtime_ns for p in [tmp_path, *tmp_path.iterdir()]}

    assert write(artifacts(a="A", b="B"), tmp_path) == Changes(unchanged=("a", "b"))
    assert {p: p.stat().st_mtime_ns for p in [tmp_path, *tmp_path.iterdir()]} == before


def test_plan_and_compare_write_nothing(tmp_path: Path) -> None:
    """Both tell what differs and leave the folder as it is."""
    write(artifacts(a="A", b="B", c="C"), tmp_path)
    before = tree(tmp_path)
    wanted = artifacts(a="A", b="B2", d="D")
    expected = Changes(created=("d",), changed=("b",), removed=("c",), unchanged=("a",))

    assert plan_changes(wanted, tmp_path) == expected
    assert compare(wanted, tmp_path) == expected
    assert expected.stale == ("b", "c", "d")
    assert tree(tmp_path) == before
    assert write(wanted, tmp_path) == expected
    assert compare(wanted, tmp_path).stale == ()


def test_compare_of_a_missing_folder(tmp_path: Path) -> None:
    """Nothing is there, so everything is to be created, and the folder stays missing."""
    assert compare(artifacts(a="A"), tmp_path / "none") == Changes(created=("a",))
    assert not (tmp_path / "none").exists()


def test_lost_manifest_is_drift(tmp_path: Path) -> None:
    """Without its manifest the next run could not find orphans, so its loss shows and is repaired."""
    write(artifacts(a="A"), tmp_path)
    before = tree(tmp_path)
    (tmp_path / MANIFEST).unlink()

    assert compare(artifacts(a="A"), tmp_path) == Changes(created=(MANIFEST,), unchanged=("a",))
    write(artifacts(a="A"), tmp_path)
    assert tree(tmp_path) == before


def test_orphan_goes_with_its_empty_folder(tmp_path: Path) -> None:
    """Folders that hold a foreign file stay."""
    write(artifacts(x__y__old="1", z__old="2", keep="3"), tmp_path)
    (tmp_path / "z" / "foreign").write_text("mine")

    assert write(artifacts(keep="3"), tmp_path).removed == ("x/y/old", "z/old")
    assert outputs(tmp_path) == {"keep": "3", "z/foreign": "mine"}
    assert not (tmp_path / "x").exists()


def test_edited_orphan_is_kept_once(tmp_path: Path) -> None:
    """An orphan that somebody edited is reported, left alone, and from then on foreign."""
    write(artifacts(a="A", b="B"), tmp_path)
    (tmp_path / "b").write_text("edited")

    assert compare(artifacts(a="A"), tmp_path) == Changes(unchanged=("a",), kept=("b",))
    assert write(artifacts(a="A"), tmp_path) == Changes(unchanged=("a",), kept=("b",))
    assert outputs(tmp_path) == {"a": "A", "b": "edited"}
    assert compare(artifacts(a="A"), tmp_path).stale == ()


def test_partial_run_prunes_nothing_and_forgets_nothing(tmp_path: Path) -> None:
    """Writing one kind of output leaves the others listed, so that a later full run still prunes."""
    write(artifacts(a="A", b="B"), tmp_path)

    assert write(artifacts(a="A2"), tmp_path, partial=True) == Changes(changed=("a",))
    assert write(artifacts(a="A2"), tmp_path).removed == ("b",)


def test_foreign_file_is_refused_unless_forced(tmp_path: Path) -> None:
    """A file that is not ours stops the whole run before anything is written."""
    (tmp_path / "b").write_text("mine")
    wanted = artifacts(a="A", b="B")

    assert plan_changes(wanted, tmp_path).refused == ("b",)
    with pytest.raises(UsageError, match="not written by asynq-mon, so not overwritten: b") as caught:
        write(wanted, tmp_path)
    assert "--force" in caught.value.hint
    assert tree(tmp_path) == {"b": "mine"}
    assert write(wanted, tmp_path, force=True) == Changes(created=("a",), changed=("b",))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"# {HEADER}\nold: 1\n", id="it bears our header"),
        pytest.param("B", id="it is already as wanted"),
    ],
)
def test_file_that_is_clearly_ours_is_adopted(tmp_path: Path, text: str) -> None:
    """Without a manifest, the header or equal content shows that a file is ours."""
    (tmp_path / "b").write_text(text)
    write(artifacts(b="B"), tmp_path)

    assert outputs(tmp_path) == {"b": "B"}


def test_edited_output_is_written_anew(tmp_path: Path) -> None:
    """A listed file needs no header: its edit is drift."""
    write(artifacts(a="A"), tmp_path)
    (tmp_path / "a").write_text("edited")

    assert write(artifacts(a="A"), tmp_path) == Changes(changed=("a",))


@pytest.mark.parametrize(
    "path",
    ["../a", "/a", "a/../b", "./a", "a//b", "", "a\\b", "a\0b", "a\nb", "x" * 256, MANIFEST, ".asynq-mon-staging-1/a"],
)
def test_path_must_stay_below_the_folder(tmp_path: Path, path: str) -> None:
    """A path that leaves the folder, or that no file can have, is an error; nothing is written."""
    with pytest.raises(UsageError):
        write([Artifact(path="fine", text=""), Artifact(path=path, text="")], tmp_path)
    assert tree(tmp_path) == {}


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        pytest.param(("a", "a"), "two outputs have this path", id="twice the same"),
        pytest.param(("a", "a/b"), "needs it as a folder", id="file and folder"),
    ],
)
def test_paths_must_not_collide(tmp_path: Path, paths: tuple[str, str], message: str) -> None:
    """Two artifacts cannot stand at one place."""
    with pytest.raises(UsageError, match=message):
        write([Artifact(path=path, text="") for path in paths], tmp_path)


def test_text_must_have_a_utf8_form(tmp_path: Path) -> None:
    """A lone surrogate is an error, not a traceback."""
    with pytest.raises(UsageError, match="no UTF-8 form"):
        write(artifacts(a="\ud800"), tmp_path)


def test_symbolic_links_are_not_followed_out(tmp_path: Path) -> None:
    """Neither a linked folder nor a linked file lets a run write elsewhere."""
    root, outside = tmp_path / "root", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "file").write_text("mine")
    (root / "folder").symlink_to(outside)
    (root / "link").symlink_to(outside / "file")
    (root / "nowhere").symlink_to("nothing")
    (root / "loop").symlink_to("loop")

    for name in ("folder__new", "link", "nowhere__new", "loop__new"):
        with pytest.raises(UsageError, match="symbolic link"):
            write(artifacts(**{name: "x"}), root, force=True)
    assert tree(outside) == {"file": "mine"}


def test_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    """A folder that is a link to another place below the root is fine."""
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    write(artifacts(alias__a="A"), tmp_path)

    assert (tmp_path / "real" / "a").read_text() == "A"


def test_manifest_cannot_make_us_delete_outside(tmp_path: Path) -> None:
    """A manifest from elsewhere is input like any other."""
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "victim").write_text("")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    (root / MANIFEST).write_text(json.dumps({"files": {"../victim": empty}}))

    with pytest.raises(UsageError, match="not a manifest"):
        write(artifacts(a="A"), root)
    assert (tmp_path / "victim").exists()


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"files": {"a": 1}}', '{"files": 3}', "<<<<<<< HEAD\n{}", "\xff"]
)
def test_damaged_manifest_is_told(tmp_path: Path, text: str) -> None:
    """A merge conflict in the manifest stops the run; force, and compare, do without it."""
    write(artifacts(a="A"), tmp_path)
    (tmp_path / MANIFEST).write_bytes(text.encode("latin-1"))

    with pytest.raises(UsageError, match="not a manifest") as caught:
        write(artifacts(a="A"), tmp_path)
    assert "--force" in caught.value.hint
    assert compare(artifacts(a="A"), tmp_path).stale == (MANIFEST,)
    write(artifacts(a="A"), tmp_path, force=True)
    assert compare(artifacts(a="A"), tmp_path).stale == ()


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """Set the umask for one test."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_modes_do_not_depend_on_the_umask(tmp_path: Path) -> None:
    """Files are 0644 and folders 0755, so that Prometheus can read them whoever generated."""
    root = tmp_path / "root"
    write(artifacts(x__y__a="A"), root)

    assert {str(p.relative_to(root)): oct(stat.S_IMODE(p.stat().st_mode)) for p in root.rglob("*")} == {
        MANIFEST: "0o644",
        "x": "0o755",
        "x/y": "0o755",
        "x/y/a": "0o644",
    }


@pytest.mark.parametrize("blocked", ["root", "root/x", "root/x/a"])
def test_obstacle_is_told_and_nothing_changes(tmp_path: Path, blocked: str) -> None:
    """A file in place of a folder, or a folder in place of a file, stops the run first."""
    obstacle = tmp_path / blocked
    obstacle.parent.mkdir(parents=True, exist_ok=True)
    if blocked == "root/x/a":
        obstacle.mkdir()
    else:
        obstacle.write_text("mine")
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(UsageError, match=obstacle.name):
        write(artifacts(b="B", x__a="A"), tmp_path / "root", force=True)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_read_only_folder_is_told(tmp_path: Path) -> None:
    """No permission is one sentence, and nothing changes."""
    write(artifacts(a="A"), tmp_path)
    tmp_path.chmod(0o555)

    with pytest.raises(UsageError, match="Permission denied"):
        write(artifacts(a="A2"), tmp_path)
    tmp_path.chmod(0o755)
    assert outputs(tmp_path) == {"a": "A"}


def test_full_disk_changes_nothing(tmp_path: Path) -> None:
    """The disk is full while staging: the old files stay, the staging folder goes, no new folder stays."""
    write(artifacts(a="A", b="B"), tmp_path)
    before = tree(tmp_path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limit[1]))  # Python ignores SIGXFSZ, so writing fails
    try:
        with pytest.raises(UsageError, match="File too large") as caught:
            write(artifacts(a="A2", b="B" * 100_000, new__c="C"), tmp_path)
        with pytest.raises(UsageError, match="File too large"):
            write(artifacts(b="B" * 100_000), tmp_path / "fresh")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)

    assert caught.value.hint == "nothing was changed"
    assert tree(tmp_path) == before
    assert sorted(p.name for p in tmp_path.iterdir()) == [MANIFEST, "a", "b"]


def test_failure_between_renames_is_repaired(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails after some renames: files are whole, and the next run, with other wishes, cleans up."""
    write(artifacts(a="A", z="Z"), tmp_path)
    replace, left = Path.replace, [3]

    def failing(self: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(5, "Input/output error", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    with pytest.raises(UsageError, match="Input/output error") as caught:
        write(artifacts(a="A2", b="B", c="C"), tmp_path)
    monkeypatch.undo()

    assert "run again" in caught.value.hint
    assert outputs(tmp_path) == {"a": "A", "b": "B", "c": "C", "z": "Z"}
    write(artifacts(a="A3"), tmp_path)
    assert outputs(tmp_path) == {"a": "A3"}


def test_two_runs_at_once(tmp_path: Path) -> None:
    """The second run is told, not queued; nothing of a lock stays behind."""
    descriptor = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(UsageError, match="another asynq-mon is writing here"):
        write(artifacts(a="A"), tmp_path)
    os.close(descriptor)
    write(artifacts(a="A"), tmp_path)

    assert sorted(p.name for p in tmp_path.iterdir()) == [MANIFEST, "a"]


WRITER = """
import sys
from pathlib import Path
from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.output import write

root, generation = Path(sys.argv[1]), 0
print("ready", flush=True)
while True:
    generation += 1
    names = range(generation % 3, 12)
    write([Artifact(path=f"d{n % 3}/f{n}", text=f"{generation}\\n" * 2000) for n in names], root)
"""


def test_killed_runs_leave_whole_files(tmp_path: Path) -> None:
    """However often a run is killed, each file is of one generation, and the next run leaves no trace of it."""
    dice = random.Random(20)
    for _ in range(12):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(dice.uniform(0, 0.06))
            process.send_signal(signal.SIGKILL)
        for path in tmp_path.glob("d*/*"):
            lines = path.read_text().splitlines()
            assert len(lines) == 2000, path
            assert len(set(lines)) == 1, path

    assert write(artifacts(only="one"), tmp_path).kept == ()
    assert outputs(tmp_path) == {"only": "one"}
    assert sorted(p.name for p in tmp_path.iterdir()) == [MANIFEST, "only"]
