"""Any text inside a Go template."""

from __future__ import annotations

import re

__all__ = ["go_quote", "go_text"]


def go_quote(text: str) -> str:
    """``text`` as a string of a Go template."""
    out = []
    for c in text:
        if c in '"\\':
            out.append("\\" + c)
        elif ord(c) < 0x20 or ord(c) == 0x7F:
            out.append(f"\\x{ord(c):02x}")
        else:
            out.append(c)
    return '"' + "".join(out) + '"'


def go_text(text: str) -> str:
    """``text`` so that a Go template prints it as it is."""
    # every "{", for one at the end would join the next action's braces
    return re.sub(r"\{+", lambda m: "{{ " + go_quote(m.group()) + " }}", text)
