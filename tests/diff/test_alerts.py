"""What is told of alerts, from real declarations and from other people's rules."""

from __future__ import annotations

import json
from typing import Any

import pytest
from attrs import evolve

from asynq_mon_codegen import Above, Fleet, Monitoring, Queue, Severity, asynq
from asynq_mon_codegen.diff.changes import Effect, Kind
from asynq_mon_codegen.diff.choices import choice_moves
from asynq_mon_codegen.diff.compare import compare
from asynq_mon_codegen.model import merged
from tests.diff.sides import BASE, WAITING, changed, files, lines, report

WAIT = "AsynqQueueWaitHigh"
QUIETER, LOUDER, OTHERWISE = "Quieter", "Louder", "Alerts, otherwise"


def own(name: str, **levels: Any) -> Queue:
    return Queue(name, thresholds={asynq.QUEUE_WAIT_HIGH: Above(**levels) if levels else None})


def test_one_queue_gets_a_lower_threshold() -> None:
    """The line names the queue, both levels with their unit, and the direction; nothing else is judged."""
    old = evolve(BASE, queues=(own("critical", warning="30s", critical="2m"),))
    new = evolve(BASE, queues=(own("critical", warning="10s", critical="2m"),))

    found = report(old, new)

    assert lines(found, only=LOUDER) == [f"~ {WAIT} warning, queue critical: above 30s -> 10s (fires earlier)"]
    assert lines(found, only=QUIETER) == lines(found, only=OTHERWISE) == []


def test_one_queue_gets_a_hold_of_its_own() -> None:
    """A line names the queue and both holds, in both directions; the rule for all others is not told as changed."""
    old = evolve(BASE, queues=(Queue("reports"),))
    new = evolve(BASE, queues=(Queue("reports", holds={asynq.QUEUE_WAIT_HIGH: {Severity.CRITICAL: "9m"}}),))

    there, back = report(old, new), report(new, old)

    assert lines(there, only=QUIETER) == [f"~ {WAIT} critical, queue reports: hold 2m -> 9m (fires later)"]
    assert lines(back, only=LOUDER) == [f"~ {WAIT} critical, queue reports: hold 9m -> 2m (fires earlier)"]
    assert lines(there, only=LOUDER) == lines(there, only=OTHERWISE) == []


def test_queues_of_one_name_in_two_services_have_holds_of_their_own() -> None:
    """Each is compared with itself."""

    def side(orders: str, mail: str) -> Fleet:
        services = [
            Monitoring(
                service=name,
                where={"namespace": name},
                alerts=WAITING,
                queues=(Queue("reports", holds={asynq.QUEUE_WAIT_HIGH: {Severity.CRITICAL: hold}}),),
            )
            for name, hold in (("orders", orders), ("mail", mail))
        ]
        return merged(Fleet(service="{namespace}", identity=("namespace",), alerts=WAITING, services=services))

    found = report(side("9m", "8m"), side("12m", "6m"))

    assert lines(found, only=QUIETER) == [
        f"~ {WAIT} critical, namespace orders, queue reports: hold 9m -> 12m (fires later)"
    ]
    assert lines(found, only=LOUDER) == [
        f"~ {WAIT} critical, namespace mail, queue reports: hold 8m -> 6m (fires earlier)"
    ]


def test_a_queue_with_its_own_hold_gets_another_level_and_floor() -> None:
    """The level is told for the queue, and the guard in which the floor stands."""
    ratio = asynq.TASK_FAILURE_RATIO_HIGH
    base = evolve(BASE, alerts=WAITING.add(ratio), queues=(Queue("reports", holds={ratio: "9m"}),))
    new = Queue("reports", holds={ratio: "9m"}, floors={ratio: 50}, thresholds={ratio: Above(warning="9%")})

    found = report(base, evolve(base, queues=(new,)))

    assert f"~ {ratio.name} warning, queue reports: above 5% -> 9% (fires later)" in lines(found, only=QUIETER)
    assert any(f"{ratio.name} warning, queue reports: guards" in line and ">= 50" in line for line in lines(found))


def test_a_higher_threshold_is_quieter_and_the_text_that_tells_it_is_no_change_of_its_own() -> None:
    """All queues: no scope is named, and the description, which only tells the level, is not a second change."""
    alert = evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning="90s", critical="5m"))

    found = changed(alerts=WAITING.replace(alert))

    assert lines(found, only=QUIETER) == [f"~ {WAIT} warning: above 1m -> 1m30s (fires later)"]
    assert not [c for c in found.changes if c.aspect == "description"]


def test_an_alert_switched_off_for_a_queue() -> None:
    """It says so for each severity, and the other way round."""
    off = evolve(BASE, queues=(own("reports"),))
    on = evolve(BASE, queues=(Queue("reports"),))

    assert lines(report(on, off), only=QUIETER) == [
        f"~ {WAIT} critical, queue reports: switched off, before above 5m",
        f"~ {WAIT} warning, queue reports: switched off, before above 1m",
    ]
    assert lines(report(off, on), only=LOUDER) == [
        f"~ {WAIT} critical, queue reports: switched on, above 5m",
        f"~ {WAIT} warning, queue reports: switched on, above 1m",
    ]


def test_several_queues_are_told_together_and_all_others_by_exception() -> None:
    """Queues that change alike stand in one line; the rest is 'every queue but'."""
    old = evolve(BASE, queues=(own("a", warning=10), own("b", warning=10), own("c", warning=10)))
    both = evolve(BASE, queues=(own("a", warning=20), own("b", warning=20), own("c", warning=10)))
    rest = evolve(old, alerts=WAITING.replace(evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning=30, critical=300))))

    assert f"~ {WAIT} warning, queues a, b: above 10s -> 20s (fires later)" in lines(report(old, both))
    assert f"~ {WAIT} warning, every queue but a, b, c: above 1m -> 30s (fires earlier)" in lines(report(old, rest))


def test_hold_and_keep_firing() -> None:
    """A longer hold is quieter; how long an alert lingers is neither."""
    found = changed(
        alerts=WAITING.replace(evolve(asynq.QUEUE_PAUSED, hold="2h")).replace(
            evolve(asynq.QUEUE_WAIT_HIGH, keep_firing_for="10m")
        )
    )

    assert lines(found, only=QUIETER) == ["~ AsynqQueuePaused warning: hold 30m -> 2h (fires later)"]
    assert lines(found, only=OTHERWISE) == [f"~ {WAIT} critical/warning: keeps firing for 5m -> 10m"]


def test_alerts_come_and_go() -> None:
    """Whole alerts are told with their levels; a removed one makes it quieter."""
    fewer = evolve(BASE, alerts=WAITING.without(WAIT))

    assert lines(report(BASE, fewer), only=QUIETER) == [
        f"- {WAIT} removed: critical above 5m, held 2m; warning above 1m, held 2m"
    ]
    assert f"+ {WAIT} added: critical above 5m, held 2m; warning above 1m, held 2m" in lines(
        report(fewer, BASE), only=LOUDER
    )


def test_a_severity_comes_and_goes() -> None:
    """Without a critical level there is no critical rule."""
    warned = evolve(BASE, alerts=WAITING.replace(evolve(asynq.QUEUE_WAIT_HIGH, when=Above(warning="1m"))))

    assert lines(report(BASE, warned), only=QUIETER) == [f"- {WAIT} severity removed: critical above 5m, held 2m"]
    assert lines(report(warned, BASE), only=LOUDER) == [f"+ {WAIT} severity added: critical above 5m, held 2m"]


def test_a_renamed_alert_is_not_one_removed_and_one_added() -> None:
    """The expression is the same, so it is the same alert."""
    other = evolve(asynq.QUEUE_WAIT_HIGH, name="ShopWaitHigh")

    found = changed(alerts=WAITING.without(WAIT).add(other))

    # the runbook's address follows the name, which is no change of its own
    assert lines(found, only=OTHERWISE) == [f"> ShopWaitHigh is the new name of {WAIT}"]
    assert not [c for c in found.changes if c.area.value == "alerts" and c.kind in (Kind.ADDED, Kind.REMOVED)]


def test_labels_links_and_texts() -> None:
    """Teams, runbook links and sentences, each with both sides; alike ones are told once."""
    alert = evolve(asynq.QUEUE_WAIT_HIGH, summary="Tasks are late")

    found = changed(
        alerts=WAITING.replace(alert), team="growth", links=evolve(BASE.links, runbooks="https://r.example")
    )

    said = lines(found, only=OTHERWISE)
    assert "~ AsynqQueuePaused warning, AsynqQueueWaitHigh critical/warning: label team shop -> growth" in said
    assert f"~ {WAIT} critical/warning: summary Tasks wait too long for a worker -> Tasks are late" in said
    assert any(
        line.endswith("runbook_url https://monitoring.example.com/runbooks/{alert}.md -> https://r.example/{alert}.md")
        for line in said
    )


def test_a_queue_moves_to_another_team() -> None:
    """The team's label is a template that chooses by queue: only the queue that moves is named."""
    old = evolve(BASE, queues=(Queue("a", team="growth"), Queue("b", team="growth")))
    new = evolve(BASE, queues=(Queue("a", team="growth"), Queue("b", team="pay'\"ments")))

    names = "AsynqQueuePaused warning, AsynqQueueWaitHigh critical/warning"
    assert f"~ {names}, queue b: label team growth -> pay'\"ments" in lines(report(old, new), only=OTHERWISE)
    assert f"~ {names}, queues a, b: label team shop -> growth" in lines(report(BASE, old), only=OTHERWISE)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("x", "y", (("", "x", "y"),)),
        (
            '{{ if and (eq $labels.c "1") (not (eq $labels.queue "a" "b")) }}x{{ else }}y{{ end }}',
            "y",
            (("c 1, every queue but a, b", "x", "y"),),
        ),
        (
            '{{ if or (eq $labels.c "1") (eq $labels.c "}}\\x22") }}x{{ else if eq $labels.c "2" }}z{{ end }}',
            "",
            (('cs 1, }}"', "x", ""), ("c 2", "z", "")),
        ),
        (
            '{{ if eq $labels.c "1" }}{{ with $labels.c }}{{ . }}{{ else }}w{{ end }}{{ else }}y{{ end }}',
            "y",
            (("c 1", "{{ with $labels.c }}{{ . }}{{ else }}w{{ end }}", "y"),),
        ),
        ("{{ if gt $value 1.0 }}x{{ end }}", "y", None),
        ('{{ if eq $labels.c "1" }}x{{ end }} tail', "y", None),
        ('{{ if eq $labels.c "1" }}x', "y", None),
        ("{{ if eq $labels.c }}", "y", None),
    ],
)
def test_templates_that_choose_by_label(old: str, new: str, expected: object) -> None:
    """A chain of conditions on labels is read; any other template is left as it is."""
    assert choice_moves(old, new) == expected


RULE = """
groups:
- name: g
  rules:
  - alert: A
    expr: %s
    labels: {severity: warning}
    annotations: {description: "is {{ $value | humanizePercentage }}"}
"""


def told(old: str, new: str) -> list[tuple[str, str, str, str, Effect]]:
    found = compare(files(rules=RULE % json.dumps(old)), files(rules=RULE % json.dumps(new)))
    return [(c.scope, c.aspect, c.before, c.after, c.effect) for c in found.changes]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("a > 0.5", "0.25 < a", [("", "threshold", "above 50%", "above 25%", Effect.LOUDER)]),
        ("a < 0.5", "a < 0.25", [("", "threshold", "below 50%", "below 25%", Effect.QUIETER)]),
        ("a > 0.5", "(a)  >  0.50", []),
        ("a == 0", "a == 1", [("", "threshold", "equal to 0%", "equal to 100%", Effect.NONE)]),
        ("a > b * 2", "a > b * 3", [("", "threshold", "above b * 2", "above b * 3", Effect.QUIETER)]),
        (
            'a{queue=~"x|y\\\\.z"} > 1',
            'a{queue=~"x"} > 1',
            [("queue y.z", "threshold", "above 100%", "off", Effect.QUIETER)],
        ),
        (
            'a{queue=~"pay.*"} > 1 or a{queue!~"pay.*"} > 2',
            'a{queue=~"pay.*"} > 3 or a{queue!~"pay.*"} > 2',
            [("queue like pay.*", "threshold", "above 100%", "above 300%", Effect.QUIETER)],
        ),
        (
            "a > 1 and b > 5",
            "a > 1 and b > 6",
            [("", "expression", "a > 1\nand b > 5", "a > 1\nand b > 6", Effect.NONE)],
        ),
        ('a{job="x"} > 1', 'a{job="y"} > 1', [("", "expression", 'a{job="x"} > 1', 'a{job="y"} > 1', Effect.NONE)]),
        ("not promql (", "a > 1", [("", "expression", "not promql (", "a > 1", Effect.NONE)]),
    ],
)
def test_expressions_that_others_wrote(old: str, new: str, expected: list[tuple[str, str, str, str, Effect]]) -> None:
    """Thresholds are read from comparisons either way round; whatever else differs is shown with both sides."""
    assert told(old, new) == expected


def test_a_changed_severity() -> None:
    """A single rule whose severity changes is the same rule."""
    warning = RULE % "'a > 1'"

    found = compare(files(rules=warning), files(rules=warning.replace("severity: warning", "severity: critical")))

    assert [(c.aspect, c.before, c.after, c.effect) for c in found.changes] == [
        ("severity", "warning", "critical", Effect.LOUDER)
    ]


def test_a_fleet() -> None:
    """Services and queues in one phrase, as the labels of the rule have them."""
    rest = 'a{namespace="orders", queue!="payments"} > 20 or a{namespace!="orders"} > 60'
    old = f'a{{namespace="orders", queue="payments"}} > 5 or {rest}'
    new = old.replace("> 5 ", "> 7 ").replace("> 20 ", "> 30 ")

    assert {line[:3] for line in told(old, new)} == {
        ("namespace orders, every queue but payments", "threshold", "above 2000%"),
        ("namespace orders, queue payments", "threshold", "above 500%"),
    }


def test_too_many_classes_to_look_at() -> None:
    """Then the expression is shown with both sides; nothing is left out."""
    names = "|".join(f"q{i}" for i in range(300))
    old = f'a{{queue=~"{names}", task_type=~"{names}"}} > 1'

    assert told(old, old.replace("> 1", "> 2")) == [("", "expression", old, old.replace("> 1", "> 2"), Effect.NONE)]


def test_nothing_changes() -> None:
    """One sentence, and no section."""
    assert lines(report(BASE, BASE)) == ["Nothing changes for people between old and new."]
