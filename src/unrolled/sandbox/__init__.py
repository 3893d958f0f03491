"""Processes for untrusted code, shut off from files, network and other processes."""

from unrolled.sandbox.isolate import TIERS, Bounds, isolate_child, isolate_zygote

__all__ = ["TIERS", "Bounds", "isolate_child", "isolate_zygote"]
