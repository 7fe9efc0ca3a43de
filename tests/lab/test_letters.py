"""What is read out of messages, and what is wrong with them, without a running lab."""

from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve

from asynq_mon_codegen import Severity
from asynq_mon_codegen.generators import dashboards, runbooks
from asynq_mon_codegen.plan import Plan, PlannedAlert, resolve
from lab.letters import Notice, notices, over, read, resolves
from lab.messages import Message
from lab.monitoring import monitoring

PLAN: Plan = resolve(monitoring)
LABELS = {"queue": "low"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The generated runbooks and dashboards, where links must lead."""
    root = tmp_path_factory.mktemp("generated")
    for artifact in (*runbooks.generate(PLAN), *dashboards.generate(PLAN)):
        path = root / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(artifact.text, encoding="utf-8")
    return root


def _rule(alert: str = "AsynqQueueWaitHigh", severity: Severity = Severity.WARNING) -> PlannedAlert:
    return next(r for r in PLAN.alerts if r.name == alert and r.severity is severity)


def _message(channel: str, text: str, *, firing: bool = True) -> Message:
    return Message(
        at=0,
        channel=channel,  # type: ignore[arg-type]
        inhibited=True,
        firing=firing,
        title="[FIRING:1] WARNING shop: Tasks wait too long for a worker (queue low)",
        text=text,
        links=(),
        payload={},
    )


def _slack(value: float = 75, **change: str) -> Message:
    rule = _rule()
    told = {**rule.expected_annotations(LABELS, value), **change}
    links = f"<{told['runbook_url']}|Runbook>  <{told['dashboard_url']}|Dashboard>"
    return _message("slack", f"*{rule.name}* queue `low`\n{told['description'].replace('>', '&gt;')}\n{links}\n\n")


def _mail(value: float = 75) -> Message:
    rule = _rule()
    told = rule.expected_annotations(LABELS, value)
    text = (
        f"title\n\nFiring:\n\n{rule.name} queue=low\n  {told['summary']}\n  {told['description']}\n"
        f"  Runbook: {told['runbook_url']}\n  Dashboard: {told['dashboard_url']}\n  Since: 2026-01-01 00:00:00 UTC\n\n"
        f"\nResolved:\n\nAsynqQueueStalled queue=critical\n  It stood still\n"
    )
    return _message("email", text)


def _pager() -> Message:
    text = _mail().text.partition("Firing:\n\n")[2].partition("\n\n\nResolved")[0]
    return evolve(
        _message("pagerduty", text), payload={"payload": {"custom_details": {"resolved": "AsynqQueueStalled"}}}
    )


@pytest.mark.parametrize("message", [_slack(), _mail(), _pager()], ids=lambda m: str(m.channel))
def test_a_good_message_is_read_whole(message: Message, folder: Path) -> None:
    """Alert, severity, labels, description and both links, the same in each channel."""
    [notice] = notices(message)
    told = _rule().expected_annotations(LABELS, 75)
    assert notice == Notice(
        alert="AsynqQueueWaitHigh",
        severity="warning",
        labels=(("queue", "low"),),
        description=told["description"],
        links=(("Runbook", told["runbook_url"]), ("Dashboard", told["dashboard_url"])),
    )
    assert read([message], PLAN, folder) == (1, ())


@pytest.mark.parametrize(
    ("message", "problem"),
    [
        pytest.param(_slack(description="Tasks wait."), "the description is 'Tasks wait.'", id="another text"),
        pytest.param(
            _slack(runbook_url="https://lab.example/runbooks/AsynqGone.md"),
            "the link Runbook leads to",
            id="a dead link",
        ),
        pytest.param(
            _slack(dashboard_url="https://grafana.lab.example/d/asynq-queue"),
            "the link Dashboard leads to",
            id="no queue",
        ),
        pytest.param(_message("slack", "Something is wrong."), "no alert can be read", id="free text"),
        pytest.param(
            _message("slack", "*AsynqQueueWaitHigh*\nIt waits.\n"),
            "label queue is not shown",
            id="whose queue is that?",
        ),
        pytest.param(
            _message("slack", "*AsynqGone*\nIt waits.\n"), "there is no rule of severity 'warning'", id="unknown"
        ),
    ],
)
def test_what_is_wrong_is_said(message: Message, problem: str, folder: Path) -> None:
    """Each kind of fault of a message is found."""
    _, problems = read([message], PLAN, folder)
    assert any(problem in p for p in problems), problems


def test_infinity_is_a_value(folder: Path) -> None:
    """A queue of which nothing succeeds needs +Inf to drain; that is a number."""
    rule = _rule("AsynqQueueBacklogNotDraining")
    told = rule.expected_annotations(LABELS, float("inf"))
    links = f"<{told['runbook_url']}|Runbook>  <{told['dashboard_url']}|Dashboard>"
    message = _message("slack", f"*{rule.name}* queue `low`\n{told['description']}\n{links}\n")
    assert read([message], PLAN, folder) == (1, ())


def test_what_is_over_is_told_in_each_channel() -> None:
    """Resolved alerts are read from where each channel has them, and firing ones are not."""
    slack = _message("slack", "*AsynqQueueWaitHigh* queue `low`\nIt waits.\n\nResolved: *AsynqQueueStalled* queue `a`")
    for message in (slack, _mail(), _pager()):
        assert "AsynqQueueStalled" in over(message)
        assert "AsynqQueueWaitHigh" not in over(message)


def test_links_lead_to_files(folder: Path) -> None:
    """A runbook that exists, a dashboard with variables that it has; nothing else."""
    assert resolves("https://lab.example/runbooks/AsynqRedisDown.md", folder)
    assert resolves("https://grafana.lab.example/d/asynq-queue?var-queue=low", folder)
    assert not resolves("https://lab.example/runbooks/AsynqGone.md", folder)
    assert not resolves("https://grafana.lab.example/d/asynq-gone", folder)
    assert not resolves("https://grafana.lab.example/d/asynq-queue?var-nothing=low", folder)
