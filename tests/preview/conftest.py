"""One Prometheus over the demo recording for all tests of a process, and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from asynq_mon_codegen.cli import main
from tests.preview.demo import Demo, served


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    with served(tmp_path_factory.mktemp("demo")) as found:
        yield found


Command = Callable[..., Result]


@pytest.fixture(scope="session")
def command(demo: Demo) -> Command:
    """``asynq-mon preview`` over the demo's Prometheus."""

    def run(*arguments: str | Path) -> Result:
        return CliRunner().invoke(main, ["preview", "--prometheus", demo.url, *demo.range, *map(str, arguments)])

    return run


@pytest.fixture
def boards(tmp_path: Path) -> Callable[..., Path]:
    """A folder of dashboards."""

    def write(**by_name: Mapping[str, Any]) -> Path:
        folder = tmp_path / "boards"
        folder.mkdir()
        for name, board in by_name.items():
            (folder / f"{name}.json").write_text(json.dumps(board), encoding="utf-8")
        return folder

    return write
