"""A small simulator of asynq, its exporter and the systems around it, for rule tests.

Input series of a test come from here and not from typed numbers: a queue always has all of its
series, they vanish together when Redis does, the archive is trimmed at 9,999 and every exporter
tells the same truth a little later than the other.
"""

from asynq_mon_codegen.simulator.probe import STEP, Drive, Probe
from asynq_mon_codegen.simulator.tracks import ABSENT, Cycle, Ramp, Saw, Then, Track
from asynq_mon_codegen.simulator.world import QueueState, World

__all__ = [
    "ABSENT",
    "STEP",
    "Cycle",
    "Drive",
    "Probe",
    "QueueState",
    "Ramp",
    "Saw",
    "Then",
    "Track",
    "World",
]
