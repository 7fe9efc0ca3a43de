"""Queues that are declared: the default declaration has none, so its generated tests cannot show this."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from asynq_mon_codegen.catalog import stalls
from asynq_mon_codegen.generators import rule_tests, rules
from asynq_mon_codegen.model import Alerts, Monitoring, Queue
from asynq_mon_codegen.plan import links, resolve

PROMTOOL = os.environ.get("PROMTOOL", "promtool")
MISSING = Alerts((stalls.QUEUE_MISSING, stalls.OPTIONAL_QUEUE_MISSING))


def rules_of(*queues: Queue) -> dict[str, str]:
    """The expressions of the two alerts by name."""
    plan = resolve(Monitoring(alerts=MISSING, queues=queues))
    return {rule.name: rule.expr for rule in plan.alerts}


@pytest.mark.parametrize(
    ("identity", "queues"),
    [
        pytest.param((), (Queue("mails"), Queue("yearly", optional=True)), id="one of each kind"),
        pytest.param(
            ("cluster",),
            (Queue('we"ird $1 \\ {{x}}|.*'), Queue("mails"), Queue("off", thresholds={"AsynqQueueMissing": None})),
            id="a hostile name, and one that is switched off, in several clusters",
        ),
    ],
)
def test_a_declared_queue_that_vanishes_is_reported(
    tmp_path: Path, identity: tuple[str, ...], queues: tuple[Queue, ...]
) -> None:
    """The generated tests of these alerts pass with the real promtool, and there are some."""
    plan = resolve(Monitoring(alerts=MISSING, queues=queues, identity=identity))
    for artifact in (*rules.generate(plan), *rule_tests.generate(plan)):
        path = tmp_path / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text)
    test = tmp_path / links.test_path(stalls.QUEUE_MISSING.group)

    done = subprocess.run([PROMTOOL, "test", "rules", str(test)], capture_output=True, text=True, check=False)

    assert "AsynqQueueMissing: broken" in test.read_text()
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_declared_queues_there_is_no_rule() -> None:
    """An empty list of names must not become a rule with an empty expression."""
    assert rules_of() == {}


def test_optional_queues_are_only_worth_a_note() -> None:
    """Each kind of queue is listed by its own alert."""
    found = rules_of(Queue("mails"), Queue("yearly", optional=True))

    assert "mails" in found["AsynqQueueMissing"]
    assert "yearly" not in found["AsynqQueueMissing"]
    assert "yearly" in found["AsynqOptionalQueueMissing"]


def test_a_queue_that_is_switched_off_is_not_listed() -> None:
    """None for a queue takes its name out of the rule, and the last one takes the rule away."""
    off = Queue("off", thresholds={"AsynqQueueMissing": None})

    assert "off" not in rules_of(off, Queue("mails"))["AsynqQueueMissing"]
    assert rules_of(off) == {}
