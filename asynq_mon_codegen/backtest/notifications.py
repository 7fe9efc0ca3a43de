"""Which notifications Alertmanager would have sent: grouping, inhibition, mute times and repeats over firing alerts.

Routes and inhibition are decided by amlint, which mirrors Alertmanager's own code; when a group is flushed and
what is then worth telling follows `dispatch/dispatch.go` and `notify/notify.go` (`DedupStage`) of Alertmanager.
Compared with a real one in tests/backtest.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from amlint.routing import GROUP_BY_ALL, Inhibitor, Router, RoutingError
from amlint.timeintervals import IntervalError, minutes_on, parse_entry
from attrs import field, frozen

from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.errors import DeclarationError, UsageError

__all__ = ["Notification", "Notifier", "Route"]

_RESOLVED_UNLESS_TOLD = frozenset({"email", "slack", "wechat"})
"""The integrations that Alertmanager does not tell of the end unless it is asked for."""

Alert = int
Spans = tuple[tuple[float, float], ...]


@frozen(kw_only=True)
class Notification:
    """One message: when, in Unix seconds, to whom, and of which alerts (places in the list of firings).

    ``what`` is ``firing``, ``resolved`` or ``repeat`` (nothing new, said again).
    """

    at: float
    receiver: str
    integration: str
    what: str
    firing: tuple[Alert, ...]
    resolved: tuple[Alert, ...]


@frozen(kw_only=True)
class Route:
    """Where an alert ends; times in seconds."""

    path: str
    receiver: str
    group_by: tuple[str, ...]
    wait: float
    interval: float
    repeat: float
    mute: tuple[str, ...]
    active: tuple[str, ...]


@frozen
class Notifier:
    """A configuration of Alertmanager.

    Raises:
        UsageError: Alertmanager would refuse it.
    """

    _router: Any
    _inhibitor: Any
    _integrations: Mapping[str, tuple[tuple[str, bool], ...]]
    _intervals: Mapping[str, tuple[Any, ...]] = field(factory=dict)

    @classmethod
    def of(cls, path: str, text: str) -> Notifier:
        """From the text of a configuration file."""
        try:
            config = yaml.load(text, Loader=yaml.CSafeLoader)
            intervals = (*(config.get("time_intervals") or ()), *(config.get("mute_time_intervals") or ()))
            return cls(
                Router(config["route"]),
                Inhibitor(config.get("inhibit_rules") or ()),
                {str(r["name"]): tuple(_integrations(r)) for r in config["receivers"]},
                {str(i["name"]): tuple(map(parse_entry, i["time_intervals"])) for i in intervals},
            )
        except yaml.YAMLError as error:
            raise UsageError(f"{path}: error: not YAML: {' '.join(str(error).split())}") from None
        except (RoutingError, IntervalError) as error:
            raise UsageError(f"{path}: error: {error}", "amtool check-config tells what is wrong") from None
        except (KeyError, TypeError, AttributeError):
            raise UsageError(
                f"{path}: error: not a configuration of Alertmanager", "amtool check-config tells what is wrong"
            ) from None

    def routes(self, labels: Mapping[str, str]) -> tuple[Route, ...]:
        """Where an alert with these labels ends."""
        return tuple(_route(match) for match in self._router.match(labels))

    def notifications(self, fired: Sequence[Firing], end: float) -> tuple[Notification, ...]:
        """What is sent up to ``end``, in order."""
        inhibited = self._inhibited(fired, end)
        groups: dict[tuple[Route, tuple[tuple[str, str], ...]], list[Alert]] = {}
        for i, firing in enumerate(fired):
            labels = dict(firing.labels)
            for route in self.routes(labels):
                by = sorted(labels) if GROUP_BY_ALL in route.group_by else route.group_by
                groups.setdefault((route, tuple((n, labels.get(n, "")) for n in by)), []).append(i)
        sent = [
            notification
            for (route, _), members in groups.items()
            for notification in self._of_group(route, members, fired, inhibited, end)
        ]
        return tuple(sorted(sent, key=lambda n: (n.at, n.receiver, n.integration)))

    def _of_group(
        self, route: Route, members: list[Alert], fired: Sequence[Firing], inhibited: Mapping[Alert, Spans], end: float
    ) -> Iterator[Notification]:
        logs = {name: _Log() for name, _ in self._integrations.get(route.receiver, ())}
        for at, firing, resolved in _flushes(route, members, fired, end):
            if self._muted(route, at):
                continue
            told = tuple(a for a in firing if not _during(inhibited.get(a, ()), at))
            ended = tuple(a for a in resolved if not _during(inhibited.get(a, ()), at))
            for name, sends_resolved in self._integrations.get(route.receiver, ()) if told or ended else ():
                what = logs[name].notes(at, told, ended, route.repeat, sends_resolved=sends_resolved)
                if what:
                    yield Notification(
                        at=at,
                        receiver=route.receiver,
                        integration=name,
                        what=what,
                        firing=told,
                        resolved=ended if sends_resolved else (),
                    )

    def _muted(self, route: Route, at: float) -> bool:
        if any(self._in(name, at) for name in route.mute):
            return True
        return bool(route.active) and not any(self._in(name, at) for name in route.active)

    def _in(self, name: str, at: float) -> bool:
        for entry in self._intervals.get(name, ()):
            here = dt.datetime.fromtimestamp(at, ZoneInfo(entry.location or "UTC"))
            minute = here.hour * 60 + here.minute
            if any(a <= minute < b for a, b in minutes_on(entry, here.date())):
                return True
        return False

    def _inhibited(self, fired: Sequence[Firing], end: float) -> Mapping[Alert, Spans]:
        """When each alert is inhibited by another that fires at the time."""
        known: dict[tuple[Any, Any], bool] = {}

        def mutes(source: Firing, target: Firing) -> bool:
            key = (source.labels, target.labels)
            if key not in known:
                known[key] = self._inhibitor.inhibited_by(dict(target.labels), [dict(source.labels)]) is not None
            return known[key]

        out: dict[Alert, list[tuple[float, float]]] = {}
        for i, j in _overlapping(fired, end):
            for source, target in ((i, j), (j, i)):
                if mutes(fired[source], fired[target]):
                    out.setdefault(target, []).append((fired[source].start, fired[source].until(end)))
        return {alert: tuple(sorted(spans)) for alert, spans in out.items()}


class _Log:
    """What one integration of one group was told last: Alertmanager's notification log."""

    def __init__(self) -> None:
        self._at: float | None = None
        self._firing: frozenset[Alert] = frozenset()
        self._resolved: frozenset[Alert] = frozenset()

    def notes(
        self, at: float, firing: tuple[Alert, ...], resolved: tuple[Alert, ...], repeat: float, *, sends_resolved: bool
    ) -> str:
        """What is sent, if anything; then it is what was told last."""
        what = self._worth(at, frozenset(firing), frozenset(resolved), repeat, sends_resolved)
        if what:
            self._at, self._firing, self._resolved = at, frozenset(firing), frozenset(resolved)
        return "" if what == "resolved" and not sends_resolved else what

    def _worth(
        self, at: float, firing: frozenset[Alert], resolved: frozenset[Alert], repeat: float, sends_resolved: bool
    ) -> str:
        if self._at is None:
            return "firing" if firing else ""
        if not firing <= self._firing:
            return "firing"
        if not firing:
            return "resolved" if self._firing else ""
        if sends_resolved and not resolved <= self._resolved:
            return "resolved"
        return "repeat" if self._at < at - repeat else ""


def _flushes(
    route: Route, members: list[Alert], fired: Sequence[Firing], end: float
) -> Iterator[tuple[float, tuple[Alert, ...], tuple[Alert, ...]]]:
    """When the group is looked at, with the alerts that fire then and those that ended since."""
    waiting = sorted(members, key=lambda a: fired[a].start)
    inside: list[Alert] = []
    at = float("inf")
    while waiting or inside:
        if not inside:
            at = fired[waiting[0]].start + route.wait
        while waiting and fired[waiting[0]].start <= at:
            inside.append(waiting.pop(0))
        if at >= end:
            return
        firing = tuple(a for a in inside if fired[a].until(end + 1) > at)
        yield at, firing, tuple(a for a in inside if a not in firing)
        inside = list(firing)
        at += route.interval


def _during(spans: Spans, at: float) -> bool:
    return any(a <= at < b for a, b in spans)


def _overlapping(fired: Sequence[Firing], end: float) -> Iterator[tuple[Alert, Alert]]:
    """Pairs that fire at the same time."""
    now: list[tuple[float, Alert]] = []
    for i in sorted(range(len(fired)), key=lambda i: fired[i].start):
        while now and now[0][0] <= fired[i].start:
            heapq.heappop(now)
        for _, other in now:
            yield other, i
        heapq.heappush(now, (fired[i].until(end), i))


def _route(match: Any) -> Route:
    opts = match.opts
    return Route(
        path=".".join(match.path),
        receiver=str(opts.receiver),
        group_by=tuple(opts.group_by),
        wait=_seconds(opts.group_wait),
        interval=_seconds(opts.group_interval),
        repeat=_seconds(opts.repeat_interval),
        mute=tuple(opts.mute_time_intervals),
        active=tuple(opts.active_time_intervals),
    )


def _seconds(text: str) -> float:
    try:
        return duration(text, "a duration").seconds
    except DeclarationError as error:
        raise UsageError(error.message, error.hint) from None


def _integrations(receiver: Mapping[str, Any]) -> Iterable[tuple[str, bool]]:
    for key, several in receiver.items():
        kind = key.removesuffix("_configs")
        if kind == key or not several:
            continue
        for i, one in enumerate(several):
            default = kind not in _RESOLVED_UNLESS_TOLD
            yield (f"{kind}[{i}]" if len(several) > 1 else kind), bool((one or {}).get("send_resolved", default))
