"""The one way through: declaration, plan, checks, artifacts. Pure but for reading the declaration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from attrs import frozen

from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.checks import registry
from asynq_mon_codegen.errors import DeclarationError, Problem, UsageError, did_you_mean
from asynq_mon_codegen.generators import alertmanager, dashboards, rule_tests, rules, runbooks
from asynq_mon_codegen.load import load
from asynq_mon_codegen.model import Monitoring
from asynq_mon_codegen.plan import REAL_TIME, Plan, resolve

__all__ = ["DEFAULT_FILE", "GENERATORS", "Bundle", "build", "declaration_path", "open_declaration"]

DEFAULT_FILE = "monitoring.py"
"""The declaration that is looked for in the current folder."""

EMBEDDED = Path(__file__).parent / "default" / DEFAULT_FILE

GENERATORS: Mapping[str, Callable[[Plan], Iterable[Artifact]]] = {
    "rules": rules.generate,
    "tests": rule_tests.generate,
    "alertmanager": alertmanager.generate,
    "dashboards": dashboards.generate,
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


def open_declaration(path: Path, *, time_factor: int = REAL_TIME) -> Plan:
    """Load a declaration and resolve it; ``time_factor`` is for the lab.

    Raises:
        LoadError: the file has no usable declaration.
        UsageError: its parts do not fit together.
    """
    monitoring = load(path, Monitoring)
    try:
        return resolve(monitoring, dashboard_records(monitoring), time_factor=time_factor)
    except DeclarationError as error:
        raise UsageError(f"{path}: error: {error.message}", error.hint) from error


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
    plan = open_declaration(path)
    problems = registry.run(plan)
    if time_factor != REAL_TIME:
        plan = open_declaration(path, time_factor=time_factor)
        kinds = tuple(kind for kind in kinds if kind != "tests")  # a probe knows the real clock only
    artifacts: tuple[Artifact, ...] = ()
    if not problems:
        try:
            artifacts = tuple(a for kind in kinds for a in GENERATORS[kind](plan))
        except DeclarationError as error:
            raise UsageError(f"{path}: error: {error.message}", error.hint) from error
    return Bundle(path=path, plan=plan, problems=problems, artifacts=artifacts)
