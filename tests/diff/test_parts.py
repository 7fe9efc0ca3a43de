"""Routes, receivers, inhibitions, recordings, dashboards, runbooks and message templates."""

from __future__ import annotations

import json
from typing import Any

from attrs import evolve

from asynq_mon_codegen import MuteTime, Queue, Receiver, Route, Severity, Threat, asynq
from asynq_mon_codegen.diff.changes import Area, Change, Effect
from asynq_mon_codegen.diff.compare import compare
from tests.diff.sides import BASE, CHAT, WAITING, changed, files, lines, report

EXTRA = Receiver.slack("growth", channel="#growth")


def of(found: Any, area: Area) -> list[Change]:
    return [c for c in found.changes if c.area is area]


def test_a_team_is_told_too() -> None:
    """Who hears of what is computed, so the line names severity, team and both receivers."""
    queues = (Queue("mail", team="growth"),)
    old = evolve(BASE, queues=queues)
    new = evolve(old, routes=(Route(to=EXTRA, teams="growth", severities=Severity.CRITICAL, also=True),))

    assert lines(report(old, new), only="Louder") == [
        "~ severity critical, team growth: now also reaches growth (as before: pager, chat)"
    ]
    assert lines(report(new, old), only="Quieter") == [
        "~ severity critical, team growth: no longer reaches growth (still: pager, chat)"
    ]


def test_a_receiver_takes_the_place_of_another() -> None:
    """Some hear less and others more: that is a section of its own."""
    new = evolve(BASE, receivers={**dict(BASE.receivers), Severity.WARNING: EXTRA})

    assert lines(report(BASE, new), only="Both") == ["~ severity warning: now reaches growth instead of chat"]


def test_mute_times_and_timing() -> None:
    """An alert that is not sent at night is quieter; how soon messages leave is told by severity."""
    night = MuteTime(name="night", start="00:00", end="06:00")
    found = changed(routes=(Route(to=CHAT, threats=Threat.BOTTLENECK, severities=Severity.WARNING, mute=night),))
    assert lines(found, only="Quieter") == ["~ severity warning, threat bottleneck: not sent during nothing -> night"]
    assert "+ time interval night added: start_time 00:00, end_time 06:00, location UTC" in lines(found)

    slower = changed(evaluation_interval="1m")
    assert "~ severity critical: first message after 30s -> 1m" in lines(slower)


def test_too_many_combinations_to_send_through_the_routes() -> None:
    """Then the routes themselves are compared; nothing is left out."""
    names = "|".join(f"n{i}" for i in range(300))
    tree = (
        "route: {receiver: a, routes: [{matchers: ['queue=~\"%s\"', 'pod=~\"%s\"'], receiver: %s}]}\n"
        "receivers: [{name: a, webhook_configs: [{url: 'http://a'}]}, {name: b, webhook_configs: [{url: 'http://b'}]}]\n"
    )
    rules = "groups: [{name: g, rules: [{alert: A, expr: up > 1, labels: {severity: warning}}]}]"

    old, new = (files(rules=rules, routes=tree % (names, names, receiver)) for receiver in "ab")
    found = [c for c in compare(old, new).changes if c.area is Area.ROUTES]

    assert [(c.subject, c.aspect) for c in found] == [("all routes", "tree")]
    assert "-> a, " in found[0].before.splitlines()[1]
    assert "-> b, " in found[0].after.splitlines()[1]


def test_receivers() -> None:
    """Settings by name; a receiver that comes is told by where it leads."""
    moved = Receiver.slack("chat", channel="#shop")
    found = changed(
        receivers={
            Severity.CRITICAL: (moved, EXTRA),
            Severity.WARNING: moved,
            Severity.INFO: moved,
            Severity.NONE: moved,
        }
    )

    said = lines(found, only="Receivers")
    assert "~ receiver chat: slack: channel #alerts -> #shop" in said
    where = "routing_key_file /etc/secrets/pager, client Alertmanager, text Runbook, text Dashboard"
    assert f"- receiver pager removed: pagerduty: {where}" in said
    assert any(line.startswith("+ receiver growth added: slack: api_url_file") for line in said)


FOREIGN = """
route: {receiver: a}
receivers:
- name: a
  slack_configs:
  - {api_url: "https://hooks.slack.com/services/%s", channel: "#x"}
  webhook_configs:
  - {url: "https://u:%s@hook.example.com/p?token=%s", http_config: {authorization: {credentials: "%s"}}}
  opsgenie_configs:
  - {api_key: "%s", responders: [{id: "%s-x"}]}
"""


def test_no_secret_is_shown() -> None:
    """Of a foreign file only hosts and paths of files are shown, and still that the hidden part changed."""
    old, new = (FOREIGN % ((f"s3cr3t-{side}",) * 6) for side in ("old", "new"))
    old, new = (text.replace('responders: [{id: "s3cr3t', 'responders: [{id: "plain') for text in (old, new))

    found = compare(files(routes=old), files(routes=new))

    text = json.dumps(found.data())
    assert "s3cr3t" not in text
    assert "https://hooks.slack.com/..." in text
    assert {c.aspect for c in found.changes} >= {"slack: api_url", "webhook: url", "opsgenie: api_key"}


def test_inhibitions() -> None:
    """One line for each alert that is muted, with what must be the same."""
    found = changed(alerts=WAITING.replace(evolve(asynq.QUEUE_PAUSED, inhibits=())))

    text = "no longer muted while AsynqQueuePaused fires, if severity warning or info, with the same queue, service"
    assert lines(found, only="Louder") == [f"~ AsynqQueueWaitHigh: {text}"]
    assert [c.effect for c in found.changes if c.aspect == "inhibition"] == [Effect.LOUDER]


RECORDED = """
groups:
- name: g
  rules:
  %s
  - {alert: A, expr: "%s > 1", labels: {severity: warning}}
"""


def recorded(names: dict[str, str], read: str) -> str:
    rules = "\n  ".join(f'- {{record: "{name}", expr: "{expr}"}}' for name, expr in names.items())
    return RECORDED % (rules, read)


def test_a_recording_loses_its_reader() -> None:
    """It says who read it."""
    both = {"a:x:max": "max(x)", "b:y:max": "max(y)"}

    found = compare(files(rules=recorded(both, "a:x:max")), files(rules=recorded(both, "b:y:max")))

    assert lines(found, only="Recorded") == [
        "~ a:x:max: loses its readers; read before by alert A",
        "~ b:y:max: now read, by alert A",
    ]


def test_a_reader_loses_its_source() -> None:
    """A rule that reads what nobody records can never fire: that is quieter."""
    old = recorded({"a:x:max": "max(x)", "b:z:max": "max(z)"}, "a:x:max")

    found = compare(files(rules=old), files(rules=recorded({"b:z:max": "max(z)"}, "a:x:max")))

    assert lines(found, only="Quieter") == ["~ a:x:max: no longer recorded, but read by alert A"]
    assert lines(found, only="Recorded") == ["- a:x:max removed: max (x)"]


def test_recordings_change_and_are_renamed() -> None:
    """A definition is shown with both sides; a new prefix alone is a rename, and changes no reader."""
    old = recorded({"queue:x:max": "max by (queue) (x)"}, "queue:x:max")
    other = recorded({"queue:x:max": "min by (queue) (x)"}, "queue:x:max")
    wider = recorded({"cluster_queue:x:max": "max by (cluster, queue) (x)"}, "cluster_queue:x:max")

    assert lines(compare(files(rules=old), files(rules=other)), only="Recorded") == [
        "~ queue:x:max: definition max by (queue) (x) -> min by (queue) (x)"
    ]
    renamed = compare(files(rules=old), files(rules=wider))
    assert lines(renamed, only="Recorded") == ["> cluster_queue:x:max is the new name of queue:x:max"]
    assert len(renamed.changes) == 1


def board(*panels: dict[str, Any], **others: Any) -> str:
    return json.dumps({"uid": "u", "title": "Board", "panels": list(panels), **others})


def panel(number: int, title: str, expr: str, **others: Any) -> dict[str, Any]:
    return {"id": number, "title": title, "type": "stat", "targets": [{"refId": "A", "expr": expr}], **others}


def test_panels() -> None:
    """Added, removed, renamed, moved, with other queries, units and steps: each by the panel's title."""
    row = {"id": 9, "type": "row", "title": "Now"}
    steps = {"thresholds": {"steps": [{"color": "green", "value": None}, {"color": "red", "value": 5}]}}
    old = board(panel(1, "One", "a"), panel(2, "Two", "b"), panel(3, "Gone", "c"), panel(5, "Five", "f"))
    new = board(
        panel(1, "One", "a2", fieldConfig={"defaults": {"unit": "s", **steps}}),
        panel(4, "New", "d"),
        panel(5, "Cinq", "f"),
        row,
        panel(2, "Two", "b", gridPos={"w": 3, "h": 4}),
    )

    said = lines(compare(files(dashboard=old), files(dashboard=new)), only="Dashboards")

    assert said == [
        "- Board: Gone removed: panel in row above all rows",
        "- c",
        "+ Board: New added: panel in row above all rows",
        "+ d",
        "~ Board: One: query A a -> a2",
        "~ Board: One: unit nothing -> s",
        "~ Board: One: thresholds nothing -> green, red from 5",
        "~ Board: Two: row above all rows -> Now",
        "~ Board: Two: size ? x ? -> 3 x 4",
        "~ Board: Cinq: title Five -> Cinq",
    ]


def test_variables_and_settings_of_a_dashboard() -> None:
    """Variables by name, the rest by its own name."""
    variable = {"name": "queue", "query": {"query": "label_values(a, queue)"}}
    old = board(refresh="30s")
    new = board(refresh="1m", templating={"list": [variable]})

    assert lines(compare(files(dashboard=old), files(dashboard=new)), only="Dashboards") == [
        "~ Board: refresh 30s -> 1m",
        "+ Board: $queue added: variable",
        "+ label_values(a, queue)",
    ]


def test_runbooks() -> None:
    """Sections by their headings; a comment in a block of code is no heading."""
    old = "# A\n\n## Meaning\n\nold\n\n## Gone\n\nx\n\n```bash\n# not a heading\n```\n"
    new = "# A\n\n## Meaning\n\nnew\n\n## Come\n\n```bash\n# neither\n```\n"

    assert lines(compare(files(runbook=old), files(runbook=new)), only="Runbooks") == [
        "~ A: sections rewritten: Meaning",
        "~ A: sections removed: Gone; sections added: Come",
    ]
    assert lines(compare(files(), files(runbook=new)), only="Runbooks") == ["+ A added"]


def test_templates_of_messages() -> None:
    """The lines that differ."""
    found = compare(files(template="a\nb"), files(template="a\nc"))

    assert lines(found, only="Templates") == ["~ templates/a.tmpl: template", "a", "- b", "+ c"]
