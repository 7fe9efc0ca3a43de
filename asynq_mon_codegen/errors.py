"""What can be wrong with a declaration, as values."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from attrs import frozen

__all__ = ["DeclarationError", "Problem", "UsageError", "did_you_mean"]


@frozen(kw_only=True)
class Problem:
    """One finding about a declaration or an output, ready to be printed or written as JSON.

    ``where`` says which part it is about (``orders.py:12:14``, ``rules/queues.yaml`` or
    ``alert AsynqQueueWaitHigh``), ``message`` what is wrong, ``hint`` how to put it right.
    ``check`` is the name of the check that found it.
    """

    check: str
    message: str
    where: str = ""
    hint: str = ""

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        hint = f"\n  help: {self.hint}" if self.hint else ""
        return f"{place}error: {self.message} [{self.check}]{hint}"


class DeclarationError(Exception):
    """A value in a declaration is not possible.

    Raised by the constructors of the DSL, so that the traceback still knows the line that the
    user wrote; ``hint`` says how to put it right.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(Exception):
    """The command cannot be carried out as asked (a missing file, an unknown name, no permission).

    The command line prints it without a traceback and exits with 2.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The hint for a wrong name: the nearest known one, or the list of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean {near[0]!r}?"
    return f"known: {', '.join(names)}" if names else ""
