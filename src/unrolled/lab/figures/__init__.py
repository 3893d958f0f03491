"""Figures of the lessons, one module a topic: pure functions `draw_x(ax, **params)`."""
