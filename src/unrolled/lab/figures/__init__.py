"""Figures of the lessons, one module a topic: pure functions `draw_x(ax, **params)`."""

__all__ = [
    "bptt",
    "characters",
    "clipping",
    "error_flow",
    "forward",
    "gate_diagrams",
    "gates",
    "gradients",
    "hardware",
    "heat",
    "learning",
    "sequences",
    "shapes",
    "style",
    "unrolling",
]
