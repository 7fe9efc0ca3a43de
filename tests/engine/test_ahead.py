"""Some work at once, with the results in order."""

from __future__ import annotations

import threading

import pytest

from asynq_mon_codegen.engine.ahead import ahead


def test_results_are_in_order_and_work_is_side_by_side(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    together = threading.Barrier(3, timeout=10)

    def work(number: int) -> int:
        together.wait()
        return number * 2

    assert list(ahead(work, range(9))) == [number * 2 for number in range(9)]


def test_an_error_comes_where_its_result_would_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    begun: list[int] = []

    def work(number: int) -> int:
        begun.append(number)
        if number == 3:
            raise ValueError("three")
        return number

    found: list[int] = []
    with pytest.raises(ValueError, match="three"):
        found.extend(ahead(work, range(100)))
    assert found == [0, 1, 2]
    assert max(begun) <= 5
