"""What the person on call reads: every received message against what the declaration says it must tell."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from attrs import evolve, frozen

from asynq_mon_codegen.plan import Plan, PlannedAlert
from asynq_mon_codegen.plan.texts import Text
from lab.messages import Message

__all__ = ["Notice", "notices", "read", "resolves"]

_HEAD = re.compile(r"^\*(?P<alert>\w+)\*(?P<labels>(?: \w+ `[^`]*`)*)\s*$")
_LABEL = re.compile(r" (\w+) `([^`]*)`")
_LINK = re.compile(r"<([^|<>]+)\|(\w+)>")
_VALUE = r"(?:[-+]?[0-9][0-9a-zA-Z. %×/]*|[-+]Inf)"
_MARK = "\0"


@frozen(kw_only=True)
class Notice:
    """One firing alert as a Slack message tells it."""

    alert: str
    severity: str
    labels: tuple[tuple[str, str], ...]
    description: str
    links: tuple[tuple[str, str], ...]


def notices(message: Message) -> Iterator[Notice]:
    """The firing alerts in a Slack message; a message about resolved ones only has none."""
    severity = next((s for s in ("CRITICAL", "WARNING", "INFO") if f" {s} " in f" {message.title} "), "")
    lines = message.text.splitlines()
    for i, line in enumerate(lines):
        head = _HEAD.match(line)
        if head is None:
            continue
        rest = [*lines[i + 1 : i + 3], "", ""]
        yield Notice(
            alert=head["alert"],
            severity=severity.lower(),
            labels=tuple((n, html.unescape(v)) for n, v in _LABEL.findall(head["labels"])),
            description=html.unescape(rest[0]),
            links=tuple((name, html.unescape(url)) for url, name in _LINK.findall(rest[1])),
        )


def read(messages: Iterable[Message], plan: Plan, folder: Path) -> tuple[int, tuple[str, ...]]:
    """How many alerts were read in what arrived, and what is missing or wrong there.

    ``plan`` is in the lab's time, ``folder`` holds its files.
    """
    out: list[str] = []
    count = 0
    for message in messages:
        if not message.inhibited or not message.firing:
            continue
        match message.channel:
            case "slack":
                found = list(notices(message))
                if not found:
                    out.append(f"slack: no alert can be read from {message.title!r}")
                count += len(found)
                for notice in found:
                    out += [f"slack, {notice.alert}: {p}" for p in _wrong(notice, plan, folder)]
            case "pagerduty" | "email":
                count += 1
                out += [f"{message.channel}: {p}" for p in _thin(message, plan, folder)]
            case _:
                pass
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
    if not re.fullmatch(_pattern(description, labels), notice.description):
        yield f"the description is {notice.description!r}"
    yield from _dead_links(dict(notice.links), rule, labels, folder)


def _pattern(text: Text, labels: Mapping[str, str]) -> str:
    marked = evolve(text, text=text.text.replace("{value}", _MARK)).expected(labels, 0)
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
    """Whether a runbook's or dashboard's URL leads to a file that was generated, with variables that it has."""
    parts = urlsplit(url)
    if parts.path.endswith(".md"):
        return (folder / "runbooks" / Path(parts.path).name).is_file()
    uid = parts.path.rpartition("/")[2]
    for file in (folder / "dashboards_out").glob("*.json"):
        board = json.loads(file.read_text(encoding="utf-8"))
        if board["uid"] == uid:
            known = {f"var-{variable['name']}" for variable in board["templating"]["list"]}
            return set(parse_qs(parts.query)) <= known
    return False


def _thin(message: Message, plan: Plan, folder: Path) -> Iterator[str]:
    text = f"{message.title}\n{message.text}"
    named = [r for r in plan.alerts if re.search(rf"\b{r.name}\b", message.text)]
    if not named:
        yield f"no alert is named in {message.title!r}"
    if not re.search(r"\b(CRITICAL|WARNING|INFO)\b", message.title):
        yield f"no severity in {message.title!r}"
    for kind in ("/runbooks/", "/d/"):
        urls = [u for u in re.findall(r"https?://[^\s\"<>]+", html.unescape(text)) if kind in u]
        if not urls:
            yield f"no link with {kind} in {message.title!r}"
        for url in urls:
            if not resolves(url.rstrip(".,)"), folder):
                yield f"{url} is none of the generated files"
