"""Whole files: line ends, tabs, names of every kind, the examples, the starter, and any declaration at all."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from asynq_mon_codegen import Above, Band, Monitoring, Queue, Severity
from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.load import LoadError
from asynq_mon_codegen.scaffold import starter
from asynq_mon_codegen.tune.applied import applied
from asynq_mon_codegen.tune.changes import Change
from asynq_mon_codegen.tune.edit import edited
from asynq_mon_codegen.tune.effect import holds, verified
from tests.strategies import HOSTILE, names
from tests.tune.editing import alert, floored, formatted, held, queue, ruffs_opinion, task_type

ROOT = Path(__file__).resolve().parent.parent.parent
FAST = Above(warning=20, critical=90)
MANY: tuple[Change, ...] = (
    queue("payments", FAST),
    queue("invoices", FAST),
    queue("invoices", Above(warning=0.075), "AsynqTaskFailureRatioHigh"),
    queue("new", Above(warning=Band(3, floor=30, ceiling=900), critical=3600)),
    task_type("report:render", Above(warning=1500, critical=3600)),
    held("payments", "20m"),
    held("invoices", {Severity.WARNING: "20m", Severity.CRITICAL: "5m"}),
    floored("new", 50),
    alert("AsynqQueuePaused", hold="3h"),
    alert(
        "AsynqTaskFailureRatioHigh",
        hold={Severity.WARNING: "10m", Severity.CRITICAL: "5m"},
        when=Above(warning=0.1, critical=0.4),
        floor=20,
    ),
    alert("AsynqQueueWaitHigh", when=Above(warning=Band(3, floor=45, ceiling=900), critical=Band(12, floor=300))),
)

FEW = """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue("a", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="10s")}),  # the first
        Queue("b"),
    ),
    alerts=asynq.ALERTS,
)
"""
AFTER = """\
from asynq_mon_codegen import Above, Monitoring, Queue, asynq

monitoring = Monitoring(
    queues=(
        Queue("a", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="90s")}),  # the first
        Queue("b"),
        Queue("c", optional=True, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="90s")}),
    ),
    alerts=asynq.ALERTS,
)
"""


@pytest.mark.parametrize(
    "written",
    [
        lambda text: text,
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("    ", "\t"),
        lambda text: text.removesuffix("\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace('"', "'"),
        lambda text: "# -*- coding: latin-1 -*-\n# \xfc \u2028 \x0c\n" + text,
    ],
    ids=["as it is", "CRLF", "tabs", "no newline at the end", "BOM", "single quotes", "odd characters"],
)
def test_a_file_keeps_how_it_is_written(written: object) -> None:
    """Line ends, indentation and quotes of what is new are those of what is there."""
    assert callable(written)
    changes = [queue("a", FAST), queue("c", FAST)]
    assert edited(written(FEW), changes, line_length=120).text == written(AFTER)
    assert edited(written(AFTER), changes, line_length=120).text == written(AFTER)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_of_every_kind(tmp_path: Path, name: str) -> None:
    """A name that is new, and the same name found again."""
    first, second = edited(FEW, [queue(name, FAST)]).text, [queue(name, Above(warning=1))]
    assert holds(verified(tmp_path / "m.py", first), [queue(name, FAST)]) == ()
    assert holds(verified(tmp_path / "m.py", edited(first, second).text), second) == ()
    if len(name) < 100:
        assert ruffs_opinion(edited(FEW, [queue(name, FAST)], line_length=120).text) == ""


EXAMPLES = [*sorted((ROOT / "examples").glob("*.py")), *sorted((ROOT / "examples" / "fleet").glob("[a-z]*.py"))]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples(path: Path) -> None:
    """Every example with many changes: what is said to be done is, the rest is left, and ruff is content."""
    before = path.read_text(encoding="utf-8")
    result = edited(before, MANY, line_length=120)
    assert {id(c) for c in result.done} | {id(c) for c, _, _ in result.left} == {id(c) for c in MANY}
    assert len(result.done) >= 3
    assert all(snippet for _, _, snippet in result.left)
    assert formatted(result.text, 120) == result.text
    assert ruffs_opinion(result.text) == ruffs_opinion(before)
    assert edited(result.text, MANY, line_length=120).text == result.text
    assert holds(verified(path, result.text), result.done) == ()
    comments = [line.split("#")[1] for line in before.splitlines() if "#" in line and '"#' not in line]
    assert all(comment in result.text for comment in comments)


def test_the_starter(tmp_path: Path) -> None:
    """The queues of the starter are comments, which stay above the first that is declared."""
    text = next(a.text for a in starter("orders", "0.1.0", "github") if a.path == "monitoring.py")
    result = edited(text, [queue("critical", FAST)], line_length=120)
    assert result.left == ()
    was = '        # Queue("reports", thresholds={asynq.QUEUE_WAIT_HIGH: None}),\n'
    new = (
        'Queue("critical", optional=True, thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="20s", critical="90s")}),\n'
    )
    assert result.text == text.replace(was, f"{was}        {new}")
    assert holds(verified(tmp_path / "monitoring.py", result.text), result.done) == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("x = (\n", "1:5"),
        ("x = 1\n  y = 2\n", "2:2"),
        ("é = 'abc\n", "1:5"),
        ("a = 1\0", "1:1"),
        ("print 'x'\n", "1:1"),
    ],
)
def test_a_broken_source(text: str, place: str) -> None:
    """The place comes first, without the name of a file."""
    with pytest.raises(UsageError) as caught:
        edited(text, [queue("a", FAST)])
    assert caught.value.message.startswith(f"{place}: error: ")


def test_nothing_is_run(tmp_path: Path) -> None:
    """Neither the file nor what it imports."""
    mark = tmp_path / "ran"
    text = f"import pathlib\npathlib.Path({str(mark)!r}).touch()\nimport no_such_module\n{FEW}"
    assert edited(text, [queue("a", FAST)]).left == ()
    assert not mark.exists()


def test_verified_leaves_nothing_behind(tmp_path: Path) -> None:
    """A module beside the file is found; a fault is told with the file's own name; no file stays."""
    (tmp_path / "beside.py").write_text('NAME = "orders"\n')
    path = tmp_path / "monitoring.py"
    good = "from beside import NAME\n" + FEW.replace("    alerts=", "    service=NAME,\n    alerts=")
    assert verified(path, good).service == "orders"
    with pytest.raises(LoadError) as caught:
        verified(path, good.replace("Queue(", "Queu("))
    assert caught.value.problem.where.startswith(f"{path}:")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["beside.py"]
    assert "beside" not in sys.modules


def test_holds_tells_what_is_not_in_effect(tmp_path: Path) -> None:
    """Each part of a change is looked at."""
    more = 'Queue("b", holds={asynq.QUEUE_WAIT_HIGH: "5m"}), Queue("c", floors={asynq.TASK_FAILURE_RATIO_HIGH: 20})'
    monitoring = verified(tmp_path / "m.py", FEW.replace('Queue("b")', more))
    good = (
        queue("a", Above(warning=10)),
        alert("AsynqTaskFailureRatioHigh", hold="5m"),
        held("b", "5m"),
        floored("c", 20),
    )
    bad = (
        queue("a", Above(warning=10, critical=20)),
        queue("b", Above(warning=10)),
        queue("z", Above(warning=10)),
        task_type("a", Above(warning=10)),
        alert("AsynqTaskFailureRatioHigh", hold="6m"),
        alert("AsynqTaskFailureRatioHigh", hold={Severity.CRITICAL: "6m"}),
        alert("AsynqTaskFailureRatioHigh", floor=1e6),
        alert("AsynqTaskFailureRatioHigh", when=Above(warning=0.99)),
        evolve(good[1], alert="Unknown"),
        held("a", "5m"),
        held("b", {Severity.CRITICAL: "5m"}),
        held("b", "6m"),
        floored("a", 21),
        floored("b", 20),
    )
    assert holds(monitoring, (*good, *bad)) == bad


# -- any declaration -------------------------------------------------------------------------------------------------

LENGTHS = ("10s", "90s", "5m", "2h")
ALERTS = ("AsynqQueueWaitHigh", "AsynqQueueBacklogNotDraining", "AsynqTaskFailureRatioHigh")
KEYS = {"AsynqQueueWaitHigh": "asynq.QUEUE_WAIT_HIGH", "AsynqQueueBacklogNotDraining": "asynq.BACKLOG_NOT_DRAINING"}


@st.composite
def levels(draw: st.DrawFn) -> Above:
    low = draw(st.integers(1, 5_000)) / draw(st.sampled_from([1, 1000]))
    high = low * draw(st.integers(2, 50))
    options: tuple[dict[str, Any], ...] = (
        {"warning": low},
        {"warning": low, "critical": high},
        {"critical": high},
        {"info": low / 2, "critical": low},
        {"warning": Band(draw(st.integers(2, 9)), floor=low), "critical": Band(10, floor=low, ceiling=high)},
        {"warning": Band(3, ceiling=high), "critical": high},
    )
    return Above(**draw(st.sampled_from(options)))


@st.composite
def written_queues(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and the code of its queue."""
    name = draw(names)
    parts = [draw(st.sampled_from(["", "name="])) + draw(st.sampled_from([repr(name), ascii(name)]))]
    if draw(st.booleans()):
        parts.append(draw(st.sampled_from(["optional=True", 'team="a"'])))
    if draw(st.booleans()):
        entries = []
        for known in draw(st.sets(st.sampled_from(ALERTS))):
            key = draw(st.sampled_from([repr(known), KEYS.get(known, repr(known))]))
            condition = draw(
                st.sampled_from(
                    [
                        "None",
                        'Above(warning="10s")',
                        "Above(\nwarning=30,  # a\n# b\ncritical='1h')",
                        'Above(critical="90m", warning=Band(3, floor="5s", young="1h"))',
                    ]
                )
            )
            entries.append(f"{key}: {condition}")
        comma = draw(st.sampled_from(["", ",", ",\n# the last\n"])) if entries else ""
        parts.append(f"thresholds={{{', '.join(entries)}{comma}}}")
    if draw(st.booleans()):
        one = draw(st.sampled_from(["'7m'", '{Severity.CRITICAL: "60s"}', '{\n# soon\nSeverity.WARNING: "1m"}']))
        parts.append(f"holds={{asynq.QUEUE_WAIT_HIGH: {one}}}")
    return name, f"Queue({', '.join(parts)}{draw(st.sampled_from(['', ',']))})"


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    """The text of a declaration, and the names of its queues."""
    queues = draw(st.lists(written_queues(), max_size=4, unique_by=lambda q: q[0]))
    comment = draw(st.sampled_from(["", "# a queue\n", "\n"]))
    code = ", ".join(f"{comment}{q}" for _, q in queues)
    given = draw(st.sampled_from([f"queues=[{code}]", f"queues=({code}{',' if queues else ''})"]))
    if not queues:
        given = draw(st.sampled_from(["queues=()", "queues=[\n# none\n]", ""]))
    alerts = draw(
        st.sampled_from(
            [
                "asynq.ALERTS",
                'asynq.ALERTS.without("AsynqHostDiskFilling")',
                'asynq.ALERTS.replace(evolve(asynq.QUEUE_WAIT_HIGH, hold="7m"))',
                "asynq.ALERTS.replace(asynq.TASK_FAILURE_RATIO_HIGH.with_floor(7)).without('AsynqHostCPUHigh').add()",
            ]
        )
    )
    order = draw(st.permutations([part for part in (given, f"alerts={alerts}", 'service="s"') if part]))
    imports = "from asynq_mon_codegen import Above, Band, Monitoring, Queue, Severity, asynq, evolve\n\n"
    return f"{imports}monitoring = Monitoring({', '.join(order)})\n", tuple(name for name, _ in queues)


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, tuple[Change, ...]]:
    """The text of a declaration and changes for it, at most one for each thing."""
    text, known = draw(texts())
    some = st.one_of(st.sampled_from(known), names) if known else names
    wanted = draw(st.sets(st.tuples(some, st.sampled_from(ALERTS)), max_size=5))
    changes: list[Change] = [queue(name, draw(levels()), about) for name, about in sorted(wanted)]
    for name in draw(st.sets(some, max_size=3)):
        some_of_it: list[Change] = [held(name, hold) for hold in LENGTHS]
        some_of_it += [held(name, {Severity.WARNING: "5m", Severity.CRITICAL: "1m"}), floored(name, 50)]
        changes.append(draw(st.sampled_from(some_of_it)))
    for name in draw(st.sets(st.sampled_from([ALERTS[0], ALERTS[2]]))):
        floor = draw(st.sampled_from([None, 3.5, 20])) if name == ALERTS[2] else None
        hold = draw(st.sampled_from([None, *LENGTHS, {Severity.WARNING: "5m", Severity.CRITICAL: "1m"}]))
        changes.append(alert(name, hold=hold, when=draw(st.one_of(st.none(), levels())), floor=floor))
    return text, tuple(changes)


def _normal(monitoring: Monitoring) -> Monitoring:
    """The same with what queues say of alerts in the order of their names: which comes first means nothing."""

    def sorted_(queue: Queue) -> Queue:
        holds = tuple((name, tuple(sorted(hold, key=str))) for name, hold in sorted(queue.holds))
        return evolve(queue, thresholds=tuple(sorted(queue.thresholds, key=lambda t: t[0])), holds=holds)

    return evolve(monitoring, queues=tuple(map(sorted_, monitoring.queues)))


@given(edits(), st.sampled_from([88, 120]), st.booleans())
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_declaration(
    tmp_path_factory: pytest.TempPathFactory, made: tuple[str, tuple[Change, ...]], width: int, laid_out: bool
) -> None:
    """The edited text declares exactly the old declaration with the changes, and stays as well laid out as it was."""
    text, changes = made
    path = tmp_path_factory.mktemp("any") / "monitoring.py"
    if laid_out:
        text = formatted(text, width)
    before = verified(path, text)
    try:
        expected = applied(before, changes)
    except DeclarationError:
        return
    result = edited(text, changes, line_length=width)
    assert result.left == ()
    after = verified(path, result.text)
    assert _normal(after) == _normal(expected)
    assert holds(after, changes) == ()
    assert edited(result.text, changes, line_length=width).text == result.text
    ast.parse(result.text)
    if laid_out:
        assert formatted(result.text, width) == result.text


def test_changes_do_not_get_in_each_others_way() -> None:
    """All at once is the same as one by one, also where two concern one thing and the last wins."""
    changes = (
        queue("b", FAST),
        queue("n1", FAST),
        queue("b", Above(warning=1), "AsynqQueueBacklogNotDraining"),
        queue("n2", FAST),
        queue("n1", Above(warning=1), "AsynqQueueBacklogNotDraining"),
        alert("AsynqQueueWaitHigh", hold="3m"),
        alert("AsynqQueuePaused", hold="3m"),
        queue("a", FAST),
        queue("a", Above(warning=10)),
        task_type("t1", FAST),
        task_type("t2", FAST),
        held("b", "20m"),
        floored("n1", 50),
        held("n3", "20m"),
        alert("AsynqQueuePaused", hold="4m"),
    )
    text = FEW
    for change in changes:
        text = edited(text, [change], line_length=120).text
    assert edited(FEW, changes, line_length=120).text == text
