"""The gradebook file that Canvas exports and takes back."""

from unrolled.canvas.grades_csv.export import CanvasExport, export_canvas
from unrolled.canvas.grades_csv.exported_csv import CanvasGradebook, read_exported_csv
from unrolled.canvas.grades_csv.import_model import read_as_canvas
from unrolled.canvas.grades_csv.plan import ExportPlan, plan_export
from unrolled.canvas.grades_csv.preview import CheckReport, check_file

__all__ = [
    "CanvasExport",
    "CanvasGradebook",
    "CheckReport",
    "ExportPlan",
    "check_file",
    "export_canvas",
    "plan_export",
    "read_as_canvas",
    "read_exported_csv",
]
