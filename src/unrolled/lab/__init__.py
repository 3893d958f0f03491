"""What the notebooks import: checks, figures, widgets. No solution lives here."""

from unrolled.lab import check
from unrolled.lab.figures import style
from unrolled.lab.follow_through.kernel import watch_kernel as _watch_kernel
from unrolled.lab.former_names import keep_former_names as _keep_former_names
from unrolled.lab.widgets.display import show
from unrolled.lab.widgets.explore import explore

_keep_former_names()
_watch_kernel()

__all__ = ["check", "explore", "show", "style"]
