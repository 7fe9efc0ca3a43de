"""JSON Schemas of the Alertmanager configuration and of the table of routes, as narrow as what is generated."""

from __future__ import annotations

from asynq_mon_codegen.schemas.jsonschema_parts import BOOLEAN, STRING, TEXT, Schema, array, obj, one_of, ref

__all__ = ["ALERTMANAGER", "ROUTE_TESTS"]

_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_DURATION: Schema = {"type": "string", "pattern": "^(?:0s|(?:[0-9]+(?:ms|[wdhms]))+)$"}
_MATCHER: Schema = {
    "type": "string",
    # Only the escapes that Alertmanager 0.25 knows; no raw quote, backslash or line break.
    "pattern": '^[a-zA-Z_][a-zA-Z0-9_]*(?:=|=~)"(?:[^"\\\\\\n]|\\\\["\\\\n])*"$',
}
_LABEL: Schema = {"type": "string", "pattern": "^[a-zA-Z_][a-zA-Z0-9_]*$"}
_SECRET_FILE: Schema = {"type": "string", "pattern": "^/"}
_HTTP_URL: Schema = {"type": "string", "pattern": "^https?://"}
_RECEIVER: Schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"}
_TIME: Schema = {"type": "string", "pattern": "^(?:(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"}
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_TIMED: dict[str, Schema] = {
    "receiver": _RECEIVER,
    "group_by": array(_LABEL, minItems=1, uniqueItems=True),
    "group_wait": _DURATION,
    "group_interval": _DURATION,
    "repeat_interval": _DURATION,
}

_ROUTE = obj(
    {"receiver": _RECEIVER},
    {
        **_TIMED,
        "matchers": array(_MATCHER, minItems=1),
        "mute_time_intervals": array(TEXT, minItems=1, uniqueItems=True),
        "continue": one_of(True),
        "routes": array(ref("route"), minItems=1),
    },
)

_INHIBIT_RULE = obj(
    {
        "source_matchers": array(_MATCHER, minItems=2),
        "target_matchers": array(_MATCHER, minItems=1),
        "equal": {**array(_LABEL, minItems=1, uniqueItems=True), "contains": {"const": "service"}},
    }
)

_TIME_INTERVAL = obj(
    {
        "name": TEXT,
        "time_intervals": array(
            obj(
                {"times": array(obj({"start_time": _TIME, "end_time": _TIME}), minItems=1), "location": TEXT},
                {"weekdays": array(one_of(*_DAYS), minItems=1)},
            ),
            minItems=1,
        ),
    }
)

_SLACK = obj(
    {
        "send_resolved": BOOLEAN,
        "api_url_file": _SECRET_FILE,
        "channel": TEXT,
        "color": TEXT,
        "title": TEXT,
        "title_link": TEXT,
        "fallback": TEXT,
        "text": TEXT,
        "footer": TEXT,
    }
)
_EMAIL = obj(
    {
        "send_resolved": BOOLEAN,
        "to": TEXT,
        "from": TEXT,
        "smarthost": {"type": "string", "pattern": "^[^:]+:[0-9]{1,5}$"},
        "headers": obj({"Subject": TEXT}),
        "text": TEXT,
        "html": TEXT,
    },
    {"auth_username": TEXT, "auth_password_file": _SECRET_FILE, "require_tls": one_of(False)},
)
_PAGERDUTY = obj(
    {
        "send_resolved": BOOLEAN,
        "routing_key_file": _SECRET_FILE,
        "description": TEXT,
        "severity": TEXT,
        "class": TEXT,
        "component": TEXT,
        "group": TEXT,
        "client": TEXT,
        "client_url": TEXT,
        "details": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
        "links": array(obj({"href": TEXT, "text": TEXT}), minItems=1),
    }
)
_WEBHOOK = obj(
    {"send_resolved": BOOLEAN, "url": _HTTP_URL},
    {
        "http_config": obj(
            {"authorization": obj({"type": one_of("Bearer"), "credentials_file": _SECRET_FILE})},
        )
    },
)


def _integration(kind: str, schema: Schema) -> Schema:
    return obj({"name": _RECEIVER, f"{kind}_configs": array(schema, minItems=1, maxItems=1)})


ALERTMANAGER: Schema = {
    "$schema": _DRAFT,
    "title": "Alertmanager configuration",
    "$defs": {"route": _ROUTE},
    **obj(
        {
            "global": obj({"resolve_timeout": _DURATION}),
            "templates": array(TEXT, minItems=1),
            # The root takes every alert: Alertmanager refuses matchers there.
            "route": obj({"receiver": _RECEIVER, "routes": array(ref("route"), minItems=1, maxItems=1)}),
            "receivers": array(
                {
                    "oneOf": [
                        obj({"name": _RECEIVER}),
                        _integration("slack", _SLACK),
                        _integration("email", _EMAIL),
                        _integration("pagerduty", _PAGERDUTY),
                        _integration("webhook", _WEBHOOK),
                    ]
                },
                minItems=1,
            ),
        },
        {
            "inhibit_rules": array(_INHIBIT_RULE, minItems=1),
            "time_intervals": array(_TIME_INTERVAL, minItems=1),
        },
    ),
}
"""Of ``alertmanager/alertmanager.yaml``: no secret but as a file, no inhibit rule without ``equal``."""

ROUTE_TESTS: Schema = {
    "$schema": _DRAFT,
    "title": "Labels and the receivers that they must reach",
    **array(
        obj(
            {
                "name": TEXT,
                "labels": {"type": "object", "minProperties": 1, "additionalProperties": STRING},
                "receivers": array(_RECEIVER, minItems=1),
            }
        ),
        minItems=1,
    ),
}
"""Of ``alertmanager/route-tests.yaml``."""
