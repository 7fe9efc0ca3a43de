"""Holds and floors of single queues and task types, written into a declaration: each text before and after."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen import Above, Severity
from asynq_mon_codegen.tune.changes import Change
from tests.tune.editing import becomes, floored, held, queue, stays

BOTH = {Severity.WARNING: "20m", Severity.CRITICAL: "5m"}
RENDER = evolve(held("report:render", "20m", "AsynqTaskDurationHigh"), owner="task_type")

PAIRS: dict[str, tuple[str, list[Change], str]] = {
    "keywords that are new": (
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, TaskType, asynq

monitoring = Monitoring(
    queues=(
        Queue("mail"),  # customers wait for it
        # at night
        Queue(
            "reports",  # large ones
            thresholds={
                asynq.QUEUE_WAIT_HIGH: Above(warning="10m", critical="1h"),  # as promised
            },
            # asked for in May
            team="reporting",
        ),
    ),
    task_types=TaskType("report:render", every="1d"),
    alerts=asynq.ALERTS,
)
""",
        [held("mail", "10m"), held("reports", "20m"), floored("reports", 50), RENDER],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, TaskType, asynq

monitoring = Monitoring(
    queues=(
        Queue("mail", holds={asynq.QUEUE_WAIT_HIGH: "10m"}),  # customers wait for it
        # at night
        Queue(
            "reports",  # large ones
            thresholds={
                asynq.QUEUE_WAIT_HIGH: Above(warning="10m", critical="1h"),  # as promised
            },
            # asked for in May
            team="reporting",
            holds={asynq.QUEUE_WAIT_HIGH: "20m"},
            floors={asynq.TASK_FAILURE_RATIO_HIGH: 50},
        ),
    ),
    task_types=TaskType("report:render", every="1d", holds={asynq.TASK_DURATION_HIGH: "20m"}),
    alerts=asynq.ALERTS,
)
""",
    ),
    "entries that are there, and others beside them": (
        """\
from asynq_mon_codegen import Monitoring, Queue, Severity, asynq

monitoring = Monitoring(
    queues=(
        Queue(
            "a",
            holds={
                # measured in May
                "AsynqQueueWaitHigh": "300s",  # five minutes
                "AsynqQueuePaused": "2h",
            },
            floors={"AsynqTaskFailureRatioHigh": 20},  # tasks
        ),
        Queue(
            "b",
            holds={
                "AsynqQueueWaitHigh": {
                    Severity.WARNING: "10m",  # nobody is called
                    Severity.CRITICAL: "300s",
                },
            },
        ),
        Queue("c", holds={"AsynqQueueWaitHigh": {Severity.CRITICAL: "5m"}}),  # at once
        Queue("d", holds={"AsynqQueueWaitHigh": {Severity.CRITICAL: "5m"}}),
    ),
    alerts=asynq.ALERTS,
)
""",
        [
            held("a", "5m"),
            held("a", "1h30m", "AsynqQueuePaused"),
            held("a", "10m", "AsynqTaskFailureRatioHigh"),
            floored("a", 12_500),
            floored("a", 2.5, "AsynqRetryBacklogHigh"),
            held("b", BOTH),
            held("c", BOTH),
            held("d", "20m"),
        ],
        """\
from asynq_mon_codegen import Monitoring, Queue, Severity, asynq

monitoring = Monitoring(
    queues=(
        Queue(
            "a",
            holds={
                # measured in May
                "AsynqQueueWaitHigh": "300s",  # five minutes
                "AsynqQueuePaused": "90m",
                "AsynqTaskFailureRatioHigh": "10m",
            },
            floors={"AsynqTaskFailureRatioHigh": 12_500, "AsynqRetryBacklogHigh": 2.5},  # tasks
        ),
        Queue(
            "b",
            holds={
                "AsynqQueueWaitHigh": {
                    Severity.WARNING: "20m",  # nobody is called
                    Severity.CRITICAL: "300s",
                },
            },
        ),
        Queue("c", holds={"AsynqQueueWaitHigh": {Severity.CRITICAL: "5m", Severity.WARNING: "20m"}}),  # at once
        Queue("d", holds={"AsynqQueueWaitHigh": "20m"}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "a queue that is not declared": (
        """\
from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
""",
        [queue("new", Above(warning=20)), held("new", BOTH), floored("other", 50)],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, Severity, asynq

monitoring = Monitoring(
    service="orders",
    queues=(
        Queue(
            "new",
            optional=True,
            thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s")},
            holds={asynq.QUEUE_WAIT_HIGH: {Severity.WARNING: "20m", Severity.CRITICAL: "5m"}},
        ),
        Queue("other", optional=True, floors={asynq.TASK_FAILURE_RATIO_HIGH: 50}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "in a variable, and one that several share": (
        """\
from asynq_mon_codegen import Monitoring, Queue, asynq

LONG = "20m"
MINE = {asynq.QUEUE_WAIT_HIGH: LONG}

monitoring = Monitoring(
    queues=(
        Queue("a", holds=MINE, floors=()),
        Queue("b", holds={asynq.QUEUE_WAIT_HIGH: LONG}),
    ),
    alerts=asynq.ALERTS,
)
""",
        [held("a", "20m"), held("a", "1h", "AsynqQueuePaused"), held("b", "30m"), floored("a", 50)],
        """\
from asynq_mon_codegen import Monitoring, Queue, asynq

LONG = "20m"
MINE = {asynq.QUEUE_WAIT_HIGH: LONG, asynq.QUEUE_PAUSED: "1h"}

monitoring = Monitoring(
    queues=(
        Queue("a", holds=MINE, floors={asynq.TASK_FAILURE_RATIO_HIGH: 50}),
        Queue("b", holds={asynq.QUEUE_WAIT_HIGH: "30m"}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_hold(tmp_path: Path, name: str) -> None:
    """What a reviewer would write."""
    before, changes, after = PAIRS[name]
    becomes(tmp_path, before, changes, after)


START = "from asynq_mon_codegen import Monitoring, Queue, asynq\n\n"
HOLD = 'holds={asynq.QUEUE_WAIT_HIGH: "20m"}'
FLOOR = "floors={asynq.TASK_FAILURE_RATIO_HIGH: 50}"
LEFT: dict[str, tuple[str, Change, str, str]] = {
    "a hold that is computed": (
        'monitoring = Monitoring(queues=Queue("a", holds={asynq.QUEUE_WAIT_HIGH: long(1)}))\n',
        held("a", "20m"),
        "the hold is computed: long(1)",
        HOLD,
    ),
    "holds by severities that are computed": (
        'monitoring = Monitoring(queues=Queue("a", holds={asynq.QUEUE_WAIT_HIGH: {**MORE}}))\n',
        held("a", "20m"),
        "the hold is computed: {**MORE}",
        HOLD,
    ),
    "a floor that is computed": (
        'monitoring = Monitoring(queues=Queue("a", floors={asynq.TASK_FAILURE_RATIO_HIGH: 5 * 5}))\n',
        floored("a", 50),
        "the floor is computed: 5 * 5",
        FLOOR,
    ),
    "shared holds": (
        'T = {}\nmonitoring = Monitoring(queues=(Queue("a", holds=T), Queue("b", holds=T)))\n',
        held("a", "20m"),
        "holds=T is shared: a change in it would be one for others too",
        HOLD,
    ),
    "more floors of elsewhere": (
        'monitoring = Monitoring(queues=Queue("a", floors={**MORE}))\n',
        floored("a", 50),
        "floors holds what only running the file would tell: **MORE",
        FLOOR,
    ),
    "a queue of elsewhere": (
        "from queues import QUEUES\n\nmonitoring = Monitoring(queues=QUEUES, alerts=asynq.ALERTS)\n",
        held("a", "20m"),
        "queues holds what only running the file would tell: QUEUES",
        f'Queue("a", optional=True, {HOLD})',
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_to_a_person(name: str) -> None:
    """The text is untouched, and the reason names what stands in the way."""
    text, change, reason, snippet = LEFT[name]
    stays(START + text, change, reason, snippet)
