"""The pages on which answers are marked by question."""

from unrolled.hub.marking.handlers import make_routes

__all__ = ["make_routes"]
