"""What `tune` proposes, as pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Sequence

from attrs import frozen

from asynq_mon_codegen.backtest.incidents import Incident
from asynq_mon_codegen.diff.sentences import clean
from asynq_mon_codegen.tune.proposal import Tuning
from asynq_mon_codegen.tune.told import headline, lines

__all__ = ["Proposals", "proposals"]


@frozen(kw_only=True)
class Proposals:
    """``said`` is what all of them come to; ``each`` are ready pieces of Markdown."""

    said: str = ""
    each: tuple[str, ...] = ()


def proposals(tuning: Tuning, incidents: Sequence[Incident]) -> Proposals:
    """One piece for each proposal: the change, and what it would have caught and missed."""
    before, after = f"{tuning.before.a_week:,.1f}", f"{tuning.after.a_week:,.1f}"
    wanted = f"{tuning.wanted:,g} notifications a week were wanted"
    said = (
        f"{wanted}: with all of these there would have been {after} instead of {before}."
        if tuning.proposals
        else f"{wanted}, and there are {before}: nothing is proposed."
    )
    until = tuning.before.replay.end
    return Proposals(
        said=said,
        each=tuple(
            _block((headline(p), *(f"  {line}" for line in lines(p, incidents, until)))) for p in tuning.proposals
        ),
    )


def _block(text: Sequence[str]) -> str:
    """Lines as they are, whatever is in them."""
    safe = [clean(line) for line in text]
    fence = "`" * (1 + max(map(len, re.findall("`+", "\n".join((*safe, "``"))))))
    return "\n".join((f"{fence}text", *safe, fence))
