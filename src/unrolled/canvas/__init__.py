"""Canvas: roster in, grades out, course in, without a wrong grade."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.canvas.cartridge import make_cartridge
    from unrolled.canvas.grades_csv import check_file
    from unrolled.canvas.grades_csv.export import CanvasExport, export_canvas
    from unrolled.canvas.grades_csv.plan import ExportOptions
    from unrolled.canvas.roster import apply_roster, plan_roster
else:
    __getattr__ = open_late(__name__)

# The exporter of nbgrader's, and what the verbs of `unrolled canvas` do. What goes
# over the network has a door of its own: api/.
__all__ = [
    "CanvasExport",
    "ExportOptions",
    "apply_roster",
    "check_file",
    "export_canvas",
    "make_cartridge",
    "plan_roster",
]
