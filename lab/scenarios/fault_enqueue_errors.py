"""A release makes payloads larger than Redis takes; everything else goes on."""

from __future__ import annotations

from asynq_mon_codegen import Severity, Threat
from lab.scenario import Expected, Scenario
from lab.stack import Shape

SCENARIO = Scenario(
    title="Redis refuses the payloads of one task type",
    shape=Shape(redis_config={"proto-max-bulk-len": "1mb"}),
    act=lambda lab: lab.producer.set(payload_bytes={"order:pay": 1_200_000}),
    lasts="20m",
    must=(
        Expected(
            alert="AsynqEnqueueErrors",
            severity=Severity.CRITICAL,
            threat=Threat.AVAILABILITY,
            within="13m",
            labels={"queue": "critical", "task_type": "order:pay"},
        ),
    ),
)
