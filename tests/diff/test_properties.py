"""Whatever is declared: no difference to itself, and the same differences from either side."""

from __future__ import annotations

from collections import Counter

from attrs import evolve
from hypothesis import HealthCheck, Phase, given, settings

from asynq_mon_codegen import Alerts, Monitoring, asynq
from asynq_mon_codegen.diff.changes import Change, Kind
from asynq_mon_codegen.diff.compare import compare
from asynq_mon_codegen.diff.markdown import LIMIT, markdown_of
from tests.diff.sides import declared
from tests.strategies import monitorings

WAITING = Alerts(tuple(a for a in asynq.ALERTS if a.group == "waiting"))
SETTINGS = settings(
    max_examples=15, deadline=None, derandomize=True, phases=(Phase.generate,), suppress_health_check=list(HealthCheck)
)


def known(changes: tuple[Change, ...]) -> Counter[Change]:
    """Changes that are told by the same subject from both sides; a rename is told by its new name."""
    renamed = {name for c in changes if c.kind is Kind.RENAMED for name in (c.before, c.after)}
    return Counter(c for c in changes if c.subject not in renamed)


@given(monitorings(WAITING), monitorings(WAITING))
@SETTINGS
def test_either_side(one: Monitoring, other: Monitoring) -> None:
    """What is added from one side is removed from the other, quieter is louder; equal sides do not differ."""
    # with another identity every series has another name, and old expressions are told with the new names
    left, right = declared(one), declared(evolve(other, identity=one.identity))
    there, back = compare(left, right), compare(right, left)

    assert compare(left, declared(one)).changes == ()
    assert known(there.changes) == known(tuple(c.reversed() for c in back.changes))
    assert len(markdown_of(there).encode()) <= LIMIT
