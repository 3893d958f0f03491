"""Sliders, pictures and progress in a notebook."""

__all__ = ["controls", "display", "explore", "progress"]
