"""What a trace measures: three networks, three sizes that are varied one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from unrolled.lab.datasets.timing_trace import SWEEPS

BASE = MappingProxyType({"N": 32, "T": 64, "D": 32, "H": 64})
SIZES = MappingProxyType(
    {
        "batch": (1, 2, 4, 8, 16, 32, 64, 128),
        "steps": (4, 8, 16, 32, 64, 128),
        "hidden": (8, 16, 32, 64, 128, 256, 512),
    }
)
EVERYWHERE = ("Keras LSTM", "torch LSTM", "Keras dense")
LOOPED = "Keras LSTM, looped"


@dataclass(frozen=True, kw_only=True)
class PlannedMeasurement:
    """One measurement to make."""

    network: str
    device: str
    sweep: str
    N: int
    T: int
    D: int
    H: int

    def __str__(self) -> str:
        """The item in a few words, for a progress bar."""
        return f"{self.network}, {self.device}, {SWEEPS[self.sweep]} = {self.size}"

    @property
    def size(self) -> int:
        """The size that is varied."""
        return int(getattr(self, SWEEPS[self.sweep]))


def plan_measurements(
    kinds: Sequence[str], limit: int | None = None
) -> Iterator[PlannedMeasurement]:
    """All measurements for these devices; none with a size above `limit`.

    A GPU also runs Keras's LSTM without its fused kernel, to set the two apart. On a
    CPU there is only the loop.
    """
    for kind in kinds:
        networks = EVERYWHERE if kind == "cpu" else (*EVERYWHERE, LOOPED)
        for network in networks:
            for sweep, sizes in SIZES.items():
                for size in sizes:
                    if limit is None or size <= limit:
                        chosen = {**BASE, SWEEPS[sweep]: size}
                        yield PlannedMeasurement(
                            network=network, device=kind, sweep=sweep, **chosen
                        )
