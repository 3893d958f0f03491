"""Unrolled: a course on recurrent neural networks that grades itself."""

__version__ = "0.1.0"
__all__ = ["__version__"]
