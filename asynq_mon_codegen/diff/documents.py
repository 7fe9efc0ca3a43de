"""Text of a generated file as data; what cannot be read is told with its file and line, and without its content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from asynq_mon_codegen.errors import UsageError

__all__ = ["flat", "json_of", "listed", "mapping", "yaml_of"]

_HINT = "restore the file from version control, or generate it again"


def yaml_of(place: str, text: str) -> Any:
    """A YAML document.

    Raises:
        UsageError: it is none.
    """
    try:
        return yaml.load(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{place}:{mark.line + 1}" if mark else place
        raise UsageError(f"{where}: error: not YAML: {error.problem or error.context}", _HINT) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        # the text of these may quote the file, which may hold a secret
        raise UsageError(f"{place}: error: not YAML: {type(error).__name__}", _HINT) from None


def json_of(place: str, text: str) -> Any:
    """A JSON document.

    Raises:
        UsageError: it is none.
    """
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{place}:{error.lineno}: error: not JSON: {error.msg}", _HINT) from None
    except RecursionError:
        raise UsageError(f"{place}: error: not JSON that can be read: nested too deeply", _HINT) from None


def mapping(value: Any, place: str, what: str) -> dict[str, Any]:
    """``value`` as a mapping with texts as keys; nothing counts as empty.

    Raises:
        UsageError: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"{place}: error: {what} is not a mapping", _HINT)
    return {str(key): inner for key, inner in value.items()}


def listed(value: Any, place: str, what: str) -> list[Any]:
    """``value`` as a list; nothing counts as empty.

    Raises:
        UsageError: it is something else.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise UsageError(f"{place}: error: {what} is not a list", _HINT)
    return value


def flat(value: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Every single value below with its way there: ``http_config.authorization.type``, ``links[0].href``."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from flat(inner, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, list) and value:
        for i, inner in enumerate(value):
            yield from flat(inner, f"{prefix}[{i}]")
    elif isinstance(value, str):
        yield prefix, value
    else:
        yield prefix, json.dumps(value, default=str)
