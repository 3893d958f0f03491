"""What this machine computes with, and proof of which kernel ran."""

from __future__ import annotations

import contextlib
import os
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True, kw_only=True)
class Device:
    """A device as the trace names it: `kind` is "cpu" or "gpu"; memory in bytes."""

    kind: str
    name: str
    cores: int
    memory_bytes: int
    details: dict[str, Any]


def detect_devices() -> tuple[Device, ...]:
    """The CPU, and the first GPU if PyTorch can use one."""
    if torch.cuda.is_available():
        return _describe_cpu(), _describe_gpu()
    return (_describe_cpu(),)


def _describe_cpu() -> Device:
    """The processor: its model, the cores this process may use, main memory."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    details = {"torch_threads": torch.get_num_threads(), "load_at_start": load}
    return Device(
        kind="cpu",
        name=_read_cpu_name(),
        cores=count_usable_cores(),
        memory_bytes=_read_memory(),
        details=details,
    )


def count_usable_cores() -> int:
    """The cores that this process may use."""
    available = getattr(os, "sched_getaffinity", None)
    return len(available(0)) if available else os.cpu_count() or 1


def _read_cpu_name() -> str:
    with contextlib.suppress(OSError):
        for line in CPU_INFO.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _read_memory() -> int:
    """Bytes of main memory; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _describe_gpu() -> Device:
    """The first card: name, multiprocessors, memory, CUDA and cuDNN."""
    card = torch.cuda.get_device_properties(0)
    details = {
        "capability": f"{card.major}.{card.minor}",
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),  # type: ignore[no-untyped-call]
    }
    return Device(
        kind="gpu",
        name=card.name,
        cores=card.multi_processor_count,
        memory_bytes=card.total_memory,
        details=details,
    )


@contextlib.contextmanager
def count_fused_calls() -> Iterator[list[str]]:
    """Count the calls of torch's fused LSTM inside: one entry for each.

    Keras with PyTorch below it and torch.nn.LSTM both go through torch._VF.lstm, and a
    loop over steps does not. That an option asked for the kernel proves nothing.
    """
    module: Any = torch._VF
    original, seen = module.lstm, list[str]()

    def counting(*args: Any, **kwargs: Any) -> Any:
        seen.append("lstm")
        return original(*args, **kwargs)

    module.lstm = counting
    try:
        yield seen
    finally:
        module.lstm = original
