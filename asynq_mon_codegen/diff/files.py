"""The generated files of one side as text by path, wherever they come from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from attrs import frozen

from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.diff.git import files_at, is_revision
from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.files import explained
from asynq_mon_codegen.output import MANIFEST

__all__ = ["DIFFED", "Files", "of_artifacts", "of_folder", "of_name", "of_revision"]

DIFFED = ("rules", "alertmanager", "dashboards", "runbooks")
"""The kinds of output that are compared."""

_COMPARED = re.compile(
    r"rules/[^/]+\.ya?ml|alertmanager/alertmanager\.yaml|alertmanager/templates/[^/]+\.tmpl|dashboards_out/[^/]+\.json"
    r"|runbooks/[^/]+\.md"
)
"""Rule tests follow from the rules, and the table of routes from the routes."""


@frozen(kw_only=True)
class Files:
    """The files of one side; ``name`` says where they are from, ``texts`` are theirs by path."""

    name: str
    texts: Mapping[str, str]

    def place(self, path: str) -> str:
        """How an error message names one of them."""
        return f"{self.name}:{path}"

    def below(self, folder: str) -> Iterable[tuple[str, str, str]]:
        """Path, place and text of each file in one of the output folders."""
        return ((p, self.place(p), text) for p, text in sorted(self.texts.items()) if p.startswith(f"{folder}/"))


def of_artifacts(artifacts: Iterable[Artifact], name: str) -> Files:
    """What a declaration makes."""
    return Files(name=name, texts={a.path: a.text for a in artifacts if _COMPARED.fullmatch(a.path)})


def of_name(name: str, out: Path, *, allow_empty: bool) -> Files:
    """A folder or a git revision, whichever ``name`` is; ``out`` is the folder whose past is meant.

    A name that is both is taken for the folder only if generated files are in it.

    Raises:
        UsageError: it is neither, or has no generated files where it should.
    """
    folder = Path(name)
    if folder.is_dir():
        found = of_folder(folder)
        if found.texts or not is_revision(out, name):
            return found
    return of_revision(name, out, allow_empty=allow_empty)


def of_folder(folder: Path) -> Files:
    """The generated files in a folder, none if it holds none.

    Raises:
        UsageError: it cannot be read.
    """
    with explained(folder, "nothing was compared"):
        if not folder.is_dir():
            raise UsageError(f"{folder}: there is no such folder", "--out is the folder of the generated files")
        texts = {}
        for pattern in ("rules/*", "alertmanager/*", "alertmanager/templates/*", "dashboards_out/*", "runbooks/*"):
            for path in folder.glob(pattern):
                name = path.relative_to(folder).as_posix()
                if _COMPARED.fullmatch(name) and path.is_file():
                    texts[name] = _text(path)
        manifest = folder / MANIFEST
        if manifest.is_file():
            texts[MANIFEST] = _text(manifest)
    return Files(name="this folder" if folder == Path() else str(folder), texts=_ours(texts))


def of_revision(revision: str, out: Path, *, allow_empty: bool) -> Files:
    """The generated files that ``out`` had at a git revision.

    Raises:
        UsageError: no such revision; with ``allow_empty`` unset also where it has no generated files.
    """
    texts = files_at(out, revision, lambda path: path == MANIFEST or bool(_COMPARED.fullmatch(path)))
    ours = _ours(texts)
    if not ours and not allow_empty:
        raise UsageError(
            f"{revision}: no generated files are in {out} at this revision",
            "name the folder they are in with --out, or take it as empty with --allow-empty",
        )
    return Files(name=revision, texts=ours)


def _ours(texts: dict[str, str]) -> dict[str, str]:
    """Without the files that the manifest does not name; all of them where there is no manifest to be read."""
    manifest = texts.pop(MANIFEST, None)
    if manifest is None:
        return texts
    try:
        data = json.loads(manifest)
        named = {*data["files"], *data.get("pending", {})}
    except (ValueError, TypeError, KeyError, AttributeError):
        return texts
    return {path: text for path, text in texts.items() if path in named}


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        raise UsageError(f"{path}: error: not UTF-8", "restore the file from version control") from None
