"""Tasks are given up: what reaches the archive (dead letters), and when the archive starts to lose them."""

from __future__ import annotations

from asynq_mon_codegen.catalog.metrics.instrumentation import TASK_OUTCOMES
from asynq_mon_codegen.catalog.probes import archive as probes
from asynq_mon_codegen.catalog.records import ARCHIVED
from asynq_mon_codegen.catalog.runbooks import archive as runbooks
from asynq_mon_codegen.model import Above, Alert, Signal, Threat, Unit
from asynq_mon_codegen.promql import Record

GROUP = "archive"

# Measured from the lowest level of the window, not from its first one: after an operator has emptied the
# archive, new tasks count at once; a gap in the series (Redis or the exporter was away) changes nothing.
ARCHIVE_GROWTH = Record(
    metric="asynq_tasks_archived",
    operations="growth30m",
    by="queue",
    expr=ARCHIVED - ARCHIVED.min_over("30m"),
    help="Tasks in the archive above its lowest level within 30 minutes.",
)
COUNTED = Record(
    metric="asynq_task_archived",
    operations="increase30m",
    by="queue",
    expr=TASK_OUTCOMES.where(outcome="archived").increase("30m").sum(by="queue"),
    help="Tasks that workers archived within 30 minutes, as they count themselves.",
)

# Whichever knows more: the workers' counter goes on when the archive is full or is being emptied, the gauge
# sees what no middleware does (the recoverer archives tasks whose worker died) and needs no instrumentation.
NEWLY_ARCHIVED = Signal(
    title="Tasks archived within 30 minutes",
    expr=ARCHIVE_GROWTH.higher_of(COUNTED).or_(COUNTED),
    unit=Unit.TASKS,
    description="The growth of the archive or the workers' own count, whichever is higher.",
)
NEWLY_ARCHIVED_BY_TYPE = Signal(
    title="Tasks archived within 30 minutes, by task type",
    expr=TASK_OUTCOMES.where(outcome="archived").increase("30m").sum(by=("queue", "task_type")),
    unit=Unit.TASKS,
    description="As the workers count them; tasks whose worker died are archived by asynq itself and not counted.",
)
IN_ARCHIVE = Signal(
    title="Tasks in the archive",
    expr=ARCHIVED,
    unit=Unit.TASKS,
    description="Dead letters. asynq keeps 9,999 per queue for 90 days and deletes the oldest beyond.",
)

TASKS_ARCHIVED = Alert(
    name="AsynqTasksArchived",
    group=GROUP,
    threat=Threat.TASK_ERRORS,
    signal=NEWLY_ARCHIVED,
    # one is enough: whatever is archived is never run again unless somebody does it by hand
    when=Above(warning=0, critical=50),
    longest_hold="0s",
    # a task every now and then is one notification, not one for each
    keep_firing_for="30m",
    summary="Tasks were given up and archived",
    description="Queue {queue} moved {value} to its archive within 30 minutes (threshold {threshold}): their last "
    "attempt failed, and asynq will not run them again by itself.",
    dashboard="asynq-queue",
    probe=probes.TASKS_ARCHIVED,
    runbook=runbooks.TASKS_ARCHIVED,
)

ARCHIVE_NEARLY_FULL = Alert(
    name="AsynqArchiveNearlyFull",
    group=GROUP,
    threat=Threat.DATA_LOSS,
    signal=IN_ARCHIVE,
    # 80 % and 95 % of 10,000; the gauge never shows 10,000 itself, asynq trims to 9,999
    when=Above(warning=8_000, critical=9_500),
    hold="5m",
    summary="The archive is nearly full; asynq deletes the oldest dead tasks without a trace",
    description="The archive of queue {queue} holds {value} (threshold {threshold}). At 9999 each newly archived task "
    "silently deletes the oldest one.",
    dashboard="asynq-queue",
    probe=probes.ARCHIVE_NEARLY_FULL,
    runbook=runbooks.ARCHIVE_NEARLY_FULL,
)

ALERTS = (TASKS_ARCHIVED, ARCHIVE_NEARLY_FULL)
RECORDS = (ARCHIVE_GROWTH, COUNTED)
