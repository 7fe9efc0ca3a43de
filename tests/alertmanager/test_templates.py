"""The message templates, rendered by amtool of either version."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from asynq_mon_codegen.generators.alertmanager import TEMPLATE
from asynq_mon_codegen.plan import Plan

LABELS = {
    "alertname": "AsynqWait",
    "severity": "warning",
    "component": "asynq",
    "service": "<b>&",
    "queue": "<!here>\n|",
}


def _data(status: str, firing: int, resolved: int = 0, **annotations: str) -> dict[str, Any]:
    def alert(state: str) -> dict[str, Any]:
        return {
            "status": state,
            "labels": LABELS,
            "annotations": annotations,
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2026-01-01T01:00:00Z",
            "generatorURL": "",
            "fingerprint": "",
        }

    return {
        "receiver": "slack",
        "status": status,
        "alerts": [alert("firing")] * firing + [alert("resolved")] * resolved,
        "groupLabels": {},
        "commonLabels": LABELS,
        "commonAnnotations": annotations,
        "externalURL": "http://am.example",
    }


@pytest.fixture
def render(plan_of: Callable[..., Plan], write: Any, amtool: Any) -> Callable[..., str]:
    """Renders a template of the generated file with the real amtool."""
    folder: Path = write(plan_of())

    def run(name: str, data: dict[str, Any], kind: str = "text") -> str:
        path = folder / "data.json"
        path.write_text(json.dumps(data))
        done = amtool(
            "template",
            "render",
            f"--template.glob={folder / TEMPLATE}",
            f'--template.text={{{{ template "{name}" . }}}}',
            f"--template.type={kind}",
            f"--template.data={path}",
        )
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    return run


@pytest.mark.outputs
@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        pytest.param(
            "asynq.slack.title",
            _data("firing", 2, summary="Slow <x>"),
            "[FIRING:2] WARNING &lt;b&gt;&amp;: Slow &lt;x&gt; (queue &lt;!here&gt; |)",
            id="Slack's title, escaped and in one line",
        ),
        pytest.param(
            "asynq.title",
            _data("resolved", 0, 1),
            "[RESOLVED] WARNING <b>&: AsynqWait (queue <!here> |)",
            id="a title without a summary",
        ),
        pytest.param("asynq.color", _data("resolved", 0, 1), "#2eb67d", id="resolved is green"),
        pytest.param(
            "asynq.link", _data("firing", 1), "http://am.example", id="without links the title leads to Alertmanager"
        ),
        pytest.param(
            "asynq.link",
            _data("firing", 1, dashboard_url="http://d/"),
            "http://d/",
            id="without a runbook to the dashboard",
        ),
        pytest.param("asynq.pagerduty.severity", _data("firing", 1), "warning", id="PagerDuty's severity"),
    ],
)
def test_it_reads(name: str, data: dict[str, Any], expected: str, render: Callable[..., str]) -> None:
    """A short text, rendered in full."""
    assert render(name, data).strip() == expected


@pytest.mark.outputs
def test_long_lists_are_cut(render: Callable[..., str]) -> None:
    """Ten alerts are listed, and the message says how many there are."""
    text = render("asynq.slack.text", _data("firing", 12, 11, description="d"))

    assert text.count("*AsynqWait* queue") == 20
    assert "The first 10 of 12 firing alerts are shown." in text
    assert "The first 10 of 11 resolved alerts are shown." in text


@pytest.mark.outputs
def test_html_is_escaped(render: Callable[..., str]) -> None:
    """Neither labels nor annotations bring markup or a script link into the mail."""
    text = render("asynq.email.html", _data("firing", 1, 1, summary="<i>", runbook_url="javascript:alert(1)"), "html")

    assert "<i>" not in text
    assert "<!here>" not in text
    assert "javascript:alert" not in text
    assert "&lt;i&gt;" in text


def test_the_title_is_about_what_fires(render: Callable[..., str]) -> None:
    """Alerts that are over count neither for the title nor for where it leads."""
    data = _data("firing", 1, 2, summary="Redis is down", runbook_url="https://books.example/redis")
    for over in data["alerts"][1:]:
        over["annotations"] = {"summary": "Tasks wait", "runbook_url": "https://books.example/wait"}
        over["labels"] = {**LABELS, "queue": "another"}
    data["commonAnnotations"] = {}
    assert render("asynq.title", data).strip().endswith("Redis is down (queue <!here> |)")
    assert "Redis is down (queue &lt;!here&gt; |)" in render("asynq.slack.title", data)
    assert render("asynq.link", data).strip() == "https://books.example/redis"


def test_a_title_of_several_names_their_threat(render: Callable[..., str]) -> None:
    """Two kinds of alerts on two queues: how many, and about what."""
    data = _data("firing", 2, summary="Tasks wait")
    data["alerts"] = [dict(alert) for alert in data["alerts"]]
    data["alerts"][1]["annotations"] = {"summary": "Tasks fail"}
    for alert, queue in zip(data["alerts"], ("a", "b"), strict=True):
        alert["labels"] = {**LABELS, "queue": queue, "threat": "bottleneck"}
    assert render("asynq.title", data).strip().endswith(": 2 alerts about bottleneck")
