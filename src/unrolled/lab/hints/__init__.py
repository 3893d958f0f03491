"""Hints of a notebook: what is known of a wrong result, for who has that result."""

__all__ = ["encode", "seal", "table"]
