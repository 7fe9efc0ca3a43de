"""Steps, variables and time ranges, as Grafana has them."""

from __future__ import annotations

import pytest

from asynq_mon_codegen.errors import UsageError
from asynq_mon_codegen.preview.steps import aligned, interval_values, pixels, step_of
from asynq_mon_codegen.preview.timerange import moment_of, span_of
from asynq_mon_codegen.preview.variables import Variable, filled, filled_text, in_queries, variables_of


@pytest.mark.parametrize(
    ("seconds", "points", "least", "step"),
    [
        (6 * 3600, 1880, 15, 15),  # 11.5 s a pixel: 10 s, but scraped every 15
        (6 * 3600, 612, 15, 30),
        (24 * 3600, 1880, 15, 60),
        (7 * 86_400, 1880, 15, 300),
        (7 * 86_400, 1880, 600, 600),
        (300, 1880, 1, 1),
    ],
)
def test_step(seconds: int, points: int, least: int, step: int) -> None:
    assert step_of(seconds, points, least) == step


def test_a_panel_of_all_columns_is_as_wide_as_the_screen_without_its_margins() -> None:
    assert pixels(24) == 1920 - 2 * 16
    assert pixels(12, 1000) < pixels(24, 1000) / 2


def test_the_rate_interval_covers_four_scrapes() -> None:
    assert interval_values(15, 3600, 15)["__rate_interval"] == "60s"
    assert interval_values(300, 3600, 15)["__rate_interval"] == "315s"
    assert interval_values(60, 3600)["__range"] == "3600s"


def test_range_queries_begin_and_end_on_whole_steps() -> None:
    assert aligned(1001, 1999, 60) == (960, 1980)


def variable(**settings: object) -> Variable:
    given = {"name": "queue", "label": "Queue", "possible": ("a", "b.c"), "values": ()} | settings
    return Variable(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("chosen", "regex"),
    [
        (variable(every=True, all_value=".+", several=True), ".+"),
        (variable(every=True, several=True), r"(a|b\\.c)"),
        (variable(values=("b.c",), several=True), r"b\\.c"),
        (variable(values=("b.c",)), "b.c"),
        (variable(values=('q"\\',)), 'q\\"\\\\'),
    ],
)
def test_a_choice_in_a_query(chosen: Variable, regex: str) -> None:
    assert in_queries([chosen])["queue"] == regex


def test_every_way_of_writing_a_variable() -> None:
    values = {"queue": "a", "__range": "60s"}

    assert filled("$queue ${queue} ${queue:regex} [[queue]] x[$__range]", values) == "a a a a x[60s]"
    assert filled('label_replace(x, "a", "$1", "b", "(.*)") $other', values).count("$") == 2
    assert filled_text("Queue $queue", [variable(values=("a", "b"))]) == "Queue a + b"


def test_each_variable_is_narrowed_by_those_before_it() -> None:
    asked: list[tuple[str, str]] = []

    def ask(expr: str, label: str) -> list[str]:
        asked.append((expr, label))
        return ["b", "a"]

    board = {
        "templating": {
            "list": [
                {"type": "datasource", "name": "ds"},
                {
                    "type": "query",
                    "name": "queue",
                    "query": "label_values(up, queue)",
                    "multi": True,
                    "includeAll": True,
                },
                {"type": "query", "name": "type", "query": {"query": 'label_values(x{queue=~"$queue"}, t)'}},
                {"type": "custom", "name": "size", "query": "big, small"},
            ]
        }
    }

    queue, kind, size = variables_of(board, {"queue": ("a",)}, ask)

    assert asked == [("up", "queue"), ('x{queue=~"a"}', "t")]
    assert (queue.chosen, queue.possible, kind.chosen, size.chosen) == (("a",), ("a", "b"), ("a",), ("big",))


@pytest.mark.parametrize(
    ("text", "moment"),
    [("now", 1e6), ("now-6h", 1e6 - 21_600), ("now-1d/d", 864_000), ("12.5", 12.5), ("1970-01-02T00:00:00Z", 86_400)],
)
def test_moments(text: str, moment: float) -> None:
    assert moment_of(text, 1e6) == moment


@pytest.mark.parametrize("text", ["yesterday", "now-6x", "now+1h", ""])
def test_what_is_no_moment(text: str) -> None:
    with pytest.raises(UsageError, match=r"not a moment|duration"):
        moment_of(text, 1e6)


def test_a_whole_day_ends_with_its_last_moment() -> None:
    span = span_of("now/d", "now/d", 1e6)

    assert (span.start, span.seconds) == (950_400, 86_400)


def test_an_empty_range_is_refused() -> None:
    with pytest.raises(UsageError, match="is empty"):
        span_of("now", "now-1h", 1e6)
