"""Canvas: roster in, grades out, course in, without a wrong grade."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.canvas.api.course import connect
    from unrolled.canvas.api.push import plan_push, push_grades
    from unrolled.canvas.cartridge.build import make_cartridge
    from unrolled.canvas.grades_csv.export import (
        CanvasExport,
        ExportOptions,
        export_canvas,
    )
    from unrolled.canvas.grades_csv.import_model import read_as_canvas
    from unrolled.canvas.grades_csv.preview import check_file
    from unrolled.canvas.roster.sync import apply_roster, plan_roster
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "CanvasExport",
    "ExportOptions",
    "apply_roster",
    "check_file",
    "connect",
    "export_canvas",
    "make_cartridge",
    "plan_push",
    "plan_roster",
    "push_grades",
    "read_as_canvas",
]
