"""Canvas: roster in, grades out, course in, without a wrong grade."""

from unrolled.canvas.export import CanvasExport, export_canvas
from unrolled.canvas.importer import read_as_canvas
from unrolled.canvas.plan import ExportPlan, plan_export

__all__ = [
    "CanvasExport",
    "ExportPlan",
    "export_canvas",
    "plan_export",
    "read_as_canvas",
]
