"""A printed tree is the same tree when it is read again."""

from __future__ import annotations

import pytest

from asynq_mon_codegen.build import EMBEDDED, open_declaration
from asynq_mon_codegen.promql.labels import names_of, regex_of
from asynq_mon_codegen.promql.parsed import parse
from asynq_mon_codegen.promql.printed import clauses, printed
from tests.strategies import HOSTILE

PLAN = open_declaration(EMBEDDED)
OWN = tuple(dict.fromkeys([a.expr for a in PLAN.alerts] + [r.expr for r in PLAN.records]))
HARD = (
    "-a ^ 2",
    "(-a) ^ 2",
    "a ^ b ^ c",
    "(a ^ b) ^ c",
    "a - (b - c)",
    "a - b - c",
    "a / (b * c)",
    "(a or b) and c",
    "a or b and c",
    "a and (b unless c)",
    "a > bool 1",
    "a * on (x) group_left (y) b",
    "a + ignoring (x) group_right () b",
    "a and on () b",
    "sum without (x) (a)",
    "quantile(0.5, a)",
    'topk by (x) (3, a{b!~"c|d", e="\\"\\n"})',
    "max_over_time(rate(a[5m])[1h:1m] offset 1d)",
    "max_over_time((a > 1)[1h:])",
    "a offset -5m",
    'label_replace(a, "b", "$1", "c", "(.*)")',
    "a > 1e300",
    "a < -0.25",
    "a == Inf",
    '{__name__="a:b", x=""}',
    "time() - a > 90061.5",
)


@pytest.mark.parametrize("text", [*OWN, *HARD])
def test_round_trip(text: str) -> None:
    """On one line, and with a clause on each."""
    node = parse(text)

    assert parse(printed(node)) == node
    assert parse(clauses(node)) == node


@pytest.mark.parametrize("names", [(name,) for name in HOSTILE] + [HOSTILE])
def test_names_of_a_regular_expression(names: tuple[str, ...]) -> None:
    """The reverse of what lists them."""
    assert names_of(regex_of(names)) == names


@pytest.mark.parametrize("regex", ["a.*", "a|b+", "(a|b)", r"\d", "a\\"])
def test_more_than_a_list(regex: str) -> None:
    """It is not taken for names."""
    assert names_of(regex) is None
