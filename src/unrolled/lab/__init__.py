"""What the notebooks import: checks, figures, widgets. No solution lives here."""

from unrolled.lab import check
from unrolled.lab.figures import style
from unrolled.lab.former_names import keep_former_names as _keep_former_names
from unrolled.lab.widgets.display import show
from unrolled.lab.widgets.explore import explore

_keep_former_names()

__all__ = ["check", "explore", "show", "style"]
