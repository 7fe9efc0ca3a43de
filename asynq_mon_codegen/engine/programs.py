"""The programs of Prometheus: where they are, and running promtool."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from asynq_mon_codegen.errors import UsageError

__all__ = ["EngineError", "program", "promtool", "start"]

_ERROR = re.compile(r"\blevel=error\b", re.IGNORECASE)
_TAIL = 1500


class EngineError(UsageError):
    """Prometheus or promtool could not do what was asked; the text has what it said."""


def program(name: str) -> str:
    """The path of ``prometheus`` or ``promtool``; the environment (``PROMETHEUS=``, ``PROMTOOL=``) comes first.

    Raises:
        UsageError: it is not installed.
    """
    variable = name.upper()
    wanted = os.environ.get(variable) or name
    found = shutil.which(wanted)
    if found is None:
        raise UsageError(
            f"{wanted} is not installed: this command lets Prometheus itself evaluate the rules",
            f"sudo apt-get install prometheus, or set {variable}= to the program",
        )
    return found


def promtool(*arguments: str | Path, expect: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
    """Run promtool to its end.

    Raises:
        EngineError: it ended with another code than those expected, or said that something failed.
    """
    command = [program("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - no shell
    # promtool says what is wrong with a block and ends with success
    if done.returncode not in expect or _ERROR.search(done.stderr):
        raise EngineError(f"promtool {' '.join(map(str, arguments[:3]))} failed: {_end(done.stderr or done.stdout)}")
    return done


def start(name: str, flags: Mapping[str, object], log: Path) -> subprocess.Popen[bytes]:
    """Start a server, which ends with this process whatever ends it; its output goes to ``log``."""
    command = [program(name), *(f"--{flag}={value}" for flag, value in flags.items())]
    if keeper := shutil.which("setpriv"):  # of util-linux
        command = [keeper, "--pdeathsig", "KILL", "--", *command]
    with log.open("ab") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)  # noqa: S603 - no shell


def _end(text: str) -> str:
    return " ".join(text[-_TAIL:].split())
