"""The files of one lab: the generated ones, and Prometheus' own configuration."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import attrs
import yaml

from asynq_mon_codegen.artifact import Artifact
from asynq_mon_codegen.build import GENERATORS
from asynq_mon_codegen.catalog.dashboards import dashboard_records
from asynq_mon_codegen.generators.alertmanager import CONFIG
from asynq_mon_codegen.model import Monitoring, Receiver, Severity
from asynq_mon_codegen.plan import resolve
from lab.messages import Channel
from lab.monitoring import monitoring
from lab.processes import LabError
from lab.sinks import INHIBITED, UNINHIBITED, Sinks

__all__ = ["CHANNELS", "GENERATED", "Pace", "Settings", "artifacts"]

GENERATED = "generated"
"""Folder of the generated files, in that of the lab."""

CHANNELS: Mapping[Severity, tuple[Channel, ...]] = {
    Severity.CRITICAL: ("pagerduty", "slack"),
    Severity.WARNING: ("slack", "email"),
    Severity.INFO: ("email",),
    Severity.NONE: ("webhook",),
}
"""By which ways people are told of what."""

_KINDS = ("rules", "alertmanager", "dashboards", "runbooks")
_LOOKBACK_MS = 300_000
_RESEND_MS = 60_000
_FOR_GRACE_MS = 600_000
_FOR_OUTAGE_MS = 3_600_000


@attrs.frozen
class Pace:
    """How much faster than production the lab runs."""

    factor: int

    def ms(self, milliseconds: int) -> str:
        """A length of production time as Prometheus reads lengths, at least a millisecond."""
        return f"{max(1, round(milliseconds / self.factor))}ms"

    def prometheus_flags(self) -> dict[str, str]:
        """The times that Prometheus takes on its command line: defaults of Prometheus, faster."""
        return {
            "query.lookback-delta": self.ms(_LOOKBACK_MS),
            "rules.alert.resend-delay": self.ms(_RESEND_MS),
            "rules.alert.for-grace-period": self.ms(_FOR_GRACE_MS),
            "rules.alert.for-outage-tolerance": self.ms(_FOR_OUTAGE_MS),
        }


def artifacts(factor: int, declared: Monitoring, kinds: Iterable[str] = _KINDS) -> tuple[Artifact, ...]:
    """What is generated for the lab from a declaration, ``factor`` times faster."""
    plan = resolve(declared, dashboard_records(declared), time_factor=factor)
    return tuple(a for kind in kinds for a in GENERATORS[kind](plan))


class Settings:
    """Writes the files of a lab into its folder."""

    def __init__(self, folder: Path, factor: int, sinks: Sinks) -> None:
        self.folder = folder
        self.pace = Pace(factor)
        self.prometheus = folder / "prometheus.yaml"
        self._targets = folder / "targets.json"
        self._sinks = sinks

    def write(self, alertmanagers: Iterable[str]) -> None:
        """Everything but the targets; ``alertmanagers`` are the addresses that Prometheus tells."""
        told = attrs.evolve(monitoring, receivers=self._receivers(INHIBITED))
        _write(self.folder / GENERATED, artifacts(self.pace.factor, told))
        told = attrs.evolve(monitoring, receivers=self._receivers(UNINHIBITED))
        _write(self.folder / UNINHIBITED, artifacts(self.pace.factor, told, ("alertmanager",)))
        for which in (INHIBITED, UNINHIBITED):
            path = self.alertmanager(which)
            path.write_text(self._for_the_sinks(path.read_text(encoding="utf-8"), which), encoding="utf-8")
        self.prometheus.write_text(yaml.safe_dump(self._prometheus(alertmanagers), sort_keys=False), encoding="utf-8")

    def alertmanager(self, which: str) -> Path:
        """The configuration of one of the two Alertmanagers."""
        return self.folder / (GENERATED if which == INHIBITED else which) / CONFIG

    def write_targets(self, jobs: Mapping[str, Iterable[str]]) -> None:
        """What Prometheus scrapes, by job; it takes up to five seconds to notice."""
        groups = [{"targets": list(targets), "labels": {"job": job}} for job, targets in jobs.items()]
        new = self._targets.with_suffix(".new")
        new.write_text(json.dumps(groups, indent=1), encoding="utf-8")
        new.replace(self._targets.with_suffix(".json"))

    def _receivers(self, which: str) -> dict[Severity, tuple[Receiver, ...]]:
        hook = self._secret(f"slack-{which}", self._sinks.url(which, "slack"))
        by_channel: dict[Channel, Receiver] = {
            "slack": Receiver.slack("slack", channel="#shop", api_url_file=hook),
            "pagerduty": Receiver.pagerduty("pagerduty", routing_key_file=self._secret("pagerduty", "key-of-the-lab")),
            "email": Receiver.email("email", to=f"{which}@lab.example", smarthost=self._sinks.smarthost),
            "webhook": Receiver.webhook("watchdog", url=self._sinks.url(which, "webhook")),
        }
        return {severity: tuple(by_channel[c] for c in channels) for severity, channels in CHANNELS.items()}

    def _secret(self, name: str, text: str) -> str:
        path = self.folder.resolve() / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n", encoding="utf-8")
        return str(path)

    def _for_the_sinks(self, config: str, which: str) -> str:
        # Who declares a PagerDuty receiver has no other PagerDuty, so the DSL has no address of it: this line only.
        url = self._sinks.url(which, "pagerduty")
        config = _once(config, "global:\n", f"global:\n  pagerduty_url: {url}\n")
        if which == UNINHIBITED:
            start = config.index("inhibit_rules:\n")
            config = config[:start] + config[config.index("receivers:\n", start) :]
        return config

    def _prometheus(self, alertmanagers: Iterable[str]) -> dict[str, object]:
        scrape, pace = monitoring.scrape, self.pace
        return {
            "global": {
                "scrape_interval": pace.ms(scrape.interval.milliseconds),
                "scrape_timeout": pace.ms(scrape.timeout.milliseconds),
                "evaluation_interval": pace.ms(monitoring.evaluation_interval.milliseconds),
            },
            "rule_files": [f"{GENERATED}/rules/*.yaml"],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": list(alertmanagers)}]}]},
            # The groups of the file say their own job.
            "scrape_configs": [{"job_name": "lab", "file_sd_configs": [{"files": [self._targets.name]}]}],
        }


def _once(text: str, old: str, new: str) -> str:
    if text.count(old) != 1:
        raise LabError(f"the generated Alertmanager configuration has {text.count(old)} times {old!r}")
    return text.replace(old, new)


def _write(folder: Path, files: Iterable[Artifact]) -> None:
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
