"""What the notebooks import: checks, figures, widgets. No solution lives here."""

from unrolled.lab import check, style
from unrolled.lab.display import show
from unrolled.lab.explorer import explore

__all__ = ["check", "explore", "show", "style"]
