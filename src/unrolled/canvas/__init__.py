"""Canvas: roster in, grades out, course in, without a wrong grade."""

from unrolled.canvas.grades_csv.export import CanvasExport, export_canvas
from unrolled.canvas.grades_csv.import_model import read_as_canvas
from unrolled.canvas.grades_csv.plan import ExportPlan, plan_export

__all__ = [
    "CanvasExport",
    "ExportPlan",
    "export_canvas",
    "plan_export",
    "read_as_canvas",
]
