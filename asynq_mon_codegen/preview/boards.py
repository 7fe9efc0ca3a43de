"""Dashboards as Grafana's JSON, from files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from asynq_mon_codegen.errors import UsageError

__all__ = ["board_of", "boards_in", "file_name"]

Board = Mapping[str, Any]


def boards_in(folder: Path) -> tuple[Board, ...]:
    """The dashboards of a folder, by name.

    Raises:
        UsageError: not a folder, no dashboard in it, or a file that is none.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", "give the folder with the dashboards' JSON files")
    found = tuple(board_of(str(path), path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json")))
    if not found:
        raise UsageError(f"{folder}: no *.json here", "give the folder with the dashboards' JSON files")
    return found


def board_of(name: str, text: str) -> Board:
    """One dashboard; what its panels need in order to be placed is there afterwards.

    Raises:
        UsageError: not JSON, or not a dashboard in Grafana's classic model.
    """
    try:
        board = json.loads(text)
    except ValueError as error:
        raise UsageError(f"{name}: not JSON: {error}") from None
    board = board.get("dashboard", board) if isinstance(board, dict) else board
    if not isinstance(board, dict) or not isinstance(board.get("panels"), list):
        raise UsageError(
            f"{name}: not a dashboard of Grafana's classic model", 'it needs "panels"; export it as JSON, not as V2'
        )
    for panel in board["panels"]:
        _check(name, panel)
    return board


def _check(name: str, panel: object) -> None:
    where = f"{name}: panel {panel.get('title')!r}" if isinstance(panel, dict) else f"{name}: a panel"
    if not isinstance(panel, dict) or not isinstance(panel.get("type"), str):
        raise UsageError(f"{where} has no type")
    place = panel.get("gridPos")
    if not isinstance(place, dict) or not all(isinstance(place.get(key), int) for key in "xywh"):
        raise UsageError(f"{where} has no gridPos with x, y, w and h as whole numbers")
    for inside in panel.get("panels") or ():
        _check(name, inside)


def file_name(uid: str) -> str:
    """The name of a dashboard's page without its ending: its uid, of which only letters, digits, - and _ are kept."""
    return re.sub(r"[^\w-]", "_", uid, flags=re.ASCII)[:80] or "dashboard"
