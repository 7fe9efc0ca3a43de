"""Settings as they may be shown: what could be a secret is not, for a foreign file may hold one."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

__all__ = ["shown"]

_SECRET = re.compile(
    r"key|token|secret|passw|credential|authorization|cookie|headers|api_url|apiurl|user_id|password|bearer|identity"
    r"|signature|webhook|dsn|proxy",
    re.IGNORECASE,
)
_FILE = re.compile(r"_(?:file|files|ref)(?:\[\d+\])?$")
_TEMPLATE = re.compile(r"\s*\{\{.*\}\}\s*", re.DOTALL)
_HARMLESS = re.compile(r"authorization\.type$|headers\.Subject$")


def shown(key: str, value: str) -> str:
    """The value of a setting, or what of it may be told; two hidden values that differ still look different.

    Paths of files, and values that are a template, are shown in full. Of a URL only the host is.
    """
    if _FILE.search(key) or _TEMPLATE.fullmatch(value) or _HARMLESS.search(key):
        return value
    _, _, last = key.rpartition("_configs")
    if "://" in value:
        return _host(value)
    if _SECRET.search(last or key):
        return f"not shown ({_mark(value)})"
    return value


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        place = f"{parts.scheme}://{parts.hostname or ''}{port}"
    except ValueError:
        return f"not shown ({_mark(url)})"
    if url.rstrip("/") == place:
        return place
    return f"{place}/... ({_mark(url)})"


def _mark(value: str) -> str:
    """A few characters that differ where the values do, too few to find the value by."""
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:4]
