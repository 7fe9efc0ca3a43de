"""Two functions at the same time: in a process of their own, for a test runner has threads."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from asynq_mon_codegen.beside import both

CASES = {
    "results": "print(both(lambda: 'there', lambda: 'here'))",
    "another process": "there, here = both(os.getpid, os.getpid); print(there != here and here == os.getpid())",
    "more than a pipe holds": "print(sum(map(len, both(lambda: 'x' * 1_000_000, lambda: 'y'))))",
    "raises there": "both(lambda: 1 / 0, lambda: print('done here'))",
    "raises here": "both(lambda: 1, lambda: 1 / 0)",
    "ends there": "print(both(lambda: os.kill(os.getpid(), 9) if os.getpid() != ME else 'again', lambda: 'here'))",
    "exits there": "print(both(lambda: sys.exit(3) if os.getpid() != ME else 'again', lambda: 'here'))",
    "once": "print('before', end=' '); both(lambda: 1, lambda: 2); print('after')",
    "nobody is left": "both(lambda: 1, lambda: 2); os.waitpid(-1, 0)",
}


def run(case: str) -> subprocess.CompletedProcess[str]:
    """The case in a process without threads."""
    code = f"import os, sys\nfrom asynq_mon_codegen.beside import both\nME = os.getpid()\n{CASES[case]}"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    ("case", "says"),
    [
        ("results", "('there', 'here')"),
        ("another process", "True"),
        ("more than a pipe holds", "1000001"),
        ("ends there", "('again', 'here')"),
        ("exits there", "('again', 'here')"),
        ("once", "before after"),
    ],
)
def test_both_have_results(case: str, says: str) -> None:
    """Also where the copy is killed: then the work is done once more, here."""
    done = run(case)

    assert (done.stdout.strip(), done.stderr, done.returncode) == (says, "", 0)


@pytest.mark.parametrize("case", ["raises there", "raises here"])
def test_exceptions_come_back(case: str) -> None:
    """Whichever of the two fails."""
    done = run(case)

    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ZeroDivisionError: division by zero")
    assert "done here" in done.stdout or case == "raises here"


def test_no_process_is_left() -> None:
    """The copy has been waited for."""
    assert "ChildProcessError" in run("nobody is left").stderr


def test_threads_are_not_copied() -> None:
    """With a second thread both run here, one after the other."""
    stop = threading.Event()
    other = threading.Thread(target=stop.wait)
    other.start()
    order: list[str] = []
    try:
        both(lambda: order.append("there"), lambda: order.append("here"))
    finally:
        stop.set()
        other.join()

    assert order == ["there", "here"]
