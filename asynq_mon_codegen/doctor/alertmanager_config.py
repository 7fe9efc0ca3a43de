"""Alertmanager's loaded routes, receivers, inhibitions and mute times are the generated ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.doctor.finding import Finding, Level, counted, listed
from asynq_mon_codegen.doctor.running import Running
from asynq_mon_codegen.duration import duration
from asynq_mon_codegen.errors import DeclarationError
from asynq_mon_codegen.generators import alertmanager

__all__ = ["config"]

_FIX = "deploy the generated alertmanager.yaml, or what you merged of it, and reload Alertmanager"
_TIMINGS = ("group_wait", "group_interval", "repeat_interval")
_SETS = ("matchers", "source_matchers", "target_matchers", "equal")
_OURS = ('component="asynq"', "component=asynq", "component='asynq'")
_SECRET = "<secret>"  # noqa: S105 - what Alertmanager writes instead of one


def config(running: Running) -> Iterator[Finding]:
    """Differences from the generated configuration. Templates and secrets cannot be seen."""
    loaded = running.alertmanager_status.config
    wanted = _generated(alertmanager.generate(running.plan))
    yield Finding(
        level=Level.UNSEEN,
        what="message templates and secrets: Alertmanager's API does not show them, a message of --notify does",
    )
    ours = wanted["route"]["routes"][0]
    found = _our_route(loaded.get("route") or {})
    if found is None:
        yield Finding(
            level=Level.ERROR,
            what='no route takes alerts with component="asynq": they go where the others go',
            where="route",
            fix=f"put the generated route among those of the root, before any that takes its alerts; {_FIX}",
        )
    else:
        yield from _routes(ours, found, 'route component="asynq"')
    yield from _receivers(wanted, loaded)
    yield from _inhibitions(wanted, loaded)
    yield from _mute_times(wanted, loaded)


def _generated(artifacts: Sequence[Artifact]) -> dict[str, Any]:
    text = next(a.text for a in artifacts if a.path == alertmanager.CONFIG)
    return dict(yaml.safe_load(text))


def _our_route(node: Mapping[str, Any]) -> Mapping[str, Any] | None:
    matchers = node.get("matchers") or []
    if len(matchers) == 1 and matchers[0] in _OURS:
        return node
    return next((found for child in node.get("routes") or () if (found := _our_route(child)) is not None), None)


def _routes(ours: Mapping[str, Any], theirs: Mapping[str, Any], where: str) -> Iterator[Finding]:
    for key in dict.fromkeys((*ours, *theirs)):
        if key == "routes":
            continue
        one, other = ours.get(key), theirs.get(key)
        if not _same(key, one, other):
            level = Level.WARNING if key in _TIMINGS else Level.ERROR
            yield Finding(level=level, what=f"{key} is {_told(other)}, declared {_told(one)}", where=where, fix=_FIX)
    mine, running = ours.get("routes") or [], theirs.get("routes") or []
    by_matchers = {_name(route, i): route for i, route in enumerate(running)}
    for i, route in enumerate(mine):
        name = _name(route, i)
        if name in by_matchers:
            yield from _routes(route, by_matchers.pop(name), f"{where} > {name}")
        else:
            yield Finding(
                level=Level.ERROR,
                what=f"the route {name} to {route['receiver']} is not loaded",
                where=where,
                fix=_FIX,
            )
    for name, route in by_matchers.items():
        yield Finding(
            level=Level.WARNING,
            what=f"the route {name} to {route.get('receiver', 'its parent')} is loaded, and nobody declares it",
            where=where,
            fix=f"declare it (routes=Route(...)) or remove it; {_FIX}",
        )


def _name(route: Mapping[str, Any], position: int) -> str:
    """Matchers and receiver, which tell sisters apart; the place for those without matchers."""
    matchers = sorted(map(str, route.get("matchers") or ()))
    return f"{' '.join(matchers)}" if matchers else f"number {position + 1}"


def _same(key: str, one: Any, other: Any) -> bool:
    if key in _TIMINGS and one is not None and other is not None:
        return _seconds(one) == _seconds(other)
    if key in _SETS:
        return sorted(map(str, one or ())) == sorted(map(str, other or ()))
    if key == "group_by":
        return set(one or ()) == set(other or ())
    return bool((one or None) == (other or None))


def _seconds(text: Any) -> float:
    try:
        return duration(str(text)).seconds
    except DeclarationError:
        return -1.0


def _receivers(wanted: Mapping[str, Any], loaded: Mapping[str, Any]) -> Iterator[Finding]:
    there = {one["name"]: one for one in loaded.get("receivers") or ()}
    for receiver in wanted["receivers"]:
        name = receiver["name"]
        if name not in there:
            yield Finding(level=Level.ERROR, what=f"receiver {name} is not loaded", where="receivers", fix=_FIX)
            continue
        if differences := list(_settings(receiver, there[name], "")):
            yield Finding(
                level=Level.ERROR,
                what=f"receiver {name} is another one than declared: {'; '.join(differences)}",
                where=f"receiver {name}",
                fix=_FIX,
            )


def _settings(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    """Where what we generate is not in what is loaded, which has every default filled in."""
    if theirs == _SECRET:
        return
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        # the names of mail headers are printed as MIME writes them
        known = {str(k).lower(): v for k, v in theirs.items()}
        for key, value in ours.items():
            yield from _settings(value, known.get(str(key).lower()), f"{path}.{key}" if path else str(key))
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for i, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from _settings(one, other, f"{path}[{i}]")
    elif ours != theirs and not (ours in (None, "", False) and theirs in (None, "", False)):
        yield f"{path} is {_told(theirs)}, declared {_told(ours)}"


def _inhibitions(wanted: Mapping[str, Any], loaded: Mapping[str, Any]) -> Iterator[Finding]:
    ours = {_rule(rule) for rule in wanted.get("inhibit_rules") or ()}
    theirs = {_rule(rule) for rule in loaded.get("inhibit_rules") or ()}
    if missing := sorted(ours - theirs):
        yield Finding(
            level=Level.WARNING,
            what=f"{len(missing)} of {len(ours)} inhibit rules are not loaded: one incident makes more messages than it"
            f" should ({listed(map(_arrow, missing), 3)})",
            where="inhibit_rules",
            fix=_FIX,
        )
    more = sorted(rule for rule in theirs - ours if 'component="asynq"' in rule[0] + rule[1])
    if more:
        yield Finding(
            level=Level.WARNING,
            what=f"{counted(len(more), 'inhibit rule')} about asynq loaded that nobody declares: "
            f"{listed(map(_arrow, more), 3)}",
            where="inhibit_rules",
            fix=_FIX,
        )


_Inhibition = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _rule(rule: Mapping[str, Any]) -> _Inhibition:
    source, target, equal = (
        tuple(sorted(map(str, rule.get(key) or ()))) for key in ("source_matchers", "target_matchers", "equal")
    )
    return source, target, equal


def _arrow(rule: _Inhibition) -> str:
    shown = [" ".join(m for m in matchers if m not in _OURS) for matchers in rule[:2]]
    return f"{shown[0]} over {shown[1]}"


def _mute_times(wanted: Mapping[str, Any], loaded: Mapping[str, Any]) -> Iterator[Finding]:
    there = {one["name"]: one for key in ("time_intervals", "mute_time_intervals") for one in loaded.get(key) or ()}
    for interval in wanted.get("time_intervals") or ():
        name = interval["name"]
        if name not in there:
            yield Finding(level=Level.ERROR, what=f"mute time {name} is not loaded", where="time_intervals", fix=_FIX)
        elif differences := list(_settings(interval, there[name], "")):
            yield Finding(
                level=Level.WARNING,
                what=f"mute time {name} is another one than declared: {'; '.join(differences)}",
                where="time_intervals",
                fix=_FIX,
            )


def _told(value: Any) -> str:
    return "not set" if value in (None, "", []) else listed(value) if isinstance(value, list) else repr(value)
