"""Incidents that are known to have happened, from a YAML file, and how the alerts did in them.

```yaml
- from: 2026-03-02T14:05:00Z
  to: 2026-03-02T14:50:00Z
  queue: emails        # may be left out
  threat: dependency   # may be left out
  name: the mail provider was down
```
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from attrs import frozen

from asynq_mon_codegen.engine.holds import Firing
from asynq_mon_codegen.errors import UsageError, did_you_mean
from asynq_mon_codegen.model import Severity, Threat

__all__ = ["AFTERMATH", "Incident", "Score", "Verdict", "read_incidents", "score"]

AFTERMATH = 3600.0
"""Seconds after an incident in which alerts still belong to it: backlogs are worked off, ratios fall."""

_KEYS = ("from", "to", "queue", "threat", "name")
_LOUD = (Severity.CRITICAL.value, Severity.WARNING.value)


@frozen(kw_only=True)
class Incident:
    """From when to when, in Unix seconds; ``queue`` and ``threat`` are empty where they do not matter."""

    start: float
    end: float
    queue: str = ""
    threat: str = ""
    name: str = ""

    def told_by(self, firing: Firing) -> bool:
        """Whether the alert tells of this incident: in its time, of its queue (or of none), of its threat."""
        queue = firing.label("queue")
        return (
            self.near(firing)
            and firing.start <= self.end
            and (not self.queue or queue in ("", self.queue))
            and (not self.threat or firing.label("threat") == self.threat)
        )

    def near(self, firing: Firing) -> bool:
        """Whether the alert fired in its time or its aftermath."""
        return firing.start <= self.end + AFTERMATH and firing.until(float("inf")) > self.start

    def within(self, start: float, end: float) -> bool:
        """Whether it began in this time, so that alerts over it can have told of it, and how soon."""
        return start <= self.start < end

    @property
    def title(self) -> str:
        """What to call it."""
        return self.name or " ".join(filter(None, (self.threat, self.queue))) or "incident"


@frozen(kw_only=True)
class Verdict:
    """How an incident was told: by which alerts, and after how many seconds; None where nobody was told."""

    incident: Incident
    alerts: tuple[str, ...]
    delay: float | None


@frozen(kw_only=True)
class Score:
    """All incidents, and the alerts of severity warning or critical that belong to none (places in the list)."""

    verdicts: tuple[Verdict, ...]
    false_alarms: tuple[int, ...]

    @property
    def recall(self) -> float:
        """The share of incidents that were told; 1 where there was none."""
        return sum(v.delay is not None for v in self.verdicts) / len(self.verdicts) if self.verdicts else 1.0


def score(incidents: Sequence[Incident], fired: Sequence[Firing]) -> Score:
    """How the alerts did; only severities warning and critical count."""
    loud = [(i, f) for i, f in enumerate(fired) if f.label("severity") in _LOUD]
    verdicts = []
    for incident in incidents:
        telling = [f for _, f in loud if incident.told_by(f)]
        verdicts.append(
            Verdict(
                incident=incident,
                alerts=tuple(dict.fromkeys(f.label("alertname") for f in telling)),
                delay=min((max(0.0, f.start - incident.start) for f in telling), default=None),
            )
        )
    false = tuple(i for i, f in loud if not any(incident.near(f) for incident in incidents))
    return Score(verdicts=tuple(verdicts), false_alarms=false)


def read_incidents(path: Path) -> tuple[Incident, ...]:
    """The incidents of a file, in order of time.

    Raises:
        UsageError: it cannot be read, or an entry is none; with the place.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise UsageError(f"{path}: {reason}", "give a YAML file with a list of incidents") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        raise UsageError(f"{_at(path, mark)}: error: not YAML: {getattr(error, 'problem', error)}") from None
    if node is None:
        return ()
    if not isinstance(node, yaml.SequenceNode):
        raise _wrong(path, node, "not a list of incidents", "- from: 2026-03-02T14:05:00Z")
    return tuple(sorted((_incident(path, n) for n in node.value), key=lambda i: (i.start, i.end)))


def _incident(path: Path, node: Any) -> Incident:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(path, node, "an incident is a mapping", f"with the keys {', '.join(_KEYS)}")
    found: dict[str, tuple[str, Any]] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise _wrong(path, key, "a key is not a text", f"known: {', '.join(_KEYS)}")
        if key.value in found:
            raise _wrong(path, key, f"{key.value!r} stands here twice", "begin each incident with '- '")
        if key.value not in _KEYS:
            raise _wrong(path, key, f"unknown key {key.value!r}", did_you_mean(str(key.value), _KEYS))
        if not isinstance(value, yaml.ScalarNode):
            raise _wrong(path, value, f"{key.value} is not a text", "one value for each key")
        found[key.value] = (value.value, value)
    for key in ("from", "to"):
        if key not in found:
            raise _wrong(path, node, f"{key!r} is missing", "from: 2026-03-02T14:05:00Z and to: 2026-03-02T14:50:00Z")
    start, end = (_time(path, *found[key]) for key in ("from", "to"))
    if end <= start:
        raise _wrong(path, found["to"][1], "the incident ends before it begins", "'to' is later than 'from'")
    threats = [t.value for t in Threat]
    threat, at = found.get("threat", ("", node))
    if threat and threat not in threats:
        raise _wrong(path, at, f"unknown threat {threat!r}", did_you_mean(threat, threats))
    texts = {key: found[key][0] for key in ("queue", "name") if key in found}
    return Incident(start=start, end=end, threat=threat, **texts)


def _time(path: Path, text: str, node: Any) -> float:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise _wrong(path, node, f"{text!r} is not a time with its zone", "write 2026-03-02T14:05:00Z")
    return moment.timestamp()


def _wrong(path: Path, node: Any, message: str, hint: str) -> UsageError:
    return UsageError(f"{_at(path, node.start_mark)}: error: {message}", hint)


def _at(path: Path, mark: Any) -> str:
    return f"{path}:{mark.line + 1}:{mark.column + 1}" if mark is not None else str(path)
