"""Compares artifacts with a folder and writes them so that no crash leaves half a file.

The order of a write: everything new goes to a staging folder on the same file system and to the
disk; a manifest that names both the old and the new files is put in place; the new files are
renamed over the old; orphans are removed; the final manifest closes the run. Whatever moment the
process dies at, each file is whole, old or new, and the next run knows which files are ours.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

from attrs import frozen

from asynq_mon_codegen.artifact import HEADER, Artifact, json_text
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.files import (
    STAGING,
    clear_staging,
    explained,
    locked,
    make_folder,
    obstacle,
    read,
    remove_empty_parents,
    sync_folder,
    write_synced,
    wrong_path,
)

__all__ = ["MANIFEST", "Changes", "compare", "plan_changes", "write", "written"]

MANIFEST = ".asynq-mon-manifest.json"
"""Name, below the output folder, of the list of files that the last run wrote."""

_MARK = HEADER.split(" Change ", maxsplit=1)[0].encode()
_MARK_WITHIN = 1024


@frozen(kw_only=True)
class Changes:
    """What a run does to the folder; each field holds sorted paths relative to it.

    ``kept`` are orphans that somebody edited: they are left alone and are no longer ours.
    ``refused`` are files that are in the way and not ours: only ``force`` overwrites them.
    """

    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def stale(self) -> tuple[str, ...]:
        """Every path that is not as it should be; empty when the folder is current."""
        return tuple(sorted({*self.created, *self.changed, *self.removed, *self.kept, *self.refused}))

    def kinds(self) -> dict[str, tuple[str, ...]]:
        """The changes that a run makes, and the orphans that it keeps, by kind."""
        return {"created": self.created, "changed": self.changed, "removed": self.removed, "kept": self.kept}


@frozen(kw_only=True)
class _Decision:
    """The changes, the bytes that they need and the manifest that closes the run."""

    changes: Changes
    content: Mapping[str, bytes]
    before: Mapping[str, str]
    after: Mapping[str, str]


def plan_changes(artifacts: Iterable[Artifact], root: Path, *, force: bool = False, partial: bool = False) -> Changes:
    """What :func:`write` would do, without doing it.

    With ``partial`` the artifacts are only some of all: files of the others are not orphans.

    Raises:
        UsageError: a path leaves ``root``, is there twice or is blocked; a file cannot be read.
    """
    with explained(root, "nothing was changed"):
        return _decide(tuple(artifacts), root, force=force, partial=partial).changes


def compare(artifacts: Iterable[Artifact], root: Path, *, partial: bool = False) -> Changes:
    """How ``root`` differs from ``artifacts``; current when ``Changes.stale`` is empty. Writes nothing.

    Raises:
        UsageError: as :func:`plan_changes`.
    """
    return plan_changes(artifacts, root, force=True, partial=partial)


def write(artifacts: Iterable[Artifact], root: Path, *, force: bool = False, partial: bool = False) -> Changes:
    """Make ``root`` hold ``artifacts``: write what differs, remove our own orphans, touch nothing else.

    With ``force`` a foreign file in the way is overwritten; ``partial`` is as in :func:`plan_changes`.

    Raises:
        UsageError: a foreign file is in the way, another run is writing, or the disk says no.
    """
    wanted = tuple(artifacts)
    made: list[Path] = []
    with explained(root, "nothing was changed"):
        try:
            make_folder(root, made)
            with locked(root):
                clear_staging(root)
                decision = _decide(wanted, root, force=force, partial=partial)
                if decision.changes.refused:
                    raise _refusal(root, decision.changes.refused)
                if decision.changes.stale:
                    _apply(decision, root, made)
        except BaseException:
            for folder in reversed(made):
                with contextlib.suppress(OSError):
                    folder.rmdir()
            raise
    return decision.changes


def written(root: Path) -> tuple[str, ...]:
    """The files in ``root`` that an earlier run wrote, by its manifest; none where that cannot be read."""
    with explained(root, "nothing was changed"):
        return tuple(sorted(_read_manifest(root, lenient=True)))


def _decide(artifacts: Sequence[Artifact], root: Path, *, force: bool, partial: bool) -> _Decision:
    """Sort every path into one kind of change, from the folder as it is now."""
    content = _encoded(artifacts)
    before = _read_manifest(root, lenient=force)
    kinds: dict[str, list[str]] = {
        "created": [],
        "changed": [],
        "removed": [],
        "unchanged": [],
        "kept": [],
        "refused": [],
    }
    for path, data in content.items():
        if blocked := obstacle(root, path):
            raise UsageError(f"{root / path}: {blocked}", "nothing was changed")
        old = read(root / path)
        if old is None:
            kind = "created"
        elif old == data:
            kind = "unchanged"
        elif path in before or force or _MARK in old[:_MARK_WITHIN]:
            kind = "changed"
        else:
            kind = "refused"
        kinds[kind].append(path)
    after = {path: _digest(data) for path, data in content.items()}
    for path in before.keys() - content.keys():
        if partial:
            after[path] = before[path]
        elif os.path.lexists(root / path):
            kinds["removed" if _holds(root, path, before[path]) else "kept"].append(path)
    manifest = _manifest_text(after)
    current = read(root / MANIFEST)
    if current != manifest and not any(kinds[kind] for kind in kinds if kind != "unchanged"):
        kinds["created" if current is None else "changed"].append(MANIFEST)
    changes = Changes(**{kind: tuple(sorted(paths)) for kind, paths in kinds.items()})
    return _Decision(changes=changes, content=content, before=before, after=after)


def _apply(decision: _Decision, root: Path, made: list[Path]) -> None:
    """Carry the decision out: stage, rename, remove, close."""
    changes = decision.changes
    paths = [path for path in (*changes.created, *changes.changed) if path != MANIFEST]
    staging = Path(tempfile.mkdtemp(prefix=STAGING, dir=root))
    try:
        staging.chmod(0o700)  # a umask may have taken our own rights
        during = _manifest_text(decision.before, pending={path: decision.after[path] for path in paths})
        for number, path in enumerate(paths):
            write_synced(staging / str(number), decision.content[path])
        write_synced(staging / "during", during)
        write_synced(staging / "after", _manifest_text(decision.after))
        for path in paths:
            make_folder((root / path).parent, made)
        with explained(root, "files are whole, but old and new ones are mixed; run again to complete"):
            (staging / "during").replace(root / MANIFEST)
            sync_folder(root)
            for number, path in enumerate(paths):
                (staging / str(number)).replace(root / path)
            for path in changes.removed:
                (root / path).unlink(missing_ok=True)
                remove_empty_parents(root, path)
            for folder in {(root / path).parent for path in paths}:
                sync_folder(folder)
            (staging / "after").replace(root / MANIFEST)
            sync_folder(root)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _encoded(artifacts: Sequence[Artifact]) -> dict[str, bytes]:
    """The bytes of each path; a path must stay below the root, be there once and be no other's folder."""
    content: dict[str, bytes] = {}
    for artifact in artifacts:
        if wrong := wrong_path(artifact.path):
            raise UsageError(f"{artifact.path!r}: {wrong}")
        if artifact.path in content:
            raise UsageError(f"{artifact.path}: two outputs have this path")
        try:
            content[artifact.path] = artifact.text.encode("utf-8")
        except UnicodeEncodeError as error:
            raise UsageError(f"{artifact.path}: the text has no UTF-8 form: {error.reason}") from error
    for path in content:
        for folder in PurePosixPath(path).parents:
            if str(folder) in content:
                raise UsageError(f"{folder}: one output has this path and {path} needs it as a folder")
    return content


def _read_manifest(root: Path, *, lenient: bool) -> dict[str, str]:
    """Path and digest of each file that is ours; a run that was cut short is taken into account."""
    text = read(root / MANIFEST)
    if text is None:
        return {}
    try:
        data = json.loads(text)
        files, pending = dict(data["files"]), dict(data.get("pending", {}))
        for path, digest in [*files.items(), *pending.items()]:
            if wrong_path(path) or not re.fullmatch("[0-9a-f]{64}", digest):
                raise ValueError(f"entry {path!r}")
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        if lenient:
            return {}
        hint = "restore it from version control, or run with --force to write it anew"
        raise UsageError(f"{root / MANIFEST}: not a manifest: {error}", hint) from error
    return files | {path: digest for path, digest in pending.items() if _holds(root, path, digest)}


def _holds(root: Path, path: str, digest: str) -> bool:
    """Whether the file is there with this content."""
    if obstacle(root, path):
        return False
    data = read(root / path)
    return data is not None and _digest(data) == digest


def _manifest_text(files: Mapping[str, str], pending: Mapping[str, str] | None = None) -> bytes:
    """The manifest in its one form, so that equal content is equal bytes."""
    data: dict[str, object] = {"files": dict(files), "note": HEADER}
    if pending:
        data["pending"] = dict(pending)
    return json_text(data).encode()


def _refusal(root: Path, refused: Sequence[str]) -> UsageError:
    """The error for foreign files in the way."""
    shown = ", ".join(refused[:5]) + (f" and {len(refused) - 5} more" if len(refused) > 5 else "")
    return UsageError(
        f"{root}: not written by asynq-mon, so not overwritten: {shown}",
        "move them away, choose another output folder, or run with --force to overwrite them",
    )


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
