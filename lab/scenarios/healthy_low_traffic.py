"""A task every few minutes, and now and then one fails once."""

from __future__ import annotations

from lab.acts import repeatedly, steady
from lab.scenario import Kind, Scenario
from lab.stack import Lab


def one_by_one(lab: Lab) -> None:
    """One task; every fourth fails at its first attempt."""
    count = int(lab.now()) % 4
    for worker in lab.workers:
        worker.set(error_rate=1.0 if count == 0 else 0.0)
    lab.producer.burst("critical", "order:pay", 1)
    lab.sleep(10)
    for worker in lab.workers:
        worker.set(error_rate=0.0)


SCENARIO = Scenario(
    title="low traffic, single failures",
    kind=Kind.HEALTHY,
    prepare=steady(0.0),
    lasts="4h",
    act=repeatedly(one_by_one, every=300, times=48),
)
