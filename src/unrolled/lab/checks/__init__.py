"""What visible and hidden checks compare with, and what they say of a difference."""

__all__ = [
    "array",
    "call",
    "causes",
    "containers",
    "describe",
    "errors",
    "plain_values",
    "values",
]
