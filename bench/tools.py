"""The programs that are measured beside ours, built from their pinned versions into .tools/bin."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["JSONNET_VERSION", "ROOT", "SLOTH_VERSION", "built"]

ROOT = Path(__file__).resolve().parent.parent
SLOTH_VERSION, JSONNET_VERSION = "v0.16.0", "v0.22.0"


def built(name: str) -> Path:
    """The path of ``sloth`` or ``jsonnet``, built where it is not there yet; that needs Go and some minutes, once."""
    version = {"sloth": SLOTH_VERSION, "jsonnet": JSONNET_VERSION}[name]
    subprocess.run([str(ROOT / "bench" / "install.sh"), name, version], check=True)
    return ROOT / ".tools" / "bin" / name
