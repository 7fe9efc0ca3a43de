"""Unit tests for promtool: one file beside each rule file."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from asynq_mon_codegen.artifact import Artifact, yaml_text
from asynq_mon_codegen.generators.band_cases import GRID, BandCase, band_cases
from asynq_mon_codegen.generators.burn_cases import EVALUATIONS, burn_cases, level_cases
from asynq_mon_codegen.generators.cases import EVALUATION, Case, Check, Firing, cases_of
from asynq_mon_codegen.generators.record_cases import RecordCase, record_cases
from asynq_mon_codegen.model import Alert, Burn
from asynq_mon_codegen.plan import Group, Plan
from asynq_mon_codegen.plan.bands import BANDS_GROUP
from asynq_mon_codegen.plan.links import test_path
from asynq_mon_codegen.plan.probes import probe_of
from asynq_mon_codegen.promql import quote

__all__ = ["cases", "generate"]


def generate(plan: Plan, groups: tuple[Group, ...] | None = None) -> tuple[Artifact, ...]:
    """One test file per group, or only those of ``groups``."""
    files = ((group, _file(plan, group)) for group in (plan.groups if groups is None else groups))
    return tuple(Artifact(path=test_path(g.name), text=yaml_text(data)) for g, data in files if data["tests"])


def _file(plan: Plan, group: Group) -> dict[str, Any]:
    if group.name == BANDS_GROUP:
        return {
            "rule_files": [f"../{group.name}.yaml"],
            "evaluation_interval": str(GRID),
            "group_eval_order": [f"asynq-{group.name}"],
            "tests": [_band_test(case) for case in band_cases(plan)],
        }
    groups, by_name = _needed(plan, group), {g.name: g for g in plan.groups}
    found = [case for alert in dict.fromkeys(a.alert for a in group.alerts) for case in cases(plan, alert, group)]
    return {
        "rule_files": [f"../{name}.yaml" for name in groups],
        "evaluation_interval": str(EVALUATIONS.get(group.name, EVALUATION)),
        "group_eval_order": [name for g in groups for name, _ in plan.parts_of(by_name[g])],
        "tests": [
            *map(_record_test, (*record_cases(plan, group.records), *level_cases(plan, group))),
            *map(_test, found),
        ],
    }


def _needed(plan: Plan, group: Group) -> list[str]:
    """The groups whose records this one reads, itself last."""
    homes = {r.name: r.group for r in plan.records}
    groups = {g.name: g for g in plan.groups}
    needed: set[str] = set()
    todo = [group.name]
    while todo:
        reader = groups[todo.pop()]
        text = "\n".join([r.expr for r in reader.records] + [a.expr for a in reader.alerts])
        found = {home for name, home in homes.items() if name in text} - needed - {group.name}
        needed |= found
        todo += sorted(found)
    return [*(n for n in groups if n in needed), group.name]


def cases(plan: Plan, alert: Alert, group: Group | None = None) -> Iterable[Case]:
    """The test cases of an alert, by its own probe or a derived one; none where there is neither.

    Where its rules stand in several groups, only those of ``group``.
    """
    if isinstance(alert.when, Burn):
        return burn_cases(plan, alert, group)
    probe = probe_of(plan, alert)
    return cases_of(plan, alert, probe) if probe is not None else ()


def _record_test(case: RecordCase) -> dict[str, Any]:
    # rounded, for Prometheus 2 and 3 extrapolate a rate by different factors
    samples = [
        {"labels": _selector("", dict(labels)), "value": round(value, case.decimals)} for labels, value in case.samples
    ]
    read = case.record + (f"{{{', '.join(map(str, case.where))}}}" if case.where else "")
    return {
        "name": f"{case.record}: {case.title}",
        "interval": str(case.step),
        "input_series": [{"series": _selector(n, labels), "values": values} for n, labels, values in case.series],
        "promql_expr_test": [
            {
                "expr": f"round({read}, {10**-case.decimals:.{case.decimals}f})",
                "eval_time": str(case.at),
                "exp_samples": samples,
            }
        ],
    }


def _band_test(case: BandCase) -> dict[str, Any]:
    return {
        "name": case.title,
        "interval": str(GRID),
        "input_series": [{"series": _selector(n, labels), "values": values} for n, labels, values in case.series],
        "promql_expr_test": [
            {
                "expr": f"round({reading.record}, 0.0001)",
                "eval_time": str(reading.at),
                "exp_samples": [
                    {"labels": _selector("", dict(labels)), "value": round(value, 4)}
                    for labels, value in reading.samples
                ],
            }
            for reading in case.readings
        ],
    }


def _test(case: Case) -> dict[str, Any]:
    test: dict[str, Any] = {
        "name": case.title,
        "interval": str(case.step),
        "input_series": [{"series": _selector(n, labels), "values": values} for n, labels, values in case.series],
    }
    whole = [_alert_check(case, check) for check in case.checks if not check.only]
    partial = [_series_check(case, check) for check in case.checks if check.only]
    if whole:
        test["alert_rule_test"] = whole
    if partial:
        test["promql_expr_test"] = partial
    return test


def _selector(name: str, labels: dict[str, str]) -> str:
    return _series(name, tuple(labels.items()))


@lru_cache(maxsize=8192)
def _series(name: str, labels: tuple[tuple[str, str], ...]) -> str:
    """The same series stand in many tests."""
    return name + "{" + ", ".join(f"{k}={quote(v)}" for k, v in sorted(labels)) + "}"


def _alert_check(case: Case, check: Check) -> dict[str, Any]:
    out: dict[str, Any] = {"eval_time": str(check.at), "alertname": case.alert}
    if check.firing:
        out["exp_alerts"] = [_expected(f) for f in check.firing]
    else:
        out["exp_alerts"] = []
    return out


def _expected(firing: Firing) -> dict[str, Any]:
    series = dict(firing.labels)
    return {
        "exp_labels": firing.rule.expected_labels(series),
        "exp_annotations": firing.rule.expected_annotations(series, firing.value, firing.usual),
    }


def _series_check(case: Case, check: Check) -> dict[str, Any]:
    wanted = {"alertname": case.alert, "alertstate": "firing", **dict(check.only)}
    if check.firing:
        wanted["severity"] = check.firing[0].rule.severity.value
    samples = []
    for firing in check.firing:
        series = dict(firing.labels)
        # the series ALERTS has the text of the template where that makes an empty label; the alert itself has none
        raw = {label.name: label.template() for label in firing.rule.labels if not label.expected(series)}
        labels = {**{n: t for n, t in raw.items() if t}, **firing.rule.expected_labels(series)}
        samples.append(
            {"labels": _selector("ALERTS", {**labels, "alertname": case.alert, "alertstate": "firing"}), "value": 1}
        )
    return {"expr": _selector("ALERTS", wanted), "eval_time": str(check.at), "exp_samples": samples}
