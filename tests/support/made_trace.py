"""A MADE-UP trace with a GPU, for tests of figures only. No machine measured it."""

from __future__ import annotations

from unrolled.lab.datasets.timing_trace import Measurement, Trace
from unrolled.trace.record import plan_measurements

COSTS = {  # invented: fixed seconds, operations per second
    ("Keras LSTM", "cpu"): (0.020, 2e10),
    ("torch LSTM", "cpu"): (0.001, 5e10),
    ("Keras dense", "cpu"): (0.002, 9e10),
    ("Keras LSTM", "gpu"): (0.006, 4e12),
    ("torch LSTM", "gpu"): (0.004, 5e12),
    ("Keras dense", "gpu"): (0.003, 6e12),
    ("Keras LSTM, looped", "gpu"): (0.090, 4e12),
}


def made_up(*kinds: str) -> Trace:
    """A trace of the invented costs for these devices."""
    found = []
    for item in plan_measurements(kinds):
        fixed, rate = COSTS[item.network, item.device]
        work = 24 * item.N * item.T * item.H * (item.D + item.H)
        seconds = (fixed + work / rate,) * 3
        found.append(
            Measurement(
                network=item.network,
                device=item.device,
                sweep=item.sweep,
                N=item.N,
                T=item.T,
                D=item.D,
                H=item.H,
                seconds=seconds,
            )
        )
    names = {kind: f"a made-up {kind}" for kind in kinds}
    return Trace(
        made="2000-01-01",
        devices=names,
        versions={"nothing": "0"},
        measurements=tuple(found),
    )
