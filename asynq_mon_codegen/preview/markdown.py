"""The text of a text panel as HTML that cannot do anything."""

from __future__ import annotations

import html

__all__ = ["safe_html"]


def safe_html(content: str, mode: str) -> str:
    """Markdown as HTML; HTML in it, images, and the modes ``html`` and ``code`` are shown as the text they are."""
    if mode in ("html", "code"):
        return f"<pre>{html.escape(content)}</pre>"
    from markdown_it import MarkdownIt  # late: it is needed for pages with a text only

    # links to javascript: and data: are refused by the library itself; images would be fetched
    text: str = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(content)
    return text
