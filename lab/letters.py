"""What the person on call reads: every received message against what the declaration says it must tell."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from email.message import EmailMessage
from itertools import takewhile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from attrs import evolve, frozen

from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.texts import Text
from lab.messages import Message
from lab.processes import HOST

__all__ = ["Notice", "notices", "over", "read", "resolves"]

_SLACK_HEAD = re.compile(r"^\*(?P<alert>\w+)\*(?P<labels>(?: \w+ `[^`]*`)*)\s*$")
_SLACK_LABEL = re.compile(r" (\w+) `([^`]*)`")
_SLACK_LINK = re.compile(r"<([^|<>]+)\|(\w+)>")
_TEXT_HEAD = re.compile(r"^(?P<alert>Asynq\w+)(?P<labels>(?: \w+=\S*)*)\s*$")
_TEXT_LABEL = re.compile(r" (\w+)=(\S*)")
_TEXT_LINK = re.compile(r"^  (Runbook|Dashboard|Logs|Traces): (\S+)$")
_VALUE = r"(?:[-+]?[0-9][0-9a-zA-Z. %×/]*|[-+]Inf)"
_MARK = "\0"
_SEVERITIES = ("critical", "warning", "info")


@frozen(kw_only=True)
class Notice:
    """One firing alert as a message tells it."""

    alert: str
    severity: str
    labels: tuple[tuple[str, str], ...]
    description: str
    links: tuple[tuple[str, str], ...]


def notices(message: Message) -> tuple[Notice, ...]:
    """The firing alerts in a message for people; one about resolved alerts only has none."""
    severity = next((s for s in _SEVERITIES if f" {s.upper()} " in f" {message.title} "), "")
    find = _in_slack if message.channel == "slack" else _in_text
    return tuple(evolve(notice, severity=severity) for notice in find(_firing(message).splitlines()))


def over(message: Message) -> str:
    """The part of a message for people that names alerts which are over."""
    match message.channel:
        case "slack":
            return "\n".join(line for line in message.text.splitlines() if line.startswith("Resolved: "))
        case "pagerduty":
            assert not isinstance(message.payload, EmailMessage)
            return str(message.payload["payload"]["custom_details"]["resolved"])
        case _:
            return message.text.partition("\nResolved:\n")[2]


def _firing(message: Message) -> str:
    if message.channel == "email":
        return message.text.partition("\nFiring:\n")[2].partition("\nResolved:\n")[0]
    return message.text if message.firing else ""


def _in_slack(lines: list[str]) -> Iterator[Notice]:
    for i, line in enumerate(lines):
        if head := _SLACK_HEAD.match(line):
            description, links, *_ = [*lines[i + 1 : i + 3], "", ""]
            yield Notice(
                alert=head["alert"],
                severity="",
                labels=tuple((n, html.unescape(v)) for n, v in _SLACK_LABEL.findall(head["labels"])),
                description=html.unescape(description),
                links=tuple((name, html.unescape(url)) for url, name in _SLACK_LINK.findall(links)),
            )


def _in_text(lines: list[str]) -> Iterator[Notice]:
    for i, line in enumerate(lines):
        if head := _TEXT_HEAD.match(line):
            _, description, *rest = [*lines[i + 1 : i + 8], "", ""]
            yield Notice(
                alert=head["alert"],
                severity="",
                labels=tuple(_TEXT_LABEL.findall(head["labels"])),
                description=description.strip(),
                links=tuple(m.groups() for one in takewhile(str.strip, rest) if (m := _TEXT_LINK.match(one))),  # type: ignore[misc]
            )


def read(messages: Iterable[Message], plan: Plan, folder: Path) -> tuple[int, tuple[str, ...]]:
    """How many firing alerts were read in what arrived, and what is missing or wrong there.

    ``plan`` is in the lab's time, ``folder`` holds its files.
    """
    out: list[str] = []
    count = 0
    for message in messages:
        if not message.inhibited or not message.firing or message.channel == "webhook":
            continue
        found = notices(message)
        count += len(found)
        if not found:
            out.append(f"{message.channel}: no alert can be read from {message.title!r}")
        for notice in found:
            out += [f"{message.channel}, {notice.alert}: {p}" for p in _wrong(notice, plan, folder)]
        for link in message.links:
            if not resolves(link, folder):
                out.append(f"{message.channel}: {link} in {message.title!r} is none of the generated files")
    return count, tuple(dict.fromkeys(out))


def _wrong(notice: Notice, plan: Plan, folder: Path) -> Iterator[str]:
    rule = next((r for r in plan.alerts if (r.name, r.severity.value) == (notice.alert, notice.severity)), None)
    if rule is None:
        yield f"there is no rule of severity {notice.severity or '(none in the title)'!r}"
        return
    labels = dict(notice.labels)
    for name in rule.label_names - {"__name__"}:
        if name not in labels and name != "job":
            yield f"label {name} is not shown"
    description = dict(rule.annotations)["description"]
    learnt = rule.class_for(labels).usual is not None
    if not re.fullmatch(_pattern(description, labels, learnt=learnt), notice.description):
        yield f"the description is {notice.description!r}"
    yield from _dead_links(dict(notice.links), rule, labels, folder)


def _pattern(text: Text, labels: Mapping[str, str], *, learnt: bool) -> str:
    """The text with a number and its unit for the value, and for a threshold that only Prometheus knows."""
    numbers = text.text.replace("{value}", _MARK).replace("{threshold}", _MARK if learnt else "{threshold}")
    marked = evolve(text, text=numbers).expected(labels, 0)
    value = _VALUE + re.escape(text.unit.suffix)
    return value.join(re.escape(re.sub(r"\s+", " ", part)) for part in marked.split(_MARK))


def _dead_links(links: Mapping[str, str], rule: PlannedAlert, labels: Mapping[str, str], folder: Path) -> Iterator[str]:
    for shown, name in (("Runbook", "runbook_url"), ("Dashboard", "dashboard_url")):
        want = next((link.expected(labels) for link in rule.links if link.name == name), None)
        if want is None:
            continue
        if links.get(shown) != want:
            yield f"the link {shown} leads to {links.get(shown)!r}, not to {want!r}"
        elif not resolves(want, folder):
            yield f"{want} is none of the generated files"


def resolves(url: str, folder: Path) -> bool:
    """Whether a runbook's or dashboard's URL leads to a file that was generated, with variables that it has.

    Alertmanager's own address, which it puts at the end of a mail, is no such link.
    """
    parts = urlsplit(url)
    if parts.hostname == HOST:
        return True
    if parts.path.endswith(".md"):
        return (folder / "runbooks" / Path(parts.path).name).is_file()
    uid = parts.path.rpartition("/")[2]
    for file in (folder / "dashboards_out").glob("*.json"):
        board = json.loads(file.read_text(encoding="utf-8"))
        if board["uid"] == uid:
            known = {f"var-{variable['name']}" for variable in board["templating"]["list"]}
            return set(parse_qs(parts.query)) <= known
    return False
