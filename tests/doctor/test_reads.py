"""What alerts are blind without, seen from their expressions alone."""

from __future__ import annotations

import pytest

from asynq_mon_codegen.build import EMBEDDED, open_declaration
from asynq_mon_codegen.doctor.reads import Reads, text_of


@pytest.fixture(scope="module")
def reads() -> Reads:
    return Reads(open_declaration(EMBEDDED))


def blind(reads: Reads, *missing: str) -> set[str]:
    """The alerts that cannot fire without these metrics."""
    found = reads.blind({s: s.name not in missing for s in reads.selectors})
    return {name for names in found.values() for name in names}


def test_a_metric_of_the_condition(reads: Reads) -> None:
    """Through recorded series, and the one that is compared with its own past."""
    without = blind(reads, "asynq_tasks_processed_total")

    assert {"AsynqQueueBacklogNotDraining", "AsynqTrafficStopped", "AsynqTaskFailureRatioHigh"} <= without
    assert "AsynqQueueWaitHigh" not in without
    assert "AsynqWatchdog" not in without


def test_a_metric_of_a_guard(reads: Reads) -> None:
    """``unless`` needs nothing."""
    assert blind(reads, "asynq_queue_paused_total") == {"AsynqQueuePaused"}


def test_a_metric_with_a_stand_in(reads: Reads) -> None:
    """``or`` needs one of two: memory may be that of the process or of its container."""
    containers = {s.name for s in reads.selectors if s.name.startswith(("container_", "kube_"))}

    assert "AsynqWorkerMemoryHigh" not in blind(reads, "process_resident_memory_bytes")
    assert "AsynqWorkerMemoryHigh" not in blind(reads, *containers)
    assert "AsynqWorkerMemoryHigh" in blind(reads, "process_resident_memory_bytes", *containers)


def test_values_that_are_a_fault_need_not_be_there(reads: Reads) -> None:
    """No Redis with the wrong policy is no missing series; states are all there or something is wrong."""
    selectors = {text_of(s) for s in reads.selectors}

    assert "redis_instance_info" in selectors
    assert 'asynq_tasks_enqueued_total{state="pending"}' in selectors


def test_how_far_back(reads: Reads) -> None:
    """A window of a record counts, and an offset of what reads it."""
    far = max(look.back for look in reads.looks if look.alert == "AsynqTrafficStopped")

    assert 28 * 86_400 <= far <= 30 * 86_400
    assert max(look.back for look in reads.looks if look.alert == "AsynqQueueWaitHigh") < 600
