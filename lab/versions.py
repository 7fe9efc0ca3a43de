"""The versions of what a lab runs, as the programs themselves say them."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from lab.tools import program

__all__ = ["versions"]

_PROGRAMS = {
    "Prometheus": "prometheus",
    "Alertmanager": "prometheus-alertmanager",
    "Redis": "redis-server",
    "redis_exporter": "prometheus-redis-exporter",
    "node_exporter": "prometheus-node-exporter",
}
_MODULES = {
    "asynq": "github.com/hibiken/asynq",
    "asynq/x/metrics": "github.com/hibiken/asynq/x",
    "client_golang": "github.com/prometheus/client_golang",
}
_NUMBER = re.compile(r"(?:version |v=|Exporter )v?(\d+\.\d+\.\d+)")
_GO_MOD = Path(__file__).parent / "go.mod"


def versions() -> dict[str, str]:
    """Name and version of every part, in the order in which a task meets them."""
    out = {name: _required(module) for name, module in _MODULES.items()}
    return out | {name: _said(command) for name, command in _PROGRAMS.items()}


def _required(module: str) -> str:
    found = re.search(
        rf"^\s*(?:require )?{re.escape(module)} v(\S+)", _GO_MOD.read_text(encoding="utf-8"), re.MULTILINE
    )
    return found[1] if found else "unknown"


def _said(command: str) -> str:
    done = subprocess.run([program(command), "--version"], capture_output=True, text=True, check=False)
    found = _NUMBER.search(done.stdout + done.stderr)
    return found[1] if found else "unknown"
