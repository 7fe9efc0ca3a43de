"""A Prometheus over the demo recording."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from attrs import frozen

from asynq_mon_codegen.build import EMBEDDED, build
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


@contextmanager
def served(folder: Path) -> Iterator[Demo]:
    """One with the rules of the built-in declaration, while the block lasts."""
    bundle = build(EMBEDDED, ("rules",))
    known = recording()
    rules = rules_of({artifact.path: artifact.text for artifact in bundle.artifacts})
    with demo_server(known, bundle.plan, rules, folder) as server:
        yield Demo(server.url, known)
