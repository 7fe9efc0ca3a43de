"""Recorded series as Prometheus itself would have recorded them."""

from __future__ import annotations

from pathlib import Path

from asynq_mon_codegen.engine.blocks import Writer, lines_of
from asynq_mon_codegen.engine.recording import Evaluation, record
from asynq_mon_codegen.engine.rules import Rule, RuleSet
from asynq_mon_codegen.engine.server import serving

START = 1_767_232_800
"""Where blocks begin."""


def test_a_series_that_comes_under_two_names_is_recorded_as_one(tmp_path: Path) -> None:
    """Of `a < 5 or b` the left side keeps the name of a, the right one that of b."""
    times = [START + 30 * i for i in range(4)]
    with Writer(tmp_path / "data", 2) as writer:
        a = lines_of('a{q="x"}', list(zip(times, (1, 9, 2, 9), strict=True)))
        b = lines_of('b{q="x"}', [(t, 7) for t in times])
        writer.write([a, b], lambda: None)
    rule = Rule(name="r", expr="a < 5 or b", alerts=False, group="g", interval=30.0)

    evaluation = Evaluation(RuleSet((rule,)), tmp_path / "data", step=30, hours=2)
    record(evaluation, {"r": START}, START + 120, lambda *_: None)

    with serving(tmp_path / "data", step=30, lookback=30) as server:
        (found,) = server.query_range("r", start=times[0], end=times[-1], step=30)
    assert found.labels == (("__name__", "r"), ("q", "x"))
    assert found.points == tuple(zip(map(float, times), (1.0, 7.0, 2.0, 7.0), strict=True))
