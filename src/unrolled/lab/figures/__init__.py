"""Figures of the lessons, one module a topic: pure functions `draw_x(ax, **params)`."""

__all__ = [
    "bptt",
    "characters",
    "clipping",
    "flow",
    "forward",
    "gate_diagrams",
    "gate_rows",
    "gates",
    "gradients",
    "hardware",
    "heat",
    "pipeline",
    "sequences",
    "shapes",
    "style",
    "timings",
    "unrolling",
]
