"""Tests of errors: how findings and hints read."""

from __future__ import annotations

import pytest

from asynq_mon_codegen.errors import DeclarationError, Problem, UsageError, did_you_mean


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        pytest.param(Problem(check="c", message="m"), "error: m [c]", id="neither place nor hint"),
        pytest.param(Problem(check="c", message="m", where="a.py:1:2"), "a.py:1:2: error: m [c]", id="a place"),
        pytest.param(Problem(check="c", message="m", where="w", hint="h"), "w: error: m [c]\n  help: h", id="a hint"),
    ],
)
def test_problem_reads_like_a_compilers(problem: Problem, text: str) -> None:
    """Place, sentence, name of the check, then the hint on a line of its own."""
    assert str(problem) == text


@pytest.mark.parametrize("kind", [DeclarationError, UsageError])
def test_error_keeps_message_and_hint(kind: type[DeclarationError | UsageError]) -> None:
    """Both kinds carry what the command line prints."""
    error = kind("wrong", "do it so")

    assert (str(error), error.message, error.hint) == ("wrong", "wrong", "do it so")
    assert kind("wrong").hint == ""


@pytest.mark.parametrize(
    ("name", "known", "hint"),
    [
        pytest.param("pendng", ["active", "pending"], "did you mean 'pending'?", id="a near name"),
        pytest.param("zzz", ["pending", "active"], "known: active, pending", id="none near: the list, sorted"),
        pytest.param("zzz", [], "", id="nothing known"),
    ],
)
def test_did_you_mean(name: str, known: list[str], hint: str) -> None:
    """A wrong name is answered with the nearest known one, or with all of them."""
    assert did_you_mean(name, known) == hint
