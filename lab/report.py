"""What came of a scenario, judged against what it says must, may and must not happen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from attrs import evolve, field, frozen

from asynq_mon_codegen.plan import Plan
from asynq_mon_codegen.routing import timing_of
from lab.letters import notices, over
from lab.messages import Message
from lab.observed import Firing, severe
from lab.scenario import Expected, Scenario
from lab.settings import CHANNELS

__all__ = ["Moments", "Report", "floor_of", "judge"]

_QUIET_AT_THE_END = 300.0
"""Production seconds at the end of a repaired system in which nothing may fire."""


def _texts(value: Iterable[str]) -> tuple[str, ...]:
    return tuple(value)


@frozen(kw_only=True)
class Moments:
    """When what happened, in unix seconds; ``mended`` is None where nothing was repaired."""

    began: float
    broken: float
    mended: float | None
    ended: float


@frozen(kw_only=True)
class Report:
    """The line of one scenario in the detection matrix; all lengths are seconds of production time.

    ``floor`` is the soonest that a message can come: scrape, evaluation, hold and group wait;
    ``fired`` and ``told`` count from the fault. ``letters`` is how many alerts were read in messages and
    compared with the declaration. ``problems`` is empty where all went as it must.
    """

    name: str
    title: str
    kind: str
    seconds: float
    first: str = ""
    threat: str = ""
    floor: float | None = None
    fired: float | None = None
    told: float | None = None
    messages: tuple[str, ...] = field(default=(), converter=_texts)
    letters: int = 0
    notifications: int = 0
    notifications_without_inhibition: int = 0
    fired_alerts: tuple[str, ...] = field(default=(), converter=_texts)
    false_alarms: tuple[str, ...] = field(default=(), converter=_texts)
    problems: tuple[str, ...] = field(default=(), converter=_texts)

    def with_letters(self, read: int, problems: Iterable[str]) -> Report:
        """The same report with what was found in the messages."""
        return evolve(self, letters=read, problems=(*self.problems, *problems))


def floor_of(expected: Expected, plan: Plan) -> float:
    """Scrape, evaluation, hold and group wait of the expected rule, in seconds of production time."""
    rule = next(r for r in plan.alerts if r.name == expected.alert and r.severity is expected.severity)
    monitoring = plan.monitoring
    return (
        monitoring.scrape.interval.seconds
        + monitoring.evaluation_interval.seconds
        + rule.hold.seconds
        + timing_of(expected.severity, monitoring).wait.seconds
    )


def judge(
    name: str,
    story: Scenario,
    moments: Moments,
    found: Sequence[Firing],
    messages: Iterable[Message],
    plan: Plan,
    factor: int,
) -> Report:
    """Compare what was seen with what the scenario says; ``plan`` is in production time."""
    heard = tuple(messages)
    loud = severe(found)
    after = [f for f in loud if f.since >= moments.broken]
    allowed = {e.alert for e in story.must} | set(story.may)
    false_alarms = [f for f in loud if f.label("alertname") not in allowed or f.since < moments.broken]
    told = _slack(heard, inhibited=True)
    problems = [f"false alarm: {f.words}" for f in false_alarms]
    for expected in story.must:
        problems += _missed(expected, after, moments, factor)
    if story.must and story.page:
        problems += _unheard(story, heard, told, resolved=moments.mended is not None)
    if moments.mended is not None:
        still = [f for f in loud if f.until > moments.ended - _QUIET_AT_THE_END / factor]
        problems += [f"still firing after the repair: {f.words}" for f in still]
    report = Report(
        name=name,
        title=story.title,
        kind=story.kind.value,
        seconds=(moments.ended - moments.began) * factor,
        messages=tuple(f"{m.title} +{(m.at - moments.broken) * factor:.0f}s" for m in told),
        notifications=len(told),
        notifications_without_inhibition=len(_slack(heard, inhibited=False)),
        fired_alerts=tuple(dict.fromkeys(_with_time(f, moments, factor) for f in after)),
        false_alarms=tuple(dict.fromkeys(f.words for f in false_alarms)),
        problems=tuple(dict.fromkeys(problems)),
    )
    if not story.must:
        return report
    primary = story.must[0]
    seen = next((f for f in after if primary.matches(dict(f.labels))), None)
    named = next((m for m in told if _names(m, primary)), None)
    return evolve(
        report,
        first=after[0].label("alertname") if after else "",
        threat=after[0].label("threat") if after else "",
        floor=floor_of(primary, plan),
        fired=(seen.since - moments.broken) * factor if seen else None,
        told=(named.at - moments.broken) * factor if named else None,
    )


def _slack(messages: Iterable[Message], *, inhibited: bool) -> list[Message]:
    return [m for m in messages if m.firing and m.inhibited == inhibited and m.channel == "slack"]


def _names(message: Message, expected: Expected) -> bool:
    """Whether a message is about the expected alert, which it has beside its severity in the title."""
    return any((n.alert, n.severity) == (expected.alert, expected.severity.value) for n in notices(message))


def _unheard(story: Scenario, heard: Iterable[Message], told: Sequence[Message], *, resolved: bool) -> Iterator[str]:
    primary = story.must[0]
    if not 1 <= len(told) <= story.most:
        yield f"{len(told)} notifications for one incident, 1 to {story.most} are wanted"
    for channel in CHANNELS[primary.severity]:
        mine = [m for m in heard if m.inhibited and m.channel == channel]
        if not any(_names(m, primary) for m in mine):
            yield f"{channel}: no message names {primary.alert}"
        if resolved and not any(re.search(rf"\b{primary.alert}\b", over(m)) for m in mine):
            yield f"{channel}: no message says that {primary.alert} is over"


def _missed(expected: Expected, found: Iterable[Firing], moments: Moments, factor: int) -> list[str]:
    seen = next((f for f in found if expected.matches(dict(f.labels))), None)
    about = "".join(f", {n}={v}" for n, v in expected.labels)
    words = f"{expected.alert} ({expected.severity.value}, {expected.threat.value}{about})"
    if seen is None:
        return [f"missed: {words}"]
    late = (seen.since - moments.broken) * factor
    return (
        [f"late: {words} after {late:.0f}s, wanted within {expected.within}"] if late > expected.within.seconds else []
    )


def _with_time(firing: Firing, moments: Moments, factor: int) -> str:
    return f"{firing.words} +{(firing.since - moments.broken) * factor:.0f}s"
