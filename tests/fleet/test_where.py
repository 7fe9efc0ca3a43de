"""Series told apart by label values."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from asynq_mon_codegen.plan.where import Choice, Override, Term, holds, partition

LABELS = ("cluster", "namespace", "queue")
VALUES = ("a", "b", "c", "d")
SERIES = [dict(zip(LABELS, values, strict=True)) for values in itertools.product(VALUES, repeat=len(LABELS))]

_wheres = st.dictionaries(
    st.sampled_from(LABELS), st.lists(st.sampled_from(VALUES[:3]), min_size=1, max_size=2, unique=True), max_size=3
)
_overrides = st.lists(
    st.builds(
        lambda where, level: Override(tuple((k, tuple(v)) for k, v in where.items()), 0, level),
        _wheres,
        st.integers(1, 4),
    ),
    max_size=6,
)


@given(_overrides)
def test_partition(overrides: list[Override]) -> None:
    """Every series is in exactly one class, with the level of the highest rank that it meets."""
    ranked = [Override(o.where, rank, o.level) for rank, o in enumerate(overrides)]
    classes = partition(LABELS, ranked, 0)
    for series in SERIES:
        mine = [level for terms, level in classes if holds(terms, series)]
        wanted = [o for o in ranked if all(series[label] in values for label, values in o.where)]
        expected = max(wanted, key=lambda o: o.rank).level if wanted else 0

        assert mine == [expected]


def test_services_of_one_level_share_a_class() -> None:
    """A thousand services with the same level are two classes."""
    overrides = [Override((("namespace", (f"ns-{i}",)),), 0, 5) for i in range(1000)]

    assert [level for _, level in partition(LABELS, overrides, 0)] == [5, 0]


def test_choice_puts_cases_of_one_text_together() -> None:
    """And leaves out those that say what all others say."""
    cases = [((Term("ns", (value,)),), text) for value, text in (("a", "x"), ("b", "x"), ("c", "rest"))]
    choice = Choice.of(cases, "rest")

    assert choice.template(str.upper) == '{{ if eq $labels.ns "a" "b" }}X{{ else }}REST{{ end }}'
    assert [choice.chosen({"ns": v}) for v in "abcd"] == ["x", "x", "rest", "rest"]
