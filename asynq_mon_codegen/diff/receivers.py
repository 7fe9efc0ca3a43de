"""What changes in receivers, time intervals and the other settings of Alertmanager."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from asynq_mon_codegen.diff.alertmanager import Alerting
from asynq_mon_codegen.diff.changes import Area, Change, Kind, changed

__all__ = ["compare_receivers"]


def compare_receivers(old: Alerting, new: Alerting) -> Iterator[Change]:
    """Receivers, time intervals and other settings that came, went, or are set otherwise."""
    yield from _settings(old.receivers, new.receivers, "receiver ")
    yield from _settings(old.rest, new.rest, "")


def _settings(
    old: Mapping[str, Sequence[tuple[str, str]]], new: Mapping[str, Sequence[tuple[str, str]]], what: str
) -> Iterator[Change]:
    for name in dict.fromkeys((*old, *new)):
        a, b = old.get(name), new.get(name)
        subject = f"{what}{name}"
        if a is None or b is None:
            base = Change(area=Area.RECEIVERS, subject=subject)
            yield base.whole(Kind.ADDED if a is None else Kind.REMOVED, _summary(b or a or ()))
            continue
        left, right = dict(a), dict(b)
        for key in dict.fromkeys((*left, *right)):
            yield from changed(
                Change(
                    area=Area.RECEIVERS,
                    subject=subject,
                    aspect=key.replace("_configs[0].", ": ").replace("_configs[", "[") or "value",
                    before=left.get(key, ""),
                    after=right.get(key, ""),
                )
            )


def _summary(settings: Iterable[tuple[str, str]]) -> str:
    """What kind of receiver it is and where it leads: the settings that are no templates."""
    pairs = [(k, v) for k, v in settings if "{{" not in v and not k.endswith(("send_resolved", "require_tls"))]
    if not pairs:
        return "tells nobody"
    kinds = dict.fromkeys(k.partition("_configs")[0] for k, _ in pairs if "_configs" in k)
    plain = ", ".join(f"{k.rpartition('.')[2]} {v}" for k, v in pairs)
    return f"{'/'.join(kinds)}: {plain}" if kinds else plain
