"""Two sets of generated files, one report."""

from __future__ import annotations

from asynq_mon_codegen.diff.alertmanager import read_alerting
from asynq_mon_codegen.diff.alerts import compare_alerts, renames
from asynq_mon_codegen.diff.changes import Report
from asynq_mon_codegen.diff.dashboards import compare_dashboards, read_dashboards
from asynq_mon_codegen.diff.files import Files
from asynq_mon_codegen.diff.inhibitions import compare_inhibitions
from asynq_mon_codegen.diff.receivers import compare_receivers
from asynq_mon_codegen.diff.recordings import compare_recordings, renamed_recordings
from asynq_mon_codegen.diff.routes import compare_routes
from asynq_mon_codegen.diff.rules import read_rules
from asynq_mon_codegen.diff.runbooks import compare_messages, compare_runbooks

__all__ = ["compare"]


def compare(old: Files, new: Files) -> Report:
    """Everything that changes for people from ``old`` to ``new``.

    Raises:
        UsageError: a file cannot be read for what it should be.
    """
    rules = read_rules(old), read_rules(new)
    boards = read_dashboards(old), read_dashboards(new)
    alerting = read_alerting(old), read_alerting(new)
    series = renamed_recordings(rules[0].recordings, rules[1].recordings)
    before, after = rules[0].with_series(series).alerts, rules[1].alerts
    names = renames(before, after)
    here = {names.get(r.name, r.name) for r in before}, {r.name for r in after}
    identity = (*alerting[0].identity, *alerting[1].identity)
    return Report(
        old=old.name,
        new=new.name,
        changes=(
            *compare_alerts(before, after, identity),
            *compare_routes(*alerting, (before, after), names),
            *compare_inhibitions(*alerting, names, here[0] ^ here[1]),
            *compare_receivers(*alerting),
            *compare_recordings((rules[0], boards[0]), (rules[1], boards[1]), series),
            *compare_dashboards(*boards, series),
            *compare_runbooks(old, new),
            *compare_messages(old, new),
        ),
    )
