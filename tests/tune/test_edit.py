"""Levels of single queues and task types, written into a declaration: each text before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynq_mon_codegen import Above, Band, Below, Unit
from asynq_mon_codegen.tune.changes import LevelChange
from asynq_mon_codegen.tune.edit import edited
from tests.tune.editing import becomes, queue, stays, task_type

FAST = Above(warning=20, critical=90)

PAIRS = {
    "levels that differ": (
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        # what customers wait for
        Queue(
            "payments",  # the oldest of all
            thresholds={
                # measured in May
                asynq.QUEUE_WAIT_HIGH: Above(
                    warning="20s",  # as promised
                    # somebody is called
                    critical="1m",  # after a minute
                ),  # and no more
                asynq.QUEUE_PAUSED: None,
            },
        ),
        Queue("mail"),
    ),
    alerts=asynq.ALERTS,
)
""",
        [queue("payments", FAST)],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        # what customers wait for
        Queue(
            "payments",  # the oldest of all
            thresholds={
                # measured in May
                asynq.QUEUE_WAIT_HIGH: Above(
                    warning="20s",  # as promised
                    # somebody is called
                    critical="90s",  # after a minute
                ),  # and no more
                asynq.QUEUE_PAUSED: None,
            },
        ),
        Queue("mail"),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "a level more, a level less, a queue without thresholds, an alert that was switched off": (
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=[
        Queue("more", thresholds={"AsynqQueueWaitHigh": Above(critical="5m")}),
        Queue("less", thresholds={"AsynqQueueWaitHigh": Above(warning="20s", critical="5m")}),
        Queue("least", thresholds={"AsynqQueueWaitHigh": Above(warning="20s", critical="5m")}),
        Queue(name="none", team="a"),
        Queue("off", thresholds={"AsynqQueueWaitHigh": None}),
    ],
    alerts=asynq.ALERTS,
)
""",
        [
            queue("more", FAST),
            queue("less", Above(warning=30)),
            queue("least", Above(critical=600)),
            queue("none", FAST),
            queue("off", FAST),
        ],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=[
        Queue("more", thresholds={"AsynqQueueWaitHigh": Above(warning="20s", critical="90s")}),
        Queue("less", thresholds={"AsynqQueueWaitHigh": Above(warning="30s")}),
        Queue("least", thresholds={"AsynqQueueWaitHigh": Above(critical="10m")}),
        Queue(name="none", team="a", thresholds={"AsynqQueueWaitHigh": Above(warning="20s", critical="90s")}),
        Queue("off", thresholds={"AsynqQueueWaitHigh": Above(warning="20s", critical="90s")}),
    ],
    alerts=asynq.ALERTS,
)
""",
    ),
    "keys: an attribute, an imported name, an alias of the package": (
        """\
import asynq_mon_codegen as mon
from asynq_mon_codegen import Queue as Q
from asynq_mon_codegen.catalog import QUEUE_WAIT_HIGH

monitoring = mon.Monitoring(
    queues=(
        Q("a", thresholds={QUEUE_WAIT_HIGH: mon.Above(warning=10)}),
        mon.Queue("b", thresholds={mon.asynq.QUEUE_WAIT_HIGH: mon.Above(warning=10)}),
        Q("c"),
    ),
    alerts=mon.asynq.ALERTS,
)
""",
        [queue("a", Above(warning=20)), queue("b", Above(warning=20))],
        """\
import asynq_mon_codegen as mon
from asynq_mon_codegen import Queue as Q
from asynq_mon_codegen.catalog import QUEUE_WAIT_HIGH

monitoring = mon.Monitoring(
    queues=(
        Q("a", thresholds={QUEUE_WAIT_HIGH: mon.Above(warning="20s")}),
        mon.Queue("b", thresholds={mon.asynq.QUEUE_WAIT_HIGH: mon.Above(warning="20s")}),
        Q("c"),
    ),
    alerts=mon.asynq.ALERTS,
)
""",
    ),
    "only the package is imported": (
        """\
import asynq_mon_codegen

monitoring = asynq_mon_codegen.Monitoring(alerts=asynq_mon_codegen.asynq.ALERTS)
""",
        [queue("a", Above(warning=20))],
        """\
import asynq_mon_codegen

monitoring = asynq_mon_codegen.Monitoring(
    queues=(
        asynq_mon_codegen.Queue(
            "a",
            optional=True,
            thresholds={asynq_mon_codegen.asynq.QUEUE_WAIT_HIGH: asynq_mon_codegen.Above(warning="20s")},
        ),
    ),
    alerts=asynq_mon_codegen.asynq.ALERTS,
)
""",
    ),
    "a band: arguments that differ": (
        """\
from asynq_mon_codegen import Above, Band, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue(
            "payments",
            thresholds={
                asynq.QUEUE_WAIT_HIGH: Above(
                    warning=Band(3, floor="30s", ceiling="15m"),  # three times
                    critical=Band(times=10, floor="5m", ceiling="1h", window="1h"),
                )
            },
        ),
    ),
    alerts=asynq.ALERTS,
)
""",
        [
            queue(
                "payments",
                Above(
                    warning=Band(4, floor=60, ceiling=900, window="1h"),
                    critical=Band(12, floor=300, window="1h"),
                ),
            )
        ],
        """\
from asynq_mon_codegen import Above, Band, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue(
            "payments",
            thresholds={
                asynq.QUEUE_WAIT_HIGH: Above(
                    warning=Band(4, floor="1m", ceiling="15m", window="1h"),  # three times
                    critical=Band(times=12, floor="5m", window="1h"),
                )
            },
        ),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "a number becomes a band and a band a number": (
        """\
from asynq_mon_codegen import Above, Band, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(Queue("a", thresholds={asynq.TASK_FAILURE_RATIO_HIGH: Above(warning=Band(3), critical="50%")}),),
    alerts=asynq.ALERTS,
)
""",
        [queue("a", Above(warning=0.075, critical=Band(6, ceiling=0.5)), "AsynqTaskFailureRatioHigh")],
        """\
from asynq_mon_codegen import Above, Band, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue("a", thresholds={asynq.TASK_FAILURE_RATIO_HIGH: Above(warning="7.5%", critical=Band(6, ceiling="50%"))}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "a line that becomes short enough is joined": (
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue(
            "a-queue-with-a-long-name", team="payments", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="1h20m30s")}
        ),
    ),
    alerts=asynq.ALERTS,
)
""",
        [queue("a-queue-with-a-long-name", Above(warning=60))],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue("a-queue-with-a-long-name", team="payments", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="1m")}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "the first queue": (
        """\
from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
""",
        [queue("new", Above(warning=20))],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    service="orders",
    queues=(Queue("new", optional=True, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s")}),),
    alerts=asynq.ALERTS,
)
""",
    ),
    "one queue without a tuple": (
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(queues=Queue("a", thresholds={asynq.QUEUE_PAUSED: Above(warning="1h")}), alerts=asynq.ALERTS)
""",
        [queue("b", Above(warning=20))],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue("a", thresholds={asynq.QUEUE_PAUSED: Above(warning="1h")}),
        Queue("b", optional=True, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s")}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "a tuple of one in a variable, two alerts of one queue": (
        """\
import asynq_mon_codegen as mon
from asynq_mon_codegen import Monitoring, Queue, asynq

QUEUES = (Queue("a"),)

monitoring = Monitoring(queues=QUEUES, alerts=asynq.ALERTS, service=mon.__name__)
""",
        [queue("b", Above(warning=20)), queue("b", Above(warning=5000), "AsynqQueueBacklogNotDraining")],
        """\
import asynq_mon_codegen as mon
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

QUEUES = (
    Queue("a"),
    Queue(
        "b",
        optional=True,
        thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s"), asynq.BACKLOG_NOT_DRAINING: Above(warning="1h23m20s")},
    ),
)

monitoring = Monitoring(queues=QUEUES, alerts=asynq.ALERTS, service=mon.__name__)
""",
    ),
    "task types": (
        """\
from asynq_mon_codegen import Above, Monitoring, TaskType, asynq

monitoring = Monitoring(
    task_types=TaskType("render", thresholds={asynq.TASK_DURATION_HIGH: Above(warning="20m", critical="1h")}),
    alerts=asynq.ALERTS,
)
""",
        [task_type("render", Above(warning=1500, critical=7200)), task_type("mail", Above(critical=0.25))],
        """\
from asynq_mon_codegen import Above, Monitoring, TaskType, asynq

monitoring = Monitoring(
    task_types=(
        TaskType("render", thresholds={asynq.TASK_DURATION_HIGH: Above(warning="25m", critical="2h")}),
        TaskType("mail", thresholds={asynq.TASK_DURATION_HIGH: Above(critical="250ms")}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "thresholds of one queue in a variable, a level in a variable": (
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

SLOW = "1h"
MINE = {asynq.QUEUE_WAIT_HIGH: Above(warning=SLOW, critical="6h")}

monitoring = Monitoring(queues=(Queue("a", thresholds=MINE),), alerts=asynq.ALERTS, service=SLOW)
""",
        [queue("a", Above(warning=3600, critical=7200))],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

SLOW = "1h"
MINE = {asynq.QUEUE_WAIT_HIGH: Above(warning=SLOW, critical="2h")}

monitoring = Monitoring(queues=(Queue("a", thresholds=MINE),), alerts=asynq.ALERTS, service=SLOW)
""",
    ),
    "a condition that several share is written out for one": (
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

SLOW = Above(warning="1h")

monitoring = Monitoring(
    queues=(
        Queue("a", thresholds={asynq.QUEUE_WAIT_HIGH: SLOW}),
        Queue("b", thresholds={asynq.QUEUE_WAIT_HIGH: SLOW}),
    ),
    alerts=asynq.ALERTS,
)
""",
        [queue("a", Above(warning=3600)), queue("b", Above(warning=60))],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

SLOW = Above(warning="1h")

monitoring = Monitoring(
    queues=(
        Queue("a", thresholds={asynq.QUEUE_WAIT_HIGH: SLOW}),
        Queue("b", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="1m")}),
    ),
    alerts=asynq.ALERTS,
)
""",
    ),
    "names that a comprehension cannot make": (
        """\
from asynq_mon_codegen import Monitoring, Queue, asynq

monitoring = Monitoring(queues=[*(Queue(f"batch-{i}") for i in range(3))], alerts=asynq.ALERTS)
""",
        [queue("other", Above(warning=20))],
        """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=[
        *(Queue(f"batch-{i}") for i in range(3)),
        Queue("other", optional=True, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s")}),
    ],
    alerts=asynq.ALERTS,
)
""",
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_level(tmp_path: Path, name: str) -> None:
    """What a reviewer would write."""
    before, changes, after = PAIRS[name]
    becomes(tmp_path, before, changes, after)


START = "from asynq_mon_codegen import Above, Monitoring, Queue, asynq\n\n"
ENTRY = 'thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="90s")}'
QUEUE_A = 'Queue("a", optional=True, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="90s")})'
IN_FUNCTION = (
    "def made():\n    return (Queue(n) for n in NAMES)\n\nmonitoring = Monitoring(queues=made(), alerts=asynq.ALERTS)\n"
)
LEFT = {
    "a comprehension": (
        'monitoring = Monitoring(queues=[Queue(n) for n in "ab"], alerts=asynq.ALERTS)\n',
        "line 3 may declare the queue already: Queue(n)",
        f'Queue("a", {ENTRY})',
    ),
    "an f-string": (
        'monitoring = Monitoring(queues=[Queue(f"{n}") for n in "ab"], alerts=asynq.ALERTS)\n',
        'line 3 may declare the queue already: Queue(f"{n}")',
        f'Queue("a", {ENTRY})',
    ),
    "another module": (
        "from queues import QUEUES\n\nmonitoring = Monitoring(queues=QUEUES, alerts=asynq.ALERTS)\n",
        "queues holds what only running the file would tell: QUEUES",
        QUEUE_A,
    ),
    "shared thresholds": (
        'T = {}\nmonitoring = Monitoring(queues=(Queue("a", thresholds=T), Queue("b", thresholds=T)))\n',
        "thresholds=T is shared: a change in it would be one for others too",
        ENTRY,
    ),
    "keyword arguments of elsewhere": (
        'monitoring = Monitoring(queues=Queue("a", **MORE), alerts=asynq.ALERTS)\n',
        'its arguments come from elsewhere: Queue("a", **MORE)',
        ENTRY,
    ),
    "levels of elsewhere": (
        'monitoring = Monitoring(queues=Queue("a", thresholds={asynq.QUEUE_WAIT_HIGH: Above(**MORE)}))\n',
        "its levels come from elsewhere: Above(**MORE)",
        ENTRY,
    ),
    "a condition that is computed": (
        'monitoring = Monitoring(queues=Queue("a", thresholds={asynq.QUEUE_WAIT_HIGH: slow(1)}))\n',
        "the condition is computed: slow(1)",
        ENTRY,
    ),
    "thresholds that are computed": (
        'monitoring = Monitoring(queues=Queue("a", thresholds=dict(x=1)))\n',
        "its thresholds are computed: dict(x=1)",
        ENTRY,
    ),
    "more thresholds of elsewhere": (
        'monitoring = Monitoring(queues=Queue("a", thresholds={**MORE}))\n',
        "thresholds holds what only running the file would tell: **MORE",
        ENTRY,
    ),
    "two of one name": (
        'one = Queue("a")\nmonitoring = Monitoring(queues=Queue("a"))\n',
        "the queue is declared more than once, in lines 3 and 4",
        ENTRY,
    ),
    "a declaration that is made elsewhere": (
        "monitoring = made_elsewhere()\n",
        "'monitoring' is not assigned once from a call of Monitoring(...)",
        QUEUE_A,
    ),
    "a list that grows": (
        'qs = [Queue("b")]\nqs.extend(more())\nmonitoring = Monitoring(queues=qs, alerts=asynq.ALERTS)\n',
        "queues holds what only running the file would tell: qs",
        QUEUE_A,
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_to_a_person(name: str) -> None:
    """The text is untouched, and the reason names what stands in the way."""
    text, reason, snippet = LEFT[name]
    stays(START + text, queue("a", FAST), reason, snippet)


def test_a_function_makes_the_queues() -> None:
    """Its names cannot be told without running it."""
    stays(
        START + IN_FUNCTION, queue("a", FAST), "line 4 may declare the queue already: Queue(n)", f'Queue("a", {ENTRY})'
    )


def test_the_first_task_type_would_make_an_error_of_others() -> None:
    """An SLO may name task types as long as none is declared."""
    text = START + 'slo = SLO("s", task_types="mail")\nmonitoring = Monitoring(slos=slo, alerts=asynq.ALERTS)\n'
    text = text.replace("Queue,", "Queue, SLO, TaskType,")
    reason = "no task type is declared yet, and line 3 names some: once one is declared, all that are named must be"
    snippet = 'TaskType("a", thresholds={asynq.TASK_DURATION_HIGH: Above(warning="1m")})'
    stays(text, task_type("a", Above(warning=60)), reason, snippet)


def test_the_other_kind_of_condition() -> None:
    """It takes the place of the whole, and large numbers are grouped."""
    text = (
        START + 'monitoring = Monitoring(queues=Queue("a", thresholds={"X": Above(warning=1)}), alerts=asynq.ALERTS)\n'
    )
    change = LevelChange(owner="queue", name="a", alert="X", when=Below(warning=50_000), unit=Unit.TASKS)
    result = edited(text, [change], line_length=120)
    expected = text.replace("Above, ", "Above, Below, ").replace("Above(warning=1)", "Below(warning=50_000)")
    assert result.text == expected
