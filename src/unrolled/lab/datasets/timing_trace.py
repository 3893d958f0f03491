"""Recorded times of training steps, as `unrolled trace` writes them.

A trace holds every single time, the sizes, and what it was made with. A device that
was not there has no measurements: nothing is made up.
"""

from __future__ import annotations

import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.errors import UserError

FORMAT = 1
SWEEPS = {"batch": "N", "steps": "T", "hidden": "H"}
"""What each sweep varies."""


@dataclass(frozen=True, kw_only=True)
class TrainingStep:
    """What is measured: N sequences of T steps, D inputs, H units."""

    network: str
    device: str
    sweep: str
    N: int
    T: int
    D: int
    H: int

    @property
    def size(self) -> int:
        """The size that its sweep varies."""
        return int(getattr(self, SWEEPS[self.sweep]))


@dataclass(frozen=True, kw_only=True)
class Measurement(TrainingStep):
    """The single times of one training step, in seconds, in the order taken.

    `fused_calls`: calls of torch's fused LSTM that were counted during one step.
    """

    seconds: tuple[float, ...]
    fused_calls: int = 0

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Trace:
    """A recorded trace.

    `devices` maps "cpu" and, where one was there, "gpu" to what it is called;
    `made` says when, `versions` with what, `clock` whether seconds are those on the
    wall or those that the processor worked.
    """

    made: str
    devices: dict[str, str]
    versions: dict[str, str]
    measurements: tuple[Measurement, ...]
    clock: str = "wall"

    @property
    def kinds(self) -> tuple[str, ...]:
        """The devices it holds: "cpu", and "gpu" if one was there."""
        return tuple(self.devices)

    def select(self, network: str, device: str, sweep: str) -> list[Measurement]:
        """The measurements of a sweep, by size; empty where there are none."""
        asked = (network, device, sweep)
        chosen = [
            m for m in self.measurements if (m.network, m.device, m.sweep) == asked
        ]
        return sorted(chosen, key=lambda m: m.size)

    def networks(self, device: str) -> list[str]:
        """The networks that were measured on a device, in order."""
        measured = (m.network for m in self.measurements if m.device == device)
        return list(dict.fromkeys(measured))

    def describe(self) -> str:
        """When, on what, and with what it was made; says it if no GPU was there."""
        lines = [f"Recorded on {self.made[:10]}."]
        lines += [f"{kind.upper()}: {name}." for kind, name in self.devices.items()]
        if "gpu" not in self.devices:
            lines.append("GPU: none. This trace holds the CPU only.")
        if self.clock == "cpu":
            lines.append(
                "Times are those that the processor worked on it (CPU time): other "
                "programs ran beside."
            )
        versions = ", ".join(f"{k} {v}" for k, v in self.versions.items())
        return "\n".join([*lines, f"With {versions}."])


def read_trace(path: str | Path) -> Trace:
    """Read a trace; UserError if the file is missing or no trace of this format."""
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
        return parse_trace(document)
    except FileNotFoundError as error:
        raise UserError(
            f"{path} is missing: it lies beside the notebook when the assignment is "
            "fetched. Is the notebook open in its own folder?"
        ) from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: no trace of `unrolled trace`: {error}") from error


def parse_trace(document: Any) -> Trace:
    """The trace in a JSON document; ValueError for another format."""
    if document["format"] != FORMAT:
        raise ValueError(f"format {document['format']}, this reads {FORMAT}")
    return Trace(
        made=document["made"],
        devices={d["kind"]: _describe_device(d) for d in document["devices"]},
        versions=dict(document["versions"]),
        measurements=tuple(
            Measurement(**{**m, "seconds": tuple(m["seconds"])})
            for m in document["measurements"]
        ),
        clock=document["settings"]["clock"],
    )


def _describe_device(device: Any) -> str:
    """A device in a few words."""
    if device["kind"] != "cpu":
        return str(device["name"])
    threads = device["details"]["torch_threads"]
    return f"{device['name']}, {threads} thread{'s' * (threads > 1)}"
