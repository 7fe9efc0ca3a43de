"""The comment: it fits, and nothing that somebody named a queue can do anything in it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from attrs import evolve

from asynq_mon_codegen import Above, Queue, asynq
from asynq_mon_codegen.diff.changes import Area, Change, Report
from asynq_mon_codegen.diff.markdown import LIMIT, MARKER, markdown_of
from asynq_mon_codegen.diff.text import text_of
from tests.diff.sides import BASE, report
from tests.strategies import HOSTILE

EVIL = (
    *HOSTILE,
    "@everyone",
    "#1",
    "`` `a` ``",
    "</details><img src=x onerror=alert(1)>",
    "<!-- ",
    "[x](javascript:alert(1))",
    "\x1b[31mred\x1b[0m",
    "a\u202egnp.exe",
    "```\n# heading",
)


class Tags(HTMLParser):
    """Collects tags."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.append(tag)


def outside_code(markdown: str) -> str:
    """The comment without fenced blocks and code spans, as CommonMark delimits them."""
    lines: list[str] = []
    fence = ""
    for line in markdown.splitlines():
        mark = re.match(r" *(`{3,})", line)
        if fence:
            fence = "" if line.strip() == fence else fence
        elif mark:
            fence = mark[1]
        else:
            lines.append(re.sub(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", line))
    assert not fence
    return "\n".join(lines)


@pytest.mark.parametrize("name", EVIL)
def test_a_hostile_queue(name: str) -> None:
    """Neither Markdown nor HTML nor a mention of it is left outside of code."""
    old = evolve(BASE, queues=(Queue(name, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning=10)}),))
    new = evolve(BASE, queues=(Queue(name, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning=20)}),))
    found = report(old, new)

    plain = outside_code(markdown_of(found))
    tags = Tags()
    tags.feed(plain)

    assert [c.after for c in found.changes if c.aspect == "threshold"] == ["above 20s"]
    assert set(tags.seen) <= {"details", "summary", "b"}
    assert plain.count("<details") == plain.count("</details>")
    assert not re.search(r"[@\[\]\x1b\u202e\u2028]|#\d|javascript", plain)
    assert "<!--" not in plain.removeprefix(MARKER)
    text = text_of(found)
    assert "\u202e" not in text
    assert not re.search(r"\x1b\[(?!\d*m)", text.replace("\x1b[31mred", "left"))
    assert "\x1b[31mred" not in text


@pytest.mark.parametrize("aspect", ["`x`", "a <b>", "label _x_", "look"])
def test_a_hostile_aspect(aspect: str) -> None:
    """Names of labels and settings are marked as code too."""
    change = Change(area=Area.ALERTS, subject="`a`", aspect=aspect, before="`", after="a\n<b>`````")

    plain = outside_code(markdown_of(Report(old="`o`", new="n", changes=(change,))))

    assert aspect == "look" or aspect not in plain
    assert "<b>" not in plain.replace("<b>Alerts", "")


def test_a_long_comment_is_cut_with_a_sentence() -> None:
    """What is judged comes first, so it is what stays; all tags are closed, and the rest is counted."""
    changes = tuple(
        Change(area=Area.DASHBOARDS, subject=f"panel {i}", aspect="query A", before="ä" * 200, after=f"{i} {'b' * 200}")
        for i in range(1000)
    )

    text = markdown_of(Report(old="main", new="n", changes=changes))

    assert len(text.encode()) <= LIMIT
    assert text.count("<details") == text.count("</details>") == 1
    told = text.count("`panel ")
    assert 50 < told < 1000
    assert f"{1000 - told} more changes are left out here, for a comment holds 65,536 characters" in text
    assert text.rstrip().endswith("`asynq-mon diff main`")


def test_nothing_changes() -> None:
    """The comment says so, for the last push may have taken a change back."""
    assert markdown_of(report(BASE, BASE)) == (
        f"{MARKER}\n### Monitoring of asynq: what changes\n\nFrom `old` to `new`: nothing changes for people.\n"
    )
