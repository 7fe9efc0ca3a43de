"""``asynq-mon doctor``."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from asynq_mon_codegen.build import declaration_path, open_declaration
from asynq_mon_codegen.cli.common import config_option, json_option, print_json, told
from asynq_mon_codegen.cli.connection import connection_options
from asynq_mon_codegen.connection import Connection
from asynq_mon_codegen.errors import UsageError

if TYPE_CHECKING:
    from asynq_mon_codegen.doctor.finding import Finding, Level
    from asynq_mon_codegen.doctor.registry import Diagnosis

_COLOURS = {"error": "red", "warning": "yellow", "note": "blue", "unseen": "magenta"}
_SHOWN_ALERTS = 6


@click.command()
@config_option
@click.option(
    "--fail-on",
    type=click.Choice(["warning", "error"]),
    default="error",
    show_default=True,
    help="The level of findings from which the exit code is 1.",
)
@click.option(
    "--notify",
    "wanted",
    metavar="SEVERITY|RECEIVER",
    multiple=True,
    help="Send Alertmanager a test alert that must reach whom this severity tells, or this receiver; may be repeated.",
)
@json_option
@told
@connection_options("prometheus", "alertmanager", "grafana", required=("prometheus",))
def doctor(
    config: Path | None,
    fail_on: str,
    wanted: tuple[str, ...],
    prometheus: Connection,
    alertmanager: Connection | None,
    grafana: Connection | None,
    as_json: bool,
) -> None:
    """Tell whether the running system is what the declaration says.

    Metrics and labels that rules need, loaded rules, routes and dashboards, targets, queues, versions: each finding
    with the alerts that are blind because of it, and what to do. Only --notify sends anything.

    Exit code 0: healthy, there may be notes. 1: findings. 2: not everything could be examined.
    """
    from asynq_mon_codegen.alertmanager_api import Alertmanager
    from asynq_mon_codegen.doctor import notify
    from asynq_mon_codegen.doctor.finding import Level
    from asynq_mon_codegen.doctor.registry import examine
    from asynq_mon_codegen.doctor.running import Running
    from asynq_mon_codegen.grafana_api import Grafana
    from asynq_mon_codegen.prometheus_api import Prometheus

    plan = open_declaration(declaration_path(config))
    tests = notify.test_alerts(plan, wanted)
    if tests and alertmanager is None:
        raise UsageError("--notify needs an Alertmanager", "--alertmanager URL")
    with contextlib.ExitStack() as stack:
        running = Running(
            plan=plan,
            prometheus=stack.enter_context(Prometheus(prometheus)),
            alertmanager=None if alertmanager is None else stack.enter_context(Alertmanager(alertmanager)),
            grafana=None if grafana is None else stack.enter_context(Grafana(grafana)),
        )
        running.prometheus.query("vector(1)")  # who does not answer at all has nothing to examine
        diagnosis = examine(running)
        if tests and running.alertmanager is not None:
            say = (lambda text: click.echo(text, err=True)) if as_json else click.echo
            diagnosis = diagnosis.with_more("notify", notify.notify(running.alertmanager, tests, say))
    if as_json:
        print_json(_data(diagnosis))
    else:
        _tell(diagnosis)
    sys.exit(_exit_code(diagnosis, Level.WARNING if fail_on == "warning" else Level.ERROR))


def _exit_code(diagnosis: Diagnosis, fail_on: Level) -> int:
    worst = diagnosis.worst()
    if worst is not None and worst <= fail_on:
        return 1
    return 2 if diagnosis.failed else 0


def _data(diagnosis: Diagnosis) -> dict[str, Any]:
    from asynq_mon_codegen.doctor.finding import Level

    return {
        "healthy": not any(diagnosis.count(level) for level in (Level.ERROR, Level.WARNING)),
        "counts": {level.word: diagnosis.count(level) for level in Level},
        "examinations": list(diagnosis.examinations),
        "failed": list(diagnosis.failed),
        "findings": [
            {
                "level": finding.level.word,
                "examination": name,
                "what": finding.what,
                "where": finding.where,
                "alerts": list(finding.alerts),
                "fix": finding.fix,
            }
            for name, finding in diagnosis.findings
        ],
    }


def _tell(diagnosis: Diagnosis) -> None:
    from asynq_mon_codegen.doctor.finding import Level

    for name, finding in diagnosis.findings:
        _tell_one(name, finding)
    counts = [f"{n} {level.word}s" if n != 1 else f"1 {level.word}" for level in Level if (n := diagnosis.count(level))]
    told = ", ".join(counts).replace("unseens", "unseen") or "nothing found"
    click.echo(f"{len(diagnosis.examinations)} examinations: {told}")


def _tell_one(name: str, finding: Finding) -> None:
    from asynq_mon_codegen.doctor.finding import listed

    word = click.style(finding.level.word, fg=_COLOURS[finding.level.word], bold=True)
    click.echo(f"{word}: {finding.what} [{name}]")
    if finding.where:
        click.echo(f"  where: {finding.where}")
    if finding.alerts:
        click.echo(f"  alerts: {listed(finding.alerts, _SHOWN_ALERTS)}")
    if finding.fix:
        click.echo(f"  fix: {finding.fix}")
