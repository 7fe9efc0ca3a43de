"""Tests of the YAML and JSON writers: what is read back is what was put in, for every reader."""

from __future__ import annotations

import json
import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from asynq_mon_codegen.artifact import HEADER, json_text, yaml_text

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = TEXTS | st.integers() | st.booleans() | st.none() | st.floats(allow_nan=False, allow_infinity=False)
TREES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=12)


@given(TREES)
def test_yaml_is_read_back(data: object) -> None:
    """Any tree survives, control characters, quotes and line ends included."""
    assert yaml.safe_load(yaml_text(data)) == data


@given(TREES)
def test_json_is_read_back(data: object) -> None:
    """Any tree survives, and the text ends with one line end."""
    text = json_text(data)

    assert json.loads(text) == data
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize(
    "value",
    [
        "y",
        "N",
        "on",
        "off",
        "Yes",
        "no",
        "true",
        "null",
        "~",
        "1e3",
        "12e03",
        "0o17",
        "07",
        "22:30",
        "1_000",
        "=",
        ".inf",
    ],
)
def test_strings_that_readers_take_for_something_else_are_quoted(value: str) -> None:
    """YAML 1.1 and 1.2 readers disagree on these, so they are quoted, as keys too."""
    assert f'k: "{value}"\n' in yaml_text({"k": value})
    assert f'"{value}": k\n' in yaml_text({value: "k"})


def test_yaml_layout() -> None:
    """The header comes first, keys keep their order, long lines are not folded, texts of many lines are blocks."""
    data = {"z": "plain", "a": ["x y", "w" * 300], "text": "one\ntwo\n", "expr": "up\n== 0"}

    assert yaml_text(data) == (
        f'# {HEADER}\nz: plain\na:\n- "x y"\n- ' + "w" * 300 + "\ntext: |\n  one\n  two\nexpr: |-\n  up\n  == 0\n"
    )


def test_json_layout() -> None:
    """Keys are sorted and letters stay readable, so that diffs are small."""
    assert json_text({"b": "é", "a": [1]}) == '{\n  "a": [\n    1\n  ],\n  "b": "é"\n}\n'


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_json_has_no_nan(value: float) -> None:
    """What JSON cannot hold is refused instead of written as a word that Grafana cannot read."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"a": value})
