"""The Jinja2 environment of all templates, and where they are found."""

from __future__ import annotations

from pathlib import Path

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

from asynq_mon_codegen.errors import UsageError

__all__ = ["environment", "template_folder"]


def template_folder() -> Path:
    """The folder of the built-in templates: inside an installed package, beside the package in a checkout.

    Raises:
        UsageError: the installation lacks them.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "templates", package.parent / "templates"):
        if folder.is_dir():
            return folder
    raise UsageError(f"{package}: the templates are missing", "install asynq-mon-codegen again")


def environment(override: Path | None = None, *, html: bool = False) -> Environment:
    """A strict environment: an undefined name is an error, blocks leave no blank lines; ``html`` escapes for HTML.

    A template in the folder ``override`` takes the place of the built-in one of the same name.

    Raises:
        UsageError: ``override`` is not a folder.
    """
    folders = [template_folder()]
    if override is not None:
        if not override.is_dir():
            raise UsageError(f"{override}: not a folder of templates")
        folders.insert(0, override)
    # Runbooks, Go and Alertmanager templates are not HTML: each generator escapes for its own format.
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in folders]),
        undefined=StrictUndefined,
        autoescape=html,  # noqa: S701
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
