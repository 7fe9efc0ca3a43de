"""The programs that the lab runs: Debian's, and its own in Go, built once per content."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lab.processes import LabError

__all__ = ["GO_PROGRAMS", "PACKAGES", "go_programs", "program"]

PACKAGES = {
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "prometheus-redis-exporter": "prometheus-redis-exporter",
    "redis-server": "redis-server",
    "redis-cli": "redis-tools",
    "setpriv": "util-linux",
}
"""Programs and the Debian packages that have them."""

GO_PROGRAMS = ("worker", "producer", "exporter")
"""The lab's own programs, in ``lab/cmd``."""

_SOURCE = Path(__file__).parent
_BUILT = _SOURCE.parent / ".tools" / "lab"


def program(name: str) -> str:
    """The path of a program of :data:`PACKAGES`.

    Raises:
        LabError: it is not installed; says which package has it.
    """
    found = shutil.which(name)
    if not found:
        raise LabError(f"{name} is not installed. Run scripts/ensure_lab.sh, or: sudo apt-get install {PACKAGES[name]}")
    return found


def go_programs() -> Path:
    """The folder with the lab's own programs, which are built if their sources have changed.

    Raises:
        LabError: Go is missing or the programs do not build.
    """
    folder = _BUILT / _digest()
    with _locked(_BUILT):
        if not all((folder / name).exists() for name in GO_PROGRAMS):
            _build(folder)
    return folder


def _build(folder: Path) -> None:
    if not shutil.which("go"):
        raise LabError("Go is needed to build the lab: install it from Debian (golang-go) or go.dev")
    print(f"lab: building {', '.join(GO_PROGRAMS)} with Go", file=sys.stderr)
    command = ["go", "build", "-trimpath", "-ldflags=-s -w", "-o", f"{folder}{os.sep}", "./cmd/..."]
    done = subprocess.run(command, cwd=_SOURCE, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise LabError(f"the lab's Go programs do not build:\n{done.stderr}")


def _digest() -> str:
    """What the programs are made from."""
    sources = [*_SOURCE.rglob("*.go"), _SOURCE / "go.mod", _SOURCE / "go.sum"]
    digest = hashlib.sha256()
    for path in sorted(p for p in sources if not p.name.endswith("_test.go")):
        digest.update(f"{path.relative_to(_SOURCE)}\0".encode() + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        go_programs()
    except LabError as error:
        sys.exit(f"lab: {error}")
