"""The metric contract against what the real exporter and an instrumented system serve, both ways."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from attrs import frozen
from prometheus_client.parser import text_string_to_metric_families

from asynq_mon_codegen.catalog.metrics import CONTRACT
from asynq_mon_codegen.catalog.metrics.asynq import STATES
from asynq_mon_codegen.promql import Metric, Source
from lab.stack import Lab

pytestmark = [pytest.mark.lab, pytest.mark.slow]

PREFIX = "asynq_"
BASE_UNITS = {"seconds": "_seconds", "bytes": "_bytes", "seconds since 1970": "_seconds"}
"""Units that Prometheus wants at the end of a name."""


@frozen
class Family:
    """A metric family as it is served: its full name, its type, its labels and their values."""

    name: str
    kind: str
    labels: frozenset[str]
    values: frozenset[tuple[str, str]]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A lab in which every task type has run and every kind of call was made."""
    with Lab(tmp_path_factory.mktemp("contract"), 20) as running:
        running.sleep(120)
        yield running


def _served(*urls: str) -> dict[str, Family]:
    out: dict[str, Family] = {}
    for url in urls:
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        for family in text_string_to_metric_families(text):
            if not family.name.startswith(PREFIX):
                continue
            # The parser takes the suffix off the name of a counter, but not off a gauge's that only looks like one.
            name = f"{family.name}_total" if family.type == "counter" else family.name
            samples = [s.labels for s in family.samples]
            pairs = {(n, v) for labels in samples for n, v in labels.items() if n != "le"}
            out[name] = Family(name, family.type, frozenset(n for n, _ in pairs), frozenset(pairs))
    return out


def _declared(source: Source) -> dict[str, Metric]:
    return {m.name: m for m in CONTRACT if m.source is source and m.name.startswith(PREFIX)}


@pytest.fixture(scope="module")
def exporter(lab: Lab) -> dict[str, Family]:
    """What asynq's own collector serves."""
    return _served(lab.exporters[0].url)


@pytest.fixture(scope="module")
def instrumented(lab: Lab) -> dict[str, Family]:
    """What the generated instrumentation serves in workers and producer together."""
    return _served(*(worker.url for worker in lab.workers), lab.producer.url)


@pytest.fixture(params=[Source.COLLECTOR, Source.INSTRUMENTATION], ids=lambda s: s.value)
def both(
    request: pytest.FixtureRequest, exporter: dict[str, Family], instrumented: dict[str, Family]
) -> tuple[dict[str, Metric], dict[str, Family]]:
    """The contract and what is served, for one of the two sources."""
    served = exporter if request.param is Source.COLLECTOR else instrumented
    return _declared(request.param), served


def test_the_same_names(both: tuple[dict[str, Metric], dict[str, Family]]) -> None:
    """Nothing is declared that is not served, nothing is served that is not declared."""
    declared, served = both
    assert sorted(declared) == sorted(served)


def test_the_same_types(both: tuple[dict[str, Metric], dict[str, Family]]) -> None:
    """A gauge that is called ``_total`` is a gauge on both sides."""
    declared, served = both
    assert {n: m.kind for n, m in declared.items()} == {n: f.kind for n, f in served.items()}


def test_the_same_labels(both: tuple[dict[str, Metric], dict[str, Family]]) -> None:
    """Each family has exactly the declared labels, beside those of a scrape."""
    declared, served = both
    assert {n: {label.name for label in m.label_set} for n, m in declared.items()} == {
        n: set(f.labels) for n, f in served.items()
    }


def test_only_declared_values(both: tuple[dict[str, Metric], dict[str, Family]]) -> None:
    """A label whose values are all declared serves no other, and each of them from the start."""
    declared, served = both
    for name, metric in declared.items():
        for label in metric.label_set:
            if label.values:
                seen = {value for label_name, value in served[name].values if label_name == label.name}
                assert seen == set(label.values), (name, label.name)


def test_names_end_in_their_unit(both: tuple[dict[str, Metric], dict[str, Family]]) -> None:
    """A base unit is the end of the name, and no name ends in a unit that is not declared."""
    declared, _ = both
    for name, metric in declared.items():
        bare = name.removesuffix("_total")
        if metric.unit in BASE_UNITS:
            assert bare.endswith(BASE_UNITS[metric.unit]), name
        else:
            assert not bare.endswith(tuple(BASE_UNITS.values())), name


def test_every_queue_has_all_states(exporter: dict[str, Family]) -> None:
    """The states of the contract are those of the exporter; there is none for aggregating tasks."""
    states = {v for n, v in exporter["asynq_tasks_enqueued_total"].values if n == "state"}
    assert states == set(STATES)


def test_values_are_within_what_is_declared(lab: Lab) -> None:
    """No sample lies outside the range that the contract says the metric can reach."""
    ranges = {m.name: (m.minimum, m.maximum) for m in CONTRACT if m.name.startswith(PREFIX)}
    checked = 0
    for url in (lab.exporters[0].url, lab.workers[0].url, lab.producer.url):
        with urllib.request.urlopen(f"{url}/metrics", timeout=10) as answer:
            families = list(text_string_to_metric_families(answer.read().decode()))
        for sample in (s for f in families for s in f.samples if s.name in ranges):
            low, high = ranges[sample.name]
            assert low is None or sample.value >= low, sample
            assert high is None or sample.value <= high, sample
            checked += 1
    assert checked > 50


def test_the_readme_of_metrics_names_them_all() -> None:
    """docs/metrics.md is made from the same contract."""
    text = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert [name for m in CONTRACT if (name := m.name) not in text] == []
