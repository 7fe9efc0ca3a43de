"""The report for a terminal."""

from __future__ import annotations

import click

from asynq_mon_codegen.diff.changes import Kind, Report
from asynq_mon_codegen.diff.sentences import Sentence, Style, clean, headline, sections, sentence

__all__ = ["text_of"]

_SIGNS = {
    Kind.ADDED: ("+", "green"),
    Kind.REMOVED: ("-", "red"),
    Kind.RENAMED: (">", "cyan"),
    Kind.CHANGED: ("~", "yellow"),
}
_COLOURS = {Style.OLD: "red", Style.NEW: "green", Style.NOTE: "magenta"}


def text_of(report: Report) -> str:
    """The whole report, with colours; click takes them out where the output is not a terminal."""
    old, new = clean(report.old), clean(report.new)
    if not report.changes:
        return f"Nothing changes for people between {old} and {new}."
    lines = [f"From {old} to {new}: {headline(report.effects())}"]
    for area, kinds in report.counts().items():
        lines.append(f"  {area + ':':<12}{', '.join(f'{count} {kind}' for kind, count in kinds.items())}")
    for section in sections(report.changes):
        lines += ["", click.style(section.title, bold=True)]
        for found in section.folded:
            lines += _lines(sentence(found))
    return "\n".join(lines)


def _lines(told: Sentence) -> list[str]:
    sign, colour = _SIGNS[told.kind]
    words = [
        click.style(clean(p.text), bold=True)
        if p.style is Style.NAME
        else click.style(clean(p.text), fg=_COLOURS.get(p.style))
        for p in told.parts
    ]
    block = [
        click.style(f"      {clean(line)}", fg={"-": "red", "+": "green"}.get(line[0])) for line in told.block if line
    ]
    return [f"  {click.style(sign, fg=colour)} {''.join(words)}", *block]
