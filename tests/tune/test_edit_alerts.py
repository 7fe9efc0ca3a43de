"""Alerts for everybody, written into a declaration: each text before and after."""

from __future__ import annotations

from pathlib import Path

import pytest

from asynq_mon_codegen import Above, Band, Severity, Unit
from asynq_mon_codegen.tune.changes import AlertChange
from tests.tune.editing import alert, becomes, stays

FAILING = alert("AsynqTaskFailureRatioHigh", when=Above(warning=0.1, critical=0.4), floor=20)
PER_SEVERITY = {Severity.WARNING: "10m", Severity.CRITICAL: "2m"}

PAIRS = {
    "the catalogue as it is": (
        """\
from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
""",
        [alert("AsynqQueueWaitHigh", hold="10m")],
        """\
from asynq_mon_codegen import Monitoring, asynq, evolve

monitoring = Monitoring(
    service="orders", alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_WAIT_HIGH, hold="10m"))
)
""",
        100,
    ),
    "all of an alert": (
        """\
from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="orders", alerts=asynq.ALERTS)
""",
        [alert("AsynqTaskFailureRatioHigh", hold=PER_SEVERITY, when=Above(warning=0.1, critical=0.4), floor=20)],
        """\
from asynq_mon_codegen import Above, Monitoring, Severity, asynq, evolve

monitoring = Monitoring(
    service="orders",
    alerts=asynq.ALERTS.replace(
        evolve(
            asynq.TASK_FAILURE_RATIO_HIGH.with_floor(20),
            hold={Severity.WARNING: "10m", Severity.CRITICAL: "2m"},
            when=Above(warning="10%", critical="40%"),
        )
    ),
)
""",
        120,
    ),
    "an alert that is changed already": (
        """\
from attrs import evolve

from asynq_mon_codegen import Above, Monitoring, Severity, asynq

monitoring = Monitoring(
    alerts=asynq.ALERTS.replace(
        # since the incident of May
        evolve(
            asynq.QUEUE_WAIT_HIGH,
            when=Above(warning="1m", critical="5m"),  # shorter
            hold={Severity.WARNING: "5m", Severity.CRITICAL: "2m"},
        ),
        asynq.TASK_FAILURE_RATIO_HIGH.with_floor(10),
        evolve(asynq.QUEUE_PAUSED, hold="1h"),
    ),
)
""",
        [
            alert("AsynqQueueWaitHigh", hold=PER_SEVERITY, when=Above(warning=60, critical=600)),
            FAILING,
            alert("AsynqQueuePaused", hold="2h"),
        ],
        """\
from attrs import evolve

from asynq_mon_codegen import Above, Monitoring, Severity, asynq

monitoring = Monitoring(
    alerts=asynq.ALERTS.replace(
        # since the incident of May
        evolve(
            asynq.QUEUE_WAIT_HIGH,
            when=Above(warning="1m", critical="10m"),  # shorter
            hold={Severity.WARNING: "10m", Severity.CRITICAL: "2m"},
        ),
        evolve(asynq.TASK_FAILURE_RATIO_HIGH.with_floor(20), when=Above(warning="10%", critical="40%")),
        evolve(asynq.QUEUE_PAUSED, hold="2h"),
    ),
)
""",
        120,
    ),
    "a chain": (
        """\
from asynq_mon_codegen import Monitoring, asynq, evolve

monitoring = Monitoring(
    alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_PAUSED, hold="2h"))
    .without("AsynqHostDiskFilling", "AsynqHostMemoryLow", asynq.HOST_CPU_HIGH)
    .add(evolve(asynq.QUEUE_PAUSED, name="PausedForLong", hold="1d"), evolve(asynq.QUEUE_STALLED, name="Stalled2")),
)
""",
        [alert("AsynqQueueWaitHigh", hold="10m"), alert("AsynqTaskFailureRatioHigh", floor=1.5)],
        """\
from asynq_mon_codegen import Monitoring, asynq, evolve

monitoring = Monitoring(
    alerts=asynq.ALERTS.replace(
        evolve(asynq.QUEUE_PAUSED, hold="2h"),
        evolve(asynq.QUEUE_WAIT_HIGH, hold="10m"),
        asynq.TASK_FAILURE_RATIO_HIGH.with_floor(1.5),
    )
    .without("AsynqHostDiskFilling", "AsynqHostMemoryLow", asynq.HOST_CPU_HIGH)
    .add(evolve(asynq.QUEUE_PAUSED, name="PausedForLong", hold="1d"), evolve(asynq.QUEUE_STALLED, name="Stalled2")),
)
""",
        120,
    ),
    "a chain without a replace that becomes too long": (
        """\
from asynq_mon_codegen import Monitoring, asynq, evolve

mine = evolve(asynq.QUEUE_PAUSED, name="PausedForLong", hold="1d")
alerts = asynq.ALERTS.without("AsynqHostDiskFilling", "AsynqHostMemoryLow").add(mine)

monitoring = Monitoring(alerts=alerts)
""",
        [alert("AsynqQueueWaitHigh", hold="10m")],
        """\
from asynq_mon_codegen import Monitoring, asynq, evolve

mine = evolve(asynq.QUEUE_PAUSED, name="PausedForLong", hold="1d")
alerts = (
    asynq.ALERTS.without("AsynqHostDiskFilling", "AsynqHostMemoryLow")
    .add(mine)
    .replace(evolve(asynq.QUEUE_WAIT_HIGH, hold="10m"))
)

monitoring = Monitoring(alerts=alerts)
""",
        120,
    ),
    "a chain with an empty call that becomes too long": (
        """\
from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(
    alerts=asynq.ALERTS.replace(asynq.QUEUE_SURGE.with_floor(7)).without("AsynqHostCPUHigh").add(),
)
""",
        [alert("AsynqQueueWaitHigh", hold="10m")],
        """\
from asynq_mon_codegen import Monitoring, asynq, evolve

monitoring = Monitoring(
    alerts=asynq.ALERTS.replace(
        asynq.QUEUE_SURGE.with_floor(7), evolve(asynq.QUEUE_WAIT_HIGH, hold="10m")
    )
    .without("AsynqHostCPUHigh")
    .add(),
)
""",
        100,
    ),
    "an alert in a variable": (
        """\
from asynq_mon_codegen import Above, Band, Monitoring, asynq, evolve

# three times the longest wait of this hour
waiting = evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning=Band(3, floor="30s", ceiling="15m"), critical="1h"))

monitoring = Monitoring(alerts=asynq.ALERTS.replace(waiting))
""",
        [alert("AsynqQueueWaitHigh", when=Above(warning=Band(4, floor=30, ceiling=900), critical=3600), hold="3m")],
        """\
from asynq_mon_codegen import Above, Band, Monitoring, asynq, evolve

# three times the longest wait of this hour
waiting = evolve(
    asynq.QUEUE_WAIT_HIGH, when=Above(warning=Band(4, floor="30s", ceiling="15m"), critical="1h"), hold="3m"
)

monitoring = Monitoring(alerts=asynq.ALERTS.replace(waiting))
""",
        120,
    ),
    "the thresholds of the service win": (
        """\
from asynq_mon_codegen import Above, Monitoring, asynq, evolve

monitoring = Monitoring(
    thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="2m")},
    alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning="1m"), hold="1m")),
)
""",
        [alert("AsynqQueueWaitHigh", when=Above(warning=20, critical=180), hold="3m")],
        """\
from asynq_mon_codegen import Above, Monitoring, asynq, evolve

monitoring = Monitoring(
    thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="3m")},
    alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning="1m"), hold="3m")),
)
""",
        120,
    ),
    "a service of a fleet": (
        """\
from asynq_mon_codegen import Monitoring, asynq

monitoring = Monitoring(service="mail", where={"namespace": "mail"}, alerts=asynq.ALERTS)
""",
        [alert("AsynqQueueWaitHigh", when=Above(warning=20, critical=180))],
        """\
from asynq_mon_codegen import Above, Monitoring, asynq

monitoring = Monitoring(
    service="mail",
    where={"namespace": "mail"},
    thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="3m")},
    alerts=asynq.ALERTS,
)
""",
        120,
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_alert(tmp_path: Path, name: str) -> None:
    """What a reviewer would write."""
    before, changes, after, width = PAIRS[name]
    becomes(tmp_path, before, changes, after, width)


def test_no_alerts_yet() -> None:
    """The argument is added; the text alone would not load, for Monitoring must have it."""
    from asynq_mon_codegen.tune.edit import edited

    before = "from asynq_mon_codegen import Fleet\n\nmonitoring = Fleet()\n"
    after = (
        "from asynq_mon_codegen import Fleet, asynq, evolve\n\n"
        'monitoring = Fleet(alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_WAIT_HIGH, hold="3m")))\n'
    )
    assert edited(before, [alert("AsynqQueueWaitHigh", hold="3m")]).text == after


def test_an_alert_of_the_teams_own() -> None:
    """It is changed where it is made."""
    from asynq_mon_codegen.tune.edit import edited

    before = START + 'mine = Alert(name="Mine", hold="1m")\nmonitoring = Monitoring(alerts=asynq.ALERTS.add(mine))\n'
    change = alert("Mine", hold="3m", unit=Unit.TASKS)
    assert edited(before, [change]).text == before.replace('"1m"', '"3m"')


START = "from asynq_mon_codegen import Above, Alert, Monitoring, asynq, evolve\n\n"
HELD = alert("AsynqQueueWaitHigh", hold="10m")
SNIPPET = 'evolve(asynq.QUEUE_WAIT_HIGH, hold="10m")'
LEFT: dict[str, tuple[str, AlertChange, str, str]] = {
    "left out": (
        'monitoring = Monitoring(alerts=asynq.ALERTS.without("AsynqQueueWaitHigh"))\n',
        HELD,
        "the declaration leaves AsynqQueueWaitHigh out",
        SNIPPET,
    ),
    "alerts of elsewhere": (
        "from ours import ALERTS\n\nmonitoring = Monitoring(alerts=ALERTS.without('X'))\n",
        HELD,
        "alerts= does not begin with asynq.ALERTS: ALERTS",
        SNIPPET.replace('"', "'"),
    ),
    "alerts that a function makes": (
        "monitoring = Monitoring(alerts=asynq.ALERTS.replace(*ours()))\n",
        HELD,
        "replace() holds an alert that only running the file would tell: *ours()",
        SNIPPET,
    ),
    "changed twice": (
        "monitoring = Monitoring(alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_WAIT_HIGH), asynq.QUEUE_WAIT_HIGH))\n",
        HELD,
        "alerts= has AsynqQueueWaitHigh more than once",
        SNIPPET,
    ),
    "shared": (
        "A = asynq.ALERTS\nother = Monitoring(alerts=A)\nmonitoring = Monitoring(alerts=A)\n",
        HELD,
        "A is used in several places: a change in it would be one for all of them",
        SNIPPET,
    ),
    "guards that are written out": (
        "monitoring = Monitoring(alerts=asynq.ALERTS.replace(evolve(asynq.QUEUE_WAIT_HIGH, guards=())))\n",
        alert("AsynqQueueWaitHigh", floor=3),
        "its guards are written out: change the minimum of the floor there",
        "asynq.QUEUE_WAIT_HIGH.with_floor(3)",
    ),
    "one for all services": (
        'monitoring = Monitoring(where={"namespace": "a"}, alerts=asynq.ALERTS)\n',
        HELD,
        "holds and floors are one for all services of a fleet: change them in fleet.py",
        SNIPPET,
    ),
    "unknown": (
        "monitoring = Monitoring(alerts=asynq.ALERTS)\n",
        alert("Mine", hold="10m", unit=Unit.TASKS),
        "Mine is not an alert of the catalogue, and the file does not say what it is",
        'hold="10m"',
    ),
    "a name that is taken": (
        "Severity = 1\nmonitoring = Monitoring(alerts=asynq.ALERTS)\n",
        alert("AsynqQueueWaitHigh", hold=PER_SEVERITY),
        "the file uses the name Severity for something else",
        "",
    ),
}


@pytest.mark.parametrize("name", LEFT)
def test_what_is_left_to_a_person(name: str) -> None:
    """The text is untouched, and the reason names what stands in the way."""
    text, change, reason, snippet = LEFT[name]
    stays(START + text, change, reason, snippet)
