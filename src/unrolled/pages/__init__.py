"""What all pages share: the style sheet, and how templates are read."""

from unrolled.pages.environment import make_environment

__all__ = ["make_environment"]
