"""One Prometheus over the demo recording for all tests of a process, and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from click.testing import CliRunner, Result

from asynq_mon_codegen.build import EMBEDDED, build
from asynq_mon_codegen.cli import main
from asynq_mon_codegen.engine.rules import rules_of
from asynq_mon_codegen.preview.demo import demo_server
from asynq_mon_codegen.preview.recording import Recording, recording


@frozen
class Demo:
    """The address of the Prometheus, and what it holds."""

    url: str
    recording: Recording

    @property
    def range(self) -> tuple[str, ...]:
        """The options for the time that is shown."""
        return ("--from", str(self.recording.shown_from), "--to", str(self.recording.end))


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    bundle = build(EMBEDDED, ("rules",))
    known = recording()
    rules = rules_of({artifact.path: artifact.text for artifact in bundle.artifacts})
    with demo_server(known, bundle.plan, rules, tmp_path_factory.mktemp("demo")) as server:
        yield Demo(server.url, known)


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
