"""The one way through: declaration, plan, checks, artifacts. Pure but for reading the declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.beside import both
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.errors import DeclarationError, Problem, UsageError, did_you_mean
from asynq_mon_codegen.generators import alertmanager, rule_tests, rules, runbooks
from asynq_mon_codegen.load import load, load_all, place_in
from asynq_mon_codegen.model import DEFAULT_RECEIVERS, ConflictError, Fleet, Links, Monitoring, merged, tuned
from asynq_mon_codegen.plan import REAL_TIME, Plan, resolve

__all__ = [
    "DEFAULT_FILE",
    "FLEET_FILE",
    "GENERATORS",
    "Bundle",
    "build",
    "declaration_path",
    "declared",
    "open_declaration",
]

DEFAULT_FILE = "monitoring.py"
"""The declaration that is looked for in the current folder."""

FLEET_FILE = "fleet.py"
"""In a folder of declarations the one that says what is common to all."""

EMBEDDED = Path(__file__).parent / "default" / DEFAULT_FILE


def _dashboards(plan: Plan) -> Iterable[Artifact]:
    from asynq_mon_codegen.generators import dashboards  # late: grafanalib is a fifth of what all imports take

    return dashboards.generate(plan)


GENERATORS: Mapping[str, Callable[[Plan], Iterable[Artifact]]] = {
    "rules": rules.generate,
    "tests": rule_tests.generate,
    "alertmanager": alertmanager.generate,
    "dashboards": _dashboards,
    "runbooks": runbooks.generate,
}
"""Every kind of output by the name that ``--only`` takes."""


@frozen(kw_only=True)
class Bundle:
    """A declaration, what was decided from it, what is wrong with it, and the files that it makes."""

    path: Path
    plan: Plan
    problems: tuple[Problem, ...]
    artifacts: tuple[Artifact, ...]


def declaration_path(config: Path | None) -> Path:
    """The declaration to use: the one named, the one in this folder, or the embedded default."""
    if config is not None:
        return config
    here = Path(DEFAULT_FILE)
    return here if here.exists() else EMBEDDED


def open_declaration(path: Path, *, alone: bool = False) -> Plan:
    """Load a declaration, or a folder of them, and resolve it.

    ``alone`` takes a service of a fleet as if there were no other.

    Raises:
        LoadError: a file has no usable declaration.
        UsageError: its parts do not fit together.
    """
    return _resolved(path, declared(path, alone=alone), REAL_TIME)


def _resolved(path: Path, monitoring: Monitoring, time_factor: int) -> Plan:
    try:
        return resolve(monitoring, dashboard_records(monitoring), time_factor=time_factor)
    except DeclarationError as error:
        raise UsageError(f"{path}: error: {error.message}", error.hint) from error


def declared(path: Path, *, alone: bool = False) -> Monitoring:
    """The declaration of a file, or the fleet of a folder: all its files in order, ``fleet.py`` apart.

    Files whose name begins with ``_`` are for the others to import. A single file with ``where`` is a fleet of one,
    with the ``fleet.py`` beside it.

    Raises:
        LoadError: a file has no usable declaration.
        UsageError: declarations contradict each other.
    """
    if path.is_dir() and alone:
        raise UsageError(f"{path} is a folder", "name the file of one service: --config FOLDER/SERVICE.py")
    if path.is_dir():
        return _fleet(path)
    found = load(path, Monitoring)
    try:
        if isinstance(found, Fleet):
            return merged(found)
        if found.where and not alone:
            return merged(_fleet_of_one(path, found))
        if found.where:  # whom the fleet tells of its alerts is another matter
            receivers = {**DEFAULT_RECEIVERS, **dict(found.receivers)}
            found = evolve(found, receivers=receivers, routes=(), links=Links())
        return tuned(found)
    except DeclarationError as error:
        about = error.about if isinstance(error, ConflictError) else ""
        raise UsageError(f"{place_in(path, about)}: error: {error.message}", error.hint) from error


def _fleet(folder: Path) -> Fleet:
    """The declarations of a folder as one fleet."""
    files = sorted(p for p in folder.glob("*.py") if not p.name.startswith("_") and p.name != FLEET_FILE)
    common = folder / FLEET_FILE
    if not files and not common.exists():
        raise UsageError(
            f"{folder}: error: the folder holds no declaration",
            'write one: FOLDER/orders.py with monitoring = Monitoring(service="orders", ...)',
        )
    with_common = (common, *files) if common.exists() else tuple(files)
    found = load_all(with_common, Monitoring)
    places = {id(value): path for value, path in zip(found, with_common, strict=True)}
    services = tuple(found)
    fleet = Fleet(alerts=load(EMBEDDED, Monitoring).alerts)
    if common.exists():
        first, services = found[0], found[1:]
        if not isinstance(first, Fleet):
            raise UsageError(
                f"{place_in(common)}: error: 'monitoring' is a Monitoring, not a Fleet",
                "fleet.py says what is common to all: monitoring = Fleet(identity=..., ...)",
            )
        fleet = first
    for one in services:
        if isinstance(one, Fleet):
            raise UsageError(
                f"{place_in(places[id(one)])}: error: a second Fleet", f"what is common to all stands in {common}"
            )
    try:
        return merged(evolve(fleet, services=(*fleet.services, *services)))
    except DeclarationError as error:
        raise UsageError(*_told(error, folder, places)) from error


def _told(error: DeclarationError, folder: Path, places: Mapping[int, Path]) -> tuple[str, str]:
    """The message with the file and line to change, and in the hint the other place."""
    if not isinstance(error, ConflictError):
        return f"{folder}: error: {error.message}", error.hint
    where = [place_in(places[id(s)], error.about) for s in error.services if id(s) in places]
    other = f"; the other one is {where[1]}" if len(where) > 1 else ""
    return f"{where[0] if where else folder}: error: {error.message}", f"{error.hint}{other}"


def _fleet_of_one(path: Path, found: Monitoring) -> Fleet:
    """The service, and what is common as the ``fleet.py`` beside it says, or as the service itself does."""
    beside = path.parent / FLEET_FILE
    common = load(beside, Monitoring) if beside.exists() and beside != path else None
    if isinstance(common, Fleet):
        return evolve(common, services=(found,))
    identity = found.identity or tuple(label for label, _ in found.where)
    names = ("scrape", "evaluation_interval", "receivers", "links", "metrics", "groups")
    given: dict[str, Any] = {name: getattr(found, name) for name in names}
    return Fleet(identity=identity, alerts=found.alerts, services=(found,), **given)


def build(path: Path, only: Iterable[str] = (), *, time_factor: int = REAL_TIME) -> Bundle:
    """Everything that a declaration makes; artifacts are empty where checks found something.

    ``time_factor`` is for the lab: the checks, which know real scrape intervals, see the declaration as it is.

    Raises:
        LoadError, UsageError: as :func:`open_declaration`; also for an unknown kind in ``only``.
    """
    kinds = tuple(dict.fromkeys(only)) or tuple(GENERATORS)
    for kind in kinds:
        if kind not in GENERATORS:
            raise UsageError(f"--only {kind}: there is no such kind of output", did_you_mean(kind, GENERATORS))
    monitoring = declared(path)
    plan = _resolved(path, monitoring, REAL_TIME)
    problems = registry.run(plan)
    if time_factor != REAL_TIME:
        plan = _resolved(path, monitoring, time_factor)
        kinds = tuple(kind for kind in kinds if kind != "tests")  # a probe knows the real clock only
    artifacts: tuple[Artifact, ...] = ()
    if not problems:
        try:
            artifacts = _made(plan, kinds)
        except DeclarationError as error:
            raise UsageError(f"{path}: error: {error.message}", error.hint) from error
    return Bundle(path=path, plan=plan, problems=problems, artifacts=artifacts)


def _made(plan: Plan, kinds: tuple[str, ...]) -> tuple[Artifact, ...]:
    """The outputs; rule tests take half of the time, so most of them are made beside everything else."""

    def others() -> tuple[Artifact, ...]:
        return tuple(a for kind in kinds if kind != "tests" for a in GENERATORS[kind](plan))

    if "tests" not in kinds:
        return others()
    beside, here = (tuple(g for i, g in enumerate(plan.groups) if (i % 6 != 0) is part) for part in (True, False))
    first, rest = both(lambda: rule_tests.generate(plan, beside), lambda: (*rule_tests.generate(plan, here), *others()))
    return (*first, *rest)
