"""Panels of text: log lines from Loki, and Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Unpack

import grafanalib.core as vendor
from attrs import evolve

from asynq_mon_codegen.grafana.panel import Panel, PanelSettings, finished, head
from asynq_mon_codegen.grafana.targets import LogQuery

__all__ = ["logs", "text"]


def logs(
    key: str, title: str, description: str, targets: Sequence[LogQuery], **settings: Unpack[PanelSettings]
) -> Panel:
    """Log lines, newest first, with their details on a click."""
    lines = vendor.Logs(
        **head(title, description, targets, settings),
        enableLogDetails=True,
        prettifyLogMessage=True,
        showTime=True,
        wrapLogMessages=True,
    )
    return finished(key, lines.to_json_data(), settings, size=(24, 10), options={"showLogContextToggle": True})


def text(key: str, title: str, description: str, content: str, *, w: int = 8, h: int = 4) -> Panel:
    """``content`` as Markdown."""
    note = vendor.Text(**head(title, description, (), {}), content=content)
    panel = finished(key, note.to_json_data(), {}, size=(w, h))
    return evolve(panel, body={name: value for name, value in panel.body.items() if name != "fieldConfig"})
