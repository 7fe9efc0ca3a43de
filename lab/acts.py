"""Things that scenarios do to a lab more than once, each a function of the lab."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lab.stack import NORMAL_TRAFFIC, Lab

__all__ = ["all_workers", "fill_redis", "repeatedly", "restart_workers", "steady", "traffic"]

Act = Callable[[Lab], object]


def all_workers(**knobs: object) -> Act:
    """Turn these knobs of every worker."""

    def act(lab: Lab) -> None:
        for worker in lab.workers:
            worker.set(**knobs)

    return act


def traffic(rates: Mapping[str, Mapping[str, float]]) -> Act:
    """Give these streams these rates, in tasks per real second; others go on."""
    return lambda lab: lab.producer.rates(rates)


def steady(factor_of_normal: float) -> Act:
    """Normal traffic, so many times as much."""
    return traffic(
        {q: {t: rate * factor_of_normal for t, rate in types.items()} for q, types in NORMAL_TRAFFIC.items()}
    )


def fill_redis(lab: Lab) -> None:
    """Scheduled tasks with big payloads, 30 MB in all, and a producer that goes on with such."""
    lab.producer.set(payload_bytes=20_000, delay_seconds={"email:send": 900.0})
    lab.producer.burst("default", "email:send", 1500)


def restart_workers(lab: Lab, pause: float) -> None:
    """Stop and start one worker after the other, as a deploy does; ``pause`` is in production seconds."""
    for worker in lab.workers:
        worker.terminate()
        worker.start()
        lab.sleep(pause)


def repeatedly(act: Act, every: float, times: int) -> Act:
    """Do something ``times`` times, each ``every`` production seconds after the last began."""

    def story(lab: Lab) -> None:
        for _ in range(times):
            began = lab.now()
            act(lab)
            lab.sleep(max(0.0, every - (lab.now() - began) * lab.factor))

    return story
