"""Sets the condition, hold or floor of one queue or task type in a declaration."""

from __future__ import annotations

import re

import libcst as cst
from attrs import evolve

from asynq_mon_codegen.tune.brackets import added, bracket_of, own_bracket
from asynq_mon_codegen.tune.changes import HoldChange, LevelChange, OwnChange
from asynq_mon_codegen.tune.conditions import changed_condition
from asynq_mon_codegen.tune.holds import changed_floor, changed_hold
from asynq_mon_codegen.tune.literals import number_text
from asynq_mon_codegen.tune.source import UNKNOWN, Cannot, Source, Splice, argument
from asynq_mon_codegen.tune.writer import Writer

__all__ = ["before_alerts", "entry_of", "monitoring_call", "own_snippet", "own_splices"]

_CLASSES = {"queue": "Queue", "task_type": "TaskType"}
_ARGUMENTS = {"queue": "queues", "task_type": "task_types"}
_WORDS = {"queue": "queue", "task_type": "task type"}


def own_splices(writer: Writer, change: OwnChange) -> list[Splice]:
    """The edits that make the change; none where the declaration says so already.

    Raises:
        Cannot: it cannot be made safely.
    """
    source = writer.source
    calls = [c for c in source.calls(_CLASSES[change.owner]) if _name(source, c) == change.name]
    if len(calls) > 1:
        places = " and ".join(str(source.line(c)) for c in calls)
        raise Cannot(f"the {_WORDS[change.owner]} is declared more than once, in lines {places}")
    if calls:
        return _in_call(writer, calls[0], change)
    return _declared(writer, change)


def own_snippet(writer: Writer, change: OwnChange) -> str:
    """What a person may paste: the entry where the owner is declared, else its declaration."""
    calls = tuple(writer.source.calls(_CLASSES[change.owner]))
    if any(_name(writer.source, call) == change.name for call in calls):
        return _argument(writer, change)
    return _new(writer, change, declared=any(_may_be(writer.source, call, change.name) for call in calls))


def monitoring_call(source: Source) -> cst.Call:
    """The call that makes the variable ``monitoring``.

    Raises:
        Cannot: it is not made by one call of ``Monitoring`` or ``Fleet``.
    """
    values = source.assigned.get("monitoring", [])
    value = source.followed(values[0]) if len(values) == 1 and values[0] is not None else None
    if isinstance(value, cst.Call) and source.known(value.func) in ("Monitoring", "Fleet"):
        return value
    raise Cannot("'monitoring' is not assigned once from a call of Monitoring(...)")


def _name(source: Source, call: cst.Call) -> object:
    node = _name_node(call)
    return None if node is None else source.value(node)


def _name_node(call: cst.Call) -> cst.BaseExpression | None:
    given = argument(call, "name")
    if given is not None:
        return given.value
    first = next(iter(call.args), None)
    return first.value if first is not None and first.keyword is None and not first.star else None


# -- a queue that is declared ----------------------------------------------------------------------------------------


def _in_call(writer: Writer, call: cst.Call, change: OwnChange) -> list[Splice]:
    source, keyword = writer.source, change.argument
    given = argument(call, keyword)
    if given is None:
        if any(a.star for a in call.args):
            raise Cannot(f"its arguments come from elsewhere: {' '.join(source.code(call).split())}")
        bracket = own_bracket(source, call)
        return added(source, bracket, [_argument(writer, change)])
    value = given.value
    if isinstance(value, cst.Name):
        meant = source.followed(value)
        if not isinstance(meant, cst.Dict):
            raise Cannot(f"{keyword}={value.value} is not a dict that is written in this file")
        if source.uses(value.value) > 1:
            raise Cannot(f"{keyword}={value.value} is shared: a change in it would be one for others too")
        value = meant
    if isinstance(value, cst.Tuple) and not value.elements:
        return [Splice(*source.span(value), f"{{{_entry(writer, change)}}}")]
    if not isinstance(value, cst.Dict):
        raise Cannot(f"its {keyword} are computed: {' '.join(source.code(value).split())}")
    entry = entry_of(source, value, change.alert, keyword)
    if entry is not None:
        return _changed(writer, entry.value, change)
    return added(source, own_bracket(source, value), [_entry(writer, change, value)])


def _changed(writer: Writer, node: cst.BaseExpression, change: OwnChange) -> list[Splice]:
    """The edits of the value of an entry."""
    if isinstance(change, LevelChange):
        return changed_condition(writer, node, change.when, change.unit)
    if isinstance(change, HoldChange):
        return changed_hold(writer, node, change.hold)
    return changed_floor(writer.source, node, change.floor)


def entry_of(source: Source, node: cst.Dict, alert: str, keyword: str) -> cst.DictElement | None:
    """The entry of the alert in the dict that is the argument ``keyword``.

    Raises:
        Cannot: there are several, or entries of which it cannot be told.
    """
    plain = [e for e in node.elements if isinstance(e, cst.DictElement)]
    found = [e for e in plain if source.alert(e.key) == alert]
    if len(found) > 1:
        raise Cannot(f"{keyword} has {alert} more than once")
    unclear: list[cst.BaseDictElement] = [e for e in node.elements if isinstance(e, cst.StarredDictElement)]
    unclear += [e for e in plain if not source.alert(e.key)]
    if unclear:
        text = " ".join(source.code(unclear[0]).split()).rstrip(",")
        raise Cannot(f"{keyword} holds what only running the file would tell: {text}")
    return found[0] if found else None


def _argument(writer: Writer, change: OwnChange) -> str:
    return f"{change.argument}={{{_entry(writer, change)}}}"


def _entry(writer: Writer, change: OwnChange, beside: cst.Dict | None = None) -> str:
    if isinstance(change, LevelChange):
        value = writer.condition(change.when, change.unit)
    elif isinstance(change, HoldChange):
        value = writer.hold(change.hold)
    else:
        value = number_text(change.floor)
    return f"{writer.key(change.alert, beside)}: {value}"


# -- a queue that is not ---------------------------------------------------------------------------------------------


def _new(writer: Writer, change: OwnChange, *, declared: bool = False) -> str:
    # The queue was not declared before: that it is now must not add an alert for its absence.
    optional = "optional=True, " if change.owner == "queue" and not declared else ""
    name = writer.string(change.name)
    return f"{writer.name(_CLASSES[change.owner])}({name}, {optional}{_argument(writer, change)})"


def _declared(writer: Writer, change: OwnChange) -> list[Splice]:
    """The edits that declare the queue or task type."""
    source = writer.source
    keyword = _ARGUMENTS[change.owner]
    for call in source.calls(_CLASSES[change.owner]):
        if _may_be(source, call, change.name):
            raise Cannot(
                f"line {source.line(call)} may declare the {_WORDS[change.owner]} already: "
                f"{' '.join(source.code(call).split())}"
            )
    monitoring = monitoring_call(source)
    if source.known(monitoring.func) == "Fleet":
        raise Cannot(f"a {_WORDS[change.owner]} belongs to a service, and this file declares a fleet")
    given = argument(monitoring, keyword)
    _check_first(source, given, change)
    new = _new(writer, change)
    if given is None:
        if any(a.star for a in monitoring.args):
            raise Cannot("the arguments of Monitoring come from elsewhere")
        bracket = own_bracket(source, monitoring)
        return added(source, bracket, [f"{keyword}=({new},)"], _behind(monitoring, keyword))
    _check_known(source, given.value, keyword)
    target = source.followed(given.value)
    if isinstance(target, cst.Call):
        start, end = source.span(target)
        return [Splice(start, start, "("), Splice(end, end, f", {new})")]
    found = bracket_of(source, target)
    if found is not None:
        splices = added(source, found, [new])
        return [evolve(s, repeatable=True) for s in splices] if len(splices) == 1 and found.elements else splices
    if isinstance(target, cst.Tuple) and target.elements:
        start, end = source.span(target)
        comma = "" if isinstance(target.elements[-1].comma, cst.Comma) else ","
        return [Splice(start, start, "("), Splice(end, end, f"{comma} {new})")]
    raise Cannot(f"{keyword} is not a tuple or list that is written in this file")


def _check_first(source: Source, given: cst.Arg | None, change: OwnChange) -> None:
    """Raise Cannot where the first that is declared would make an error of others that are named elsewhere."""
    value = None if given is None else source.followed(given.value)
    if value is not None and not (isinstance(value, cst.Tuple | cst.List) and not value.elements):
        return
    keywords = ("queues", "per_queue") if change.owner == "queue" else ("task_types",)
    for call in source.calls("SLO", "TaskType"):
        if any(argument(call, keyword) for keyword in keywords):
            raise Cannot(
                f"no {_WORDS[change.owner]} is declared yet, and line {source.line(call)} names some: "
                "once one is declared, all that are named must be"
            )


def _behind(monitoring: cst.Call, keyword: str) -> int:
    names = [a.keyword.value if a.keyword else "" for a in monitoring.args]
    if keyword == "task_types" and "queues" in names:
        return names.index("queues")
    return before_alerts(monitoring)


def before_alerts(monitoring: cst.Call) -> int:
    """The argument behind which a new one reads best: the one before ``alerts=``, else the last."""
    names = [a.keyword.value if a.keyword else "" for a in monitoring.args]
    return (names.index("alerts") if "alerts" in names else len(names)) - 1


def _may_be(source: Source, call: cst.Call, name: str) -> bool:
    """Whether a call whose name only running the file would tell may make this one."""
    node = _name_node(call)
    if node is None:
        return True
    if source.value(node) is not UNKNOWN:
        return False
    if not isinstance(node, cst.FormattedString):
        return True
    pattern = ""
    for part in node.parts:
        if not isinstance(part, cst.FormattedStringText):
            pattern += ".*"
        elif "r" in node.start.lower() or "\\" not in part.value:
            pattern += re.escape(part.value.replace("{{", "{").replace("}}", "}"))
        else:
            pattern += ".*"
    return re.fullmatch(pattern, name, re.DOTALL) is not None


def _check_known(source: Source, node: cst.BaseExpression, keyword: str) -> None:
    """Raise Cannot where the file does not show all that is declared."""
    meant = source.followed(node)
    match meant:
        case cst.Tuple(elements=elements) | cst.List(elements=elements):
            for element in elements:
                _check_known(source, element.value, keyword)
        case cst.GeneratorExp(elt=inner) | cst.ListComp(elt=inner):
            _check_known(source, inner, keyword)
        case cst.Call() if source.known(meant.func) in _CLASSES.values():
            return
        case _:
            raise Cannot(
                f"{keyword} holds what only running the file would tell: {' '.join(source.code(node).split())}"
            )
