"""Files of a git revision, read from the object store: the work tree is never touched."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

from asynq_mon_codegen.errors import UsageError

__all__ = ["files_at", "is_revision", "last_changed"]

_FILE_MODES = (b"100644", b"100755")
_TIMEOUT_SECONDS = 60


def is_revision(folder: Path, revision: str) -> bool:
    """Whether the repository that holds the folder knows a commit by this name; False where there is none."""
    try:
        return bool(_commit(folder, revision))
    except UsageError:
        return False


def files_at(folder: Path, revision: str, wanted: Callable[[str], bool]) -> dict[str, str]:
    """The text of the files that ``folder`` had at that revision; paths are relative to it.

    Raises:
        UsageError: there is no git, no repository or no such revision, or a file is not UTF-8.
    """
    commit = _commit(folder, revision)
    prefix = _git(folder, "rev-parse", "--show-prefix").decode("utf-8", "surrogateescape").rstrip("\n")
    tree = f"{commit}:{prefix.rstrip('/')}" if prefix else commit
    done = _run(folder, "ls-tree", "-r", "-z", "--full-tree", tree)
    if done.returncode:  # the folder did not exist then
        return {}
    blobs: dict[str, str] = {}
    for entry in done.stdout.split(b"\0"):
        about, tab, name = entry.partition(b"\t")
        mode, _, rest = about.partition(b" ")
        path = name.decode("utf-8", "surrogateescape")
        if tab and mode in _FILE_MODES and wanted(path):
            blobs[path] = rest.partition(b" ")[2].decode()
    return {path: _text(data, f"{revision}:{prefix}{path}") for path, data in _contents(folder, blobs).items()}


def last_changed(folder: Path, below: str, counts: Callable[[str], bool]) -> dict[str, float]:
    """When each file below ``folder/below`` was last changed by a commit, in Unix seconds, newest first.

    Only lines that ``counts`` says yes to are a change; files that are not there any more are told too.

    Raises:
        UsageError: there is no git, no repository or no commit, or the clone is shallow.
    """
    if not is_revision(folder, "HEAD"):
        where = "this folder" if folder == Path() else str(folder)
        raise UsageError(f"{where} is in no git repository with a commit, or git is not installed", "see: git status")
    if _git(folder, "rev-parse", "--is-shallow-repository").strip() == b"true":
        raise UsageError("a shallow clone does not know when files were changed", "in CI: fetch-depth: 0")
    form = (
        "--format=%x01%ct",
        "--patch",
        "--unified=0",
        "--no-color",
        "--no-ext-diff",
        "--no-textconv",
        "--no-renames",
    )
    told = _git(folder, "-c", "core.quotePath=false", "log", *form, "--relative", "HEAD", "--", below)
    out: dict[str, float] = {}
    for at, path, line in _lines(told.decode("utf-8", "replace")):
        if path not in out and counts(line):
            out[path] = at
    return out


def _lines(log: str) -> Iterator[tuple[float, str, str]]:
    """The lines of a log that were taken out or put in, each with the time and the file."""
    at, path, left = 0.0, "", 0
    for line in log.split("\n"):
        if left and line[:1] in ("+", "-"):
            left -= 1
            yield at, path, line[1:]
        elif line.startswith("\x01"):
            at = float(line[1:])
        elif line.startswith(("--- a/", "+++ b/")):
            path = line[6:].rstrip("\t")
        elif hunk := _HUNK.match(line):
            left = sum(int(n or 1) for n in hunk.groups())


_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@")


def _commit(folder: Path, revision: str) -> str:
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder", "--out is the folder of the generated files")
    inside = _run(folder, "rev-parse", "--is-inside-work-tree")
    said = inside.stderr.decode("utf-8", "replace").strip()
    if inside.returncode and "not a git repository" not in said:
        raise UsageError(f"{folder}: git says: {said.splitlines()[0] if said else 'nothing'}", "see: git status")
    if inside.stdout.strip() != b"true":
        raise UsageError(
            f"{folder} is not in a git repository, so {revision!r} cannot be a revision of it",
            "name a folder of generated files, or run this in the repository that holds them",
        )
    done = _run(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if done.returncode or not revision:
        raise UsageError(
            f"{revision!r} is neither a folder nor a revision that this repository has",
            "see: git log, git branch --all; a shallow clone has few of them: git fetch origin main "
            "(in CI: fetch-depth: 0)",
        )
    return done.stdout.decode().strip()


def _contents(folder: Path, blobs: dict[str, str]) -> dict[str, bytes]:
    """The content of each object, by path, through one process."""
    out: dict[str, bytes] = {}
    data = _git(folder, "cat-file", "--batch", stdin="".join(f"{name}\n" for name in blobs.values()).encode())
    at = 0
    for path in blobs:
        end = data.index(b"\n", at)
        size = int(data[at:end].rsplit(b" ", 1)[1])
        out[path] = data[end + 1 : end + 1 + size]
        at = end + 1 + size + 1
    return out


def _text(data: bytes, place: str) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{place}: error: not UTF-8", "restore the file from version control") from None


def _git(folder: Path, *args: str, stdin: bytes = b"") -> bytes:
    done = _run(folder, *args, stdin=stdin)
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip()
        raise UsageError(f"git {args[0]} failed in {folder}: {said}", "see: git status")
    return done.stdout


def _run(folder: Path, *args: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *args],  # noqa: S607
            input=stdin,
            capture_output=True,
            env={**os.environ, "LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0"},
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise UsageError("there is no git on this machine", "install git, or name a folder instead") from None
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"git {args[0]} took longer than {_TIMEOUT_SECONDS} s in {folder}", "see: git status"
        ) from None
