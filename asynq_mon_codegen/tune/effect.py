"""Whether an edited declaration can be loaded, and does what was asked for."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import evolve

from asynq_mon_codegen.build import declared
from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.load import LoadError
from asynq_mon_codegen.model import Above, Alert, Below, Monitoring, services_of
from asynq_mon_codegen.tune.changes import AlertChange, Change, HoldChange, LevelChange, OwnChange, WrittenHold
from asynq_mon_codegen.tune.writer import LEVELS

__all__ = ["holds", "verified"]


def verified(path: Path, text: str) -> Monitoring:
    """The declaration that ``text`` would be in place of the file at ``path``.

    It is loaded from a file beside it, which is removed again, so that it finds the modules that stand there.

    Raises:
        LoadError: the text has no usable declaration.
        UsageError: its parts do not fit together, or the folder cannot be written to.
    """
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", newline="", dir=path.absolute().parent, prefix="_", suffix=path.name
        ) as beside:
            beside.write(text)
            beside.flush()
            return _loaded(Path(beside.name), path)
    except OSError as error:
        raise UsageError(f"{path.parent}: cannot be written to: {error.strerror}") from error


def _loaded(beside: Path, path: Path) -> Monitoring:
    """The declaration of one file, which messages call by the name of the other."""
    try:
        return declared(beside)
    except LoadError as error:
        where = error.problem.where.replace(str(beside), str(path))
        raise LoadError(evolve(error.problem, where=where), error.snippet) from error
    except UsageError as error:
        raise UsageError(error.message.replace(str(beside), str(path)), error.hint) from error


def holds(monitoring: Monitoring, changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes that are not in effect in a declaration as :func:`verified` returns it."""
    return tuple(c for c in changes if not _in_effect(monitoring, c))


def _in_effect(monitoring: Monitoring, change: Change) -> bool:
    try:
        alert = monitoring.alerts[change.alert]
    except DeclarationError:
        return False
    return _for_all(monitoring, alert, change) if isinstance(change, AlertChange) else _for_one(monitoring, change)


def _for_one(monitoring: Monitoring, change: OwnChange) -> bool:
    owners = (
        owner
        for one in (monitoring, *services_of(monitoring))
        for owner in (one.queues if change.owner == "queue" else one.task_types)
    )
    own = (dict(getattr(o, change.argument)).get(change.alert) for o in owners if o.name == change.name)
    return any(_says(value, change) for value in own)


def _says(found: object, change: OwnChange) -> bool:
    if isinstance(change, LevelChange):
        return _same(found, change.when)
    if isinstance(change, HoldChange):
        return isinstance(found, tuple) and dict(found) == dict(change.value)
    return found == change.floor


def _for_all(monitoring: Monitoring, alert: Alert, change: AlertChange) -> bool:
    if change.when is not None:
        services = (dict(one.thresholds).get(change.alert) for one in services_of(monitoring))
        if not any(_same(found, change.when) for found in (alert.when, *services)):
            return False
    if change.floor is not None and any(g.minimum not in (None, change.floor) for g in alert.guards):
        return False
    return change.hold is None or _held(alert, change.hold)


def _held(alert: Alert, hold: WrittenHold) -> bool:
    if isinstance(hold, Mapping):
        return all(alert.hold_for(severity) == length for severity, length in hold.items())
    return all(alert.hold_for(severity) == hold for severity in alert.severities())


def _same(found: object, when: Above | Below) -> bool:
    return type(found) is type(when) and all(getattr(found, n) == getattr(when, n) for n in LEVELS)
