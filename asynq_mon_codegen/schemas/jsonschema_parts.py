"""Short forms of JSON Schema 2020-12, for schemas that are written in Python."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

__all__ = [
    "ANY_OBJECT",
    "BOOLEAN",
    "INTEGER",
    "NUMBER",
    "STRING",
    "TEXT",
    "Schema",
    "array",
    "by_key",
    "obj",
    "one_of",
    "ref",
]

Schema: TypeAlias = dict[str, Any]

STRING: Schema = {"type": "string"}
TEXT: Schema = {"type": "string", "minLength": 1}
BOOLEAN: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
INTEGER: Schema = {"type": "integer", "minimum": 0}
ANY_OBJECT: Schema = {"type": "object"}


def one_of(*values: object) -> Schema:
    """Exactly one of these values."""
    return {"const": values[0]} if len(values) == 1 else {"enum": list(values)}


def array(items: Schema, **limits: Any) -> Schema:
    """A list of ``items``; ``limits`` are the schema's own words, such as ``minItems``."""
    return {"type": "array", "items": items, **limits}


def obj(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """An object with these keys and no others."""
    return {
        "type": "object",
        "additionalProperties": False,
        "required": sorted(required),
        "properties": {**required, **(optional or {})},
    }


def ref(name: str) -> Schema:
    """The definition ``name`` of the same schema."""
    return {"$ref": f"#/$defs/{name}"}


def by_key(key: str, schemas: Mapping[str, Schema]) -> Schema:
    """Objects whose ``key`` says which of ``schemas`` they follow.

    Unlike ``anyOf`` this reports what is wrong inside the one that applies.
    """
    return {
        "type": "object",
        "required": [key],
        "properties": {key: one_of(*schemas)},
        "allOf": [
            {"if": {"properties": {key: {"const": value}}, "required": [key]}, "then": schema}
            for value, schema in schemas.items()
        ],
    }
