"""The hints that go with a notebook: made from the catalogue, and proved."""

__all__ = ["make", "play"]
