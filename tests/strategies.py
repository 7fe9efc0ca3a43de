"""Hypothesis strategies of whole declarations, hostile names included."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from asynq_mon_codegen import (
    Above,
    Alerts,
    Links,
    Monitoring,
    MuteTime,
    Queue,
    Receiver,
    Route,
    Severity,
    Threat,
    asynq,
)

HOSTILE = (
    'quote"s',
    "apostrophe's",
    "back\\slash",
    "new\nline",
    "tab\tand\rreturn",
    "{{ $labels.queue }}",
    "}}{{",
    "{",
    "a{",
    "${queue}",
    "$1",
    "a|b",
    ".*",
    "^[x]+(y)?$",
    "<script>alert(1)</script>",
    "<!channel> & <@U1>",
    "q" * 200,
    "emoji 🚀",
    "пример",
    "a,b=c",
    "*_~`code`",
    "# heading",
    "{queue}",
    "%s %d",
    "../../etc",
    " leading and trailing ",
    "yes",
    "1e3",
    "null",
    "\u2028line separator",
)

names = st.one_of(
    st.sampled_from(HOSTILE),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=40).filter(
        lambda s: bool(s.strip())
    ),
)


@st.composite
def _thresholds(draw: st.DrawFn) -> dict[str, Above | None]:
    low = draw(st.integers(1, 600))
    high = low + draw(st.integers(1, 3600))
    options = [None, Above(warning=low), Above(warning=low, critical=high), Above(critical=high)]
    alerts = draw(st.sets(st.sampled_from(["AsynqQueueWaitHigh", "AsynqQueueBacklogNotDraining"])))
    return {name: draw(st.sampled_from(options)) for name in sorted(alerts)}


_LABELLED = ("AsynqQueueWaitHigh", "AsynqTaskFailureRatioHigh", "AsynqTaskTypeFailing", "AsynqQueueMissing")
_FLOORED = ("AsynqTaskFailureRatioHigh", "AsynqRetryBacklogHigh", "AsynqTaskTypeFailing")
_floors = st.dictionaries(st.sampled_from(_FLOORED), st.integers(0, 5000), max_size=2)
_lengths = st.sampled_from(["0s", "1m", "7m", "45m"])


@st.composite
def _holds(draw: st.DrawFn) -> dict[str, Any]:
    either = st.one_of(
        _lengths, st.dictionaries(st.sampled_from([Severity.CRITICAL, Severity.WARNING]), _lengths, min_size=1)
    )
    return draw(st.dictionaries(st.sampled_from(_LABELLED), either, max_size=2))


@st.composite
def monitorings(draw: st.DrawFn, alerts: Alerts = asynq.ALERTS) -> Monitoring:
    """A declaration that every constructor accepts."""
    known = alerts.names()
    queue_names = draw(st.lists(names, max_size=4, unique=True))
    queues = tuple(
        Queue(
            name,
            thresholds=(levels := draw(_thresholds())),
            holds={a: h for a, h in draw(_holds()).items() if a in known and levels.get(a, a) is not None},
            floors={a: n for a, n in draw(_floors).items() if a in known},
            optional=draw(st.booleans()),
            team=draw(st.sampled_from(["", "a", "b"])),
        )
        for name in queue_names
    )
    chat = Receiver.slack("chat", channel="#x")
    pager = Receiver.pagerduty("pager")
    hook = Receiver.webhook("hook", url="http://127.0.0.1:1/x")
    routes = []
    own_route = draw(st.booleans())
    if queue_names and own_route:
        routes.append(Route(to=chat, queues=draw(st.lists(st.sampled_from(queue_names), min_size=1, unique=True))))
    if draw(st.booleans()):
        night = MuteTime(name="night", start="00:00", end="06:00")
        routes.append(Route(to=hook, threats=Threat.SURGE, severities=Severity.WARNING, mute=(night,)))
    return Monitoring(
        service=draw(names),
        team=draw(st.sampled_from(["", 'te"am', "{{team}}"])),
        identity=draw(st.sampled_from([(), ("cluster",), ("cluster", "namespace")])),
        queues=queues,
        alerts=alerts,
        receivers={Severity.CRITICAL: (pager, chat), Severity.WARNING: chat, Severity.INFO: chat, Severity.NONE: hook},
        routes=routes,
        links=draw(
            st.sampled_from(
                [Links(), Links(runbooks=None, grafana=None), Links(logs="https://l.example.com/?q={queue}")]
            )
        ),
        labels=draw(st.sampled_from([{}, {"tier": 'x"{{y}}\\'}])),
    )
