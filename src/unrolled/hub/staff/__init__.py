"""The servers of assistants and instructors: what each lets through."""

__all__ = ["assistants_routes", "formgrader", "gate", "read_only"]
