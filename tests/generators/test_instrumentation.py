"""The Go package as text: what of the declaration is in it, and how."""

from __future__ import annotations

import json
import re

import pytest

from asynq_mon_codegen import Above, Monitoring, Queue, TaskType, asynq
from asynq_mon_codegen.catalog.metrics import instrumentation as contract
from asynq_mon_codegen.errors import DeclarationError, UsageError
from asynq_mon_codegen.generators import instrumentation
from asynq_mon_codegen.plan import resolve


def files(monitoring: Monitoring, *, otel: bool = False, tests: bool = True) -> dict[str, str]:
    return {a.path: a.text for a in instrumentation.generate(resolve(monitoring), otel=otel, tests=tests)}


def declared(**changes: object) -> str:
    return files(Monitoring(alerts=asynq.ALERTS, **changes))["declared.go"]  # type: ignore[arg-type]


def bounds(text: str, function: str) -> list[float]:
    found = re.search(rf"func {function}\(\) \[\]float64 {{\n\treturn \[\]float64{{(.*)}}", text)
    assert found
    return [float(b) for b in found[1].split(", ")]


def test_every_file_says_that_it_is_generated() -> None:
    """Go's tools and asynq-mon itself know the files by their first line."""
    for name, text in files(Monitoring(alerts=asynq.ALERTS), otel=True).items():
        assert re.fullmatch(r"// Code generated .* DO NOT EDIT\.", text.splitlines()[0]), name
        assert text.endswith("}\n") or name == "doc.go", name


def test_the_contract_is_what_go_exports() -> None:
    """Every metric of the instrumentation is in the package, with the help text of the contract, and no other is."""
    found = files(Monitoring(alerts=asynq.ALERTS), tests=False)
    text = "\n".join(found.values())

    assert set(re.findall(r'"(asynq_[a-z_]+)"', text)) == {m.name for m in contract.METRICS}
    for metric in contract.METRICS:
        assert instrumentation.go_string(metric.help) in text, metric.name


def test_options_leave_files_out() -> None:
    """OpenTelemetry and the tests are there only where they are asked for."""
    plain = files(Monitoring(alerts=asynq.ALERTS))
    bare = files(Monitoring(alerts=asynq.ALERTS), tests=False)
    traced = files(Monitoring(alerts=asynq.ALERTS), otel=True)

    assert plain.keys() - bare.keys() == {n for n in plain if n.endswith("_test.go")} != set()
    assert traced.keys() - plain.keys() == {"otel.go", "otel_test.go"}
    assert "opentelemetry.io" not in "".join(plain.values())


def test_task_types_meet_their_queues_only() -> None:
    """A task type without queues runs in every declared one; a queue that only a task type names counts, too."""
    text = declared(queues=(Queue("a"), Queue("b")), task_types=(TaskType("x"), TaskType("y", queues="b", every="1m")))
    lonely = declared(task_types=(TaskType("x", queues=("p", "q")), TaskType("y")))

    assert re.findall(r"\t\t{(.*)},", text) == ['"a", "x"', '"b", "x"', '"b", "y"']
    assert 'func periodicTaskTypes() []string {\n\treturn []string{\n\t\t"y",\n\t}' in text
    assert re.findall(r"\t\t{(.*)},", lonely) == ['"p", "x"', '"q", "x"']
    assert 'func declaredQueues() []string {\n\treturn []string{\n\t\t"p",\n\t\t"q",\n\t}' in lonely


def test_limits_come_from_the_declaration() -> None:
    """How many undeclared names get series is declared."""
    text = declared(task_type_limit=7, queue_limit=0)

    assert "defaultTaskTypeLimit = 7\n" in text
    assert "defaultQueueLimit = 0\n" in text


def test_every_level_is_a_bound() -> None:
    """Defaults, those of a queue and those of a task type, of both severities; and one bound beyond the highest."""
    text = declared(
        queues=(Queue("a", thresholds={asynq.TASK_DURATION_HIGH: Above(warning="7s", critical="13m")}),),
        task_types=(TaskType("x", thresholds={"AsynqTaskDurationHigh": Above(critical="3h")}),),
    )
    found = bounds(text, "durationBuckets")

    assert {7, 780, 300, 900, 10_800} <= set(found)
    assert found == sorted(set(found))
    assert found[-1] == 21_600
    assert not {7, 780, 10_800} & set(bounds(text, "waitBuckets"))


def test_the_wait_has_the_levels_of_the_queue() -> None:
    """A threshold of how long the oldest task waits is a bound of the waits."""
    text = declared(queues=(Queue("a", thresholds={asynq.QUEUE_WAIT_HIGH: Above(warning="10s", critical="97s")}),))

    assert {10, 97} <= set(bounds(text, "waitBuckets"))
    assert 97 not in bounds(text, "durationBuckets")


@pytest.mark.parametrize(
    ("levels", "there", "missing"),
    [
        pytest.param((float("inf"), float("nan"), 0.0, -1.0), (), (0.0, -1.0), id="levels that are no bound"),
        pytest.param((1e-7, 1e300), (1e-7, 1e300, 2e300), (), id="tiny and huge ones"),
        pytest.param((1.7e308,), (1.7e308,), (), id="one that cannot be doubled"),
    ],
)
def test_buckets(levels: tuple[float, ...], there: tuple[float, ...], missing: tuple[float, ...]) -> None:
    """Bounds are finite, positive and ascending, whatever somebody declared."""
    found = instrumentation.buckets(levels)

    assert set(there) <= set(found)
    assert not set(missing) & set(found)
    assert list(found) == sorted(set(found))
    assert all(0 < b < float("inf") for b in found)


@pytest.mark.parametrize("value", [0.005, 1.0, 1e-7, 1e22, 123456.789])
def test_numbers_are_exact(value: float) -> None:
    """A bound in Go is the very number of the rule."""
    assert json.loads(instrumentation.go_number(value)) == value


@pytest.mark.parametrize(
    ("text", "literal"),
    [
        pytest.param('a"b\\c', r'"a\"b\\c"', id="quotes and backslashes"),
        pytest.param("a\nb\tc\x7f", r'"a\u000ab\u0009c\u007f"', id="control characters"),
        pytest.param("\ufeff\u2028", r'"\ufeff\u2028"', id="a byte order mark, which Go refuses in a source"),
        pytest.param("größe☂", '"größe☂"', id="letters of other languages stay readable"),
        pytest.param("\U000e0001", r'"\U000e0001"', id="beyond four digits"),
        pytest.param("`*/{{ x }}", '"`*/{{ x }}"', id="what would end a comment or start a template"),
    ],
)
def test_go_strings(text: str, literal: str) -> None:
    """A name is data in Go, whatever is in it."""
    assert instrumentation.go_string(text) == literal


@pytest.mark.parametrize("name", ["", "Metrics", "a-b", "a_b", "1a", "main", "func", "a/b", "../a", "a.go", "ä", "a\n"])
def test_names_that_are_no_package(name: str) -> None:
    """What Go or its linters refuse is refused before anything is written."""
    with pytest.raises(UsageError, match="not a name for a Go package"):
        instrumentation.check_package(name)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        pytest.param(
            {"queues": Queue("mail"), "task_types": TaskType("x", queues="mial")},
            "task type 'x' runs in queue 'mial', which is not declared; did you mean 'mail'?",
            id="a queue that is not declared",
        ),
        pytest.param({"task_type_limit": -1}, "task_type_limit=-1 is not a number from 0 to 10000", id="below zero"),
        pytest.param({"queue_limit": True}, "queue_limit", id="a truth value"),
        pytest.param({"queue_limit": 10_001}, "queue_limit=10001 is not a number", id="too many to be meant"),
    ],
)
def test_declarations_that_are_refused(changes: dict[str, object], says: str) -> None:
    """Mistakes are told in the words of the declaration."""
    with pytest.raises(DeclarationError) as raised:
        Monitoring(alerts=asynq.ALERTS, **changes)  # type: ignore[arg-type]

    assert says in f"{raised.value.message}; {raised.value.hint}"


def test_a_queue_named_twice() -> None:
    """Once is enough."""
    with pytest.raises(DeclarationError, match="names queue 'a' twice"):
        TaskType("x", queues=("a", "a"))
