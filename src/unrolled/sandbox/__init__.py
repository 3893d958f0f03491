"""Processes for untrusted code: shut off from files, network, other processes and more memory."""

from unrolled.sandbox.isolate import (
    TIERS,
    Bounds,
    Forker,
    isolate_child,
    isolate_zygote,
)

__all__ = ["TIERS", "Bounds", "Forker", "isolate_child", "isolate_zygote"]
