"""Processes for untrusted code: warm, forked, and shut off from everything else."""

from unrolled.sandbox.isolate import (
    TIERS,
    Bounds,
    Forker,
    isolate_child,
    isolate_zygote,
)

__all__ = ["TIERS", "Bounds", "Forker", "isolate_child", "isolate_zygote"]
