"""Tests of the template environment."""

from __future__ import annotations

from pathlib import Path

import pytest
from jinja2 import UndefinedError

from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.templating import environment, template_folder


def test_built_in_templates_are_found() -> None:
    """A checkout has them beside the package."""
    assert template_folder().is_dir()


def test_override_comes_first_and_is_strict(tmp_path: Path) -> None:
    """A user's template is taken; a name it does not get is an error, not an empty text."""
    (tmp_path / "runbook.md.j2").write_text("  {% if true %}\n<{{ name }}>\n  {% endif %}\n")
    template = environment(tmp_path).get_template("runbook.md.j2")

    assert template.render(name="a & b") == "<a & b>\n"
    with pytest.raises(UndefinedError, match="'name' is undefined"):
        template.render()


def test_override_must_be_a_folder(tmp_path: Path) -> None:
    """A wrong path is told instead of ignored."""
    with pytest.raises(UsageError, match="not a folder of templates"):
        environment(tmp_path / "none")
