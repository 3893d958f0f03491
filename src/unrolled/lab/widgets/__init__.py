"""Sliders, pictures and progress in a notebook."""
