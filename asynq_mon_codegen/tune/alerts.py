"""Changes an alert of a declaration for everybody."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst
from attrs import evolve, frozen

from asynq_mon_codegen.tune.brackets import added, own_bracket
from asynq_mon_codegen.tune.changes import AlertChange
from asynq_mon_codegen.tune.conditions import changed_condition, with_arguments
from asynq_mon_codegen.tune.holds import changed_hold
from asynq_mon_codegen.tune.literals import number_text
from asynq_mon_codegen.tune.owners import before_alerts, entry_of, monitoring_call
from asynq_mon_codegen.tune.source import Cannot, Source, Splice, argument
from asynq_mon_codegen.tune.writer import Writer

__all__ = ["alert_snippet", "alert_splices"]

_KEYWORDS = ("hold", "when")


def alert_splices(writer: Writer, change: AlertChange) -> list[Splice]:
    """The edits that make the change; none where the declaration says so already.

    Raises:
        Cannot: it cannot be made safely.
    """
    source = writer.source
    monitoring = monitoring_call(source)
    out = _service_level(writer, monitoring, change)
    if out is not None:
        change = evolve(change, when=None)
    out = out or []
    if (change.hold, change.when, change.floor) == (None, None, None):
        return out
    if argument(monitoring, "where") is not None:
        raise Cannot("holds and floors are one for all services of a fleet: change them in fleet.py")
    given = argument(monitoring, "alerts")
    if given is None:
        if any(a.star for a in monitoring.args):
            raise Cannot("the arguments of Monitoring come from elsewhere")
        bracket = own_bracket(source, monitoring)
        return [*out, *added(source, bracket, [f"alerts={_catalogue(writer)}.replace({_changed(writer, change)})"])]
    return [*out, *_in_chain(writer, given.value, change)]


def alert_snippet(writer: Writer, change: AlertChange) -> str:
    """The argument of ``replace()`` with the change, to be pasted."""
    try:
        return _changed(writer, change)
    except Cannot:  # an alert of the team's own: its keywords
        return ", ".join(f"{k}={v}" for k, v in _texts(writer, change).items())


def _catalogue(writer: Writer) -> str:
    return f"{writer.name('asynq')}.ALERTS"


def _texts(writer: Writer, change: AlertChange) -> dict[str, str]:
    out = {} if change.hold is None else {"hold": writer.hold(change.hold)}
    return out if change.when is None else {**out, "when": writer.condition(change.when, change.unit)}


def _changed(writer: Writer, change: AlertChange) -> str:
    """The alert of the catalogue with the change."""
    base = writer.constant(change.alert)
    if change.floor is not None:
        base += f".with_floor({number_text(change.floor)})"
    texts = _texts(writer, change)
    return f"{writer.name('evolve')}({', '.join((base, *(f'{k}={v}' for k, v in texts.items())))})" if texts else base


def _service_level(writer: Writer, monitoring: cst.Call, change: AlertChange) -> list[Splice] | None:
    """The edits of ``thresholds=`` of the service as a whole, which wins over the alert's own condition.

    None where the condition does not belong there: nothing stands there, and the service is none of a fleet.
    """
    source = writer.source
    given = argument(monitoring, "thresholds")
    fleet = argument(monitoring, "where") is not None
    if change.when is None or (given is None and not fleet):
        return None
    if given is None:
        bracket = own_bracket(source, monitoring)
        entry = f"{writer.key(change.alert)}: {writer.condition(change.when, change.unit)}"
        return added(source, bracket, [f"thresholds={{{entry}}}"], before_alerts(monitoring))
    value = source.followed(given.value)
    if not isinstance(value, cst.Dict):
        raise Cannot(f"the thresholds of the service are computed: {' '.join(source.code(value).split())}")
    if isinstance(given.value, cst.Name) and source.uses(given.value.value) > 1:
        raise Cannot(f"thresholds={given.value.value} is shared: a change in it would be one for others too")
    old = entry_of(source, value, change.alert, "thresholds")
    if old is not None:
        return changed_condition(writer, old.value, change.when, change.unit)
    if not fleet:
        return None
    new = f"{writer.key(change.alert, value)}: {writer.condition(change.when, change.unit)}"
    return added(source, own_bracket(source, value), [new])


# -- the chain: asynq.ALERTS.without(...).replace(...).add(...) ------------------------------------------------------


@frozen
class _Link:
    """A call of the chain, ``method(args)``."""

    method: str
    call: cst.Call


def _chain(source: Source, node: cst.BaseExpression) -> tuple[cst.BaseExpression, list[_Link]]:
    """What the chain begins with, and its calls in order; names are followed."""
    links: list[_Link] = []
    while True:
        if isinstance(node, cst.Name):
            meant = source.followed(node)
            if meant is node:
                return node, links[::-1]
            if source.uses(node.value) > 1:
                raise Cannot(f"{node.value} is used in several places: a change in it would be one for all of them")
            node = meant
        match node:
            case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name(value=method))) if method in (
                "replace",
                "without",
                "add",
            ):
                links.append(_Link(method, node))
                node = inner
            case _:
                return node, links[::-1]


def _in_chain(writer: Writer, node: cst.BaseExpression, change: AlertChange) -> list[Splice]:
    source = writer.source
    start, links = _chain(source, node)
    if any(source.alert(arg.value) == change.alert for a in links if a.method == "without" for arg in a.call.args):
        raise Cannot(f"the declaration leaves {change.alert} out")
    found = list(_mentions(source, links, change.alert))
    if len(found) > 1:
        raise Cannot(f"alerts= has {change.alert} more than once")
    if found:
        return _in_alert(writer, found[0], change)
    if source.known(start) != "ALERTS":
        raise Cannot(f"alerts= does not begin with asynq.ALERTS: {' '.join(source.code(start).split())}")
    new = _changed(writer, change)
    last = next((a for a in reversed(links) if a.method == "replace"), None)
    if last is not None:
        bracket = own_bracket(source, last.call)
        return added(source, bracket, [new])
    end = source.span(links[-1].call if links else start)[1]
    return [Splice(end, end, f".replace({new})")]


def _mentions(source: Source, links: list[_Link], alert: str) -> Iterator[cst.BaseExpression]:
    """The arguments of ``replace()`` and ``add()`` that are this alert."""
    for link in links:
        for arg in link.call.args if link.method in ("replace", "add") else ():
            name = "" if arg.star else source.alert(arg.value)
            if name == alert:
                yield arg.value
            elif not name:
                text = " ".join(source.code(arg).split()).rstrip(",")
                raise Cannot(f"{link.method}() holds an alert that only running the file would tell: {text}")


# -- one alert: evolve(asynq.X.with_floor(20), hold="10m") -----------------------------------------------------------


def _in_alert(writer: Writer, node: cst.BaseExpression, change: AlertChange) -> list[Splice]:
    """The edits of the expression that makes the alert."""
    source = writer.source
    layers = list(_layers(source, node))
    out: list[Splice] = []
    if change.floor is not None:
        out += _floor(source, layers, change.floor)
    if change.hold is None and change.when is None:
        return out
    call = next((c for c in layers if isinstance(c, cst.Call) and source.known(c.func) in ("evolve", "Alert")), None)
    if call is None:
        # within the wrapping there may be an edit of the floor: wrap around it by two insertions
        start, end = source.span(node if not isinstance(node, cst.Name) else layers[0])
        texts = ", ".join(f"{k}={v}" for k, v in _texts(writer, change).items())
        return [Splice(start, start, f"{writer.name('evolve')}("), *out, Splice(end, end, f", {texts})")]
    if any(a.star for a in call.args):
        raise Cannot(f"its arguments come from elsewhere: {' '.join(source.code(call).split())}")
    texts_by_name: dict[str, str] = {}
    if change.when is not None:
        old = argument(call, "when")
        if old is None:
            texts_by_name["when"] = writer.condition(change.when, change.unit)
        else:
            out += changed_condition(writer, old.value, change.when, change.unit)
    if change.hold is not None:
        old = argument(call, "hold")
        if old is None:
            texts_by_name["hold"] = writer.hold(change.hold)
        else:
            out += changed_hold(writer, old.value, change.hold)
    ordered = {name: texts_by_name[name] for name in _KEYWORDS if name in texts_by_name}
    return [*out, *with_arguments(source, call, ordered)]


def _layers(source: Source, node: cst.BaseExpression) -> Iterator[cst.BaseExpression]:
    """The calls around the alert, the outermost first, then the alert itself; names are followed."""
    while True:
        if isinstance(node, cst.Name) and (meant := source.followed(node)) is not node:
            if source.uses(node.value) > 1:
                raise Cannot(f"{node.value} is used in several places: a change in it would be one for all of them")
            node = meant
        yield node
        match node:
            case cst.Call(func=cst.Attribute(value=inner, attr=cst.Name(value="with_floor"))):
                node = inner
            case cst.Call(args=[cst.Arg(value=inner, keyword=None), *_]) if source.known(node.func) == "evolve":
                node = inner
            case _:
                return


def _floor(source: Source, layers: list[cst.BaseExpression], floor: float) -> list[Splice]:
    for layer in layers:
        match layer:
            case cst.Call(func=cst.Attribute(attr=cst.Name(value="with_floor")), args=[cst.Arg(value=old)]):
                same = source.value(old)
                return [] if same == floor else [Splice(*source.span(old), number_text(floor))]
            case cst.Call() if argument(layer, "guards") is not None:
                raise Cannot("its guards are written out: change the minimum of the floor there")
    inner = layers[-1]
    if not isinstance(inner, cst.Attribute | cst.Name):
        raise Cannot("its guards are written out: change the minimum of the floor there")
    end = source.span(inner)[1]
    return [Splice(end, end, f".with_floor({number_text(floor)})")]
