"""What `unrolled trace` says when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unrolled.trace.plan import LOOPED


@dataclass(frozen=True)
class TraceReport:
    """A trace that was made; `path` is where it lies."""

    document: Mapping[str, Any]
    path: Path

    @property
    def fused(self) -> dict[str, tuple[int, int]]:
        """For each network with an LSTM and device: steps with a fused call, of all."""
        counts: dict[str, tuple[int, int]] = {}
        for m in self.document["measurements"]:
            if "LSTM" in m["network"]:
                name = f"{m['network']}, {m['device']}"
                ran, of = counts.get(name, (0, 0))
                counts[name] = (ran + bool(m["fused_calls"]), of + 1)
        return counts

    @property
    def proved(self) -> bool | None:
        """Whether Keras used the fused kernel on the GPU; None without a GPU.

        The same count must be 0 where it was told to loop: else it proves nothing.
        """
        fused = self.fused
        ran, of = fused.get("Keras LSTM, gpu", (0, 0))
        looped = fused.get(f"{LOOPED}, gpu", (0, 0))[0]
        return (ran == of and looped == 0) if of else None

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {
            "path": str(self.path),
            "fused_kernel_ran_on_gpu": self.proved,
            "fused": {name: list(counts) for name, counts in self.fused.items()},
            "trace": self.document,
        }

    def as_text(self) -> str:
        """What was measured, on what, and which kernel ran."""
        devices = self.document["devices"]
        lines = [f"{d['kind']}: {d['name']}, {d['cores']} cores" for d in devices]
        lines += [
            f"{name}: the fused kernel ran in {ran} of {of} measurements"
            for name, (ran, of) in self.fused.items()
        ]
        return "\n".join([*lines, self._format_verdict(), f"written to {self.path}"])

    def _format_verdict(self) -> str:
        if self.proved is None:
            return "No GPU here: the trace holds the CPU only."
        if self.proved:
            return "On the GPU, Keras used the fused kernel in every step."
        return (
            "On the GPU, Keras did NOT use the fused kernel: these are times of a "
            "Python loop. It needs Keras 3.15 or newer and cuDNN."
        )
