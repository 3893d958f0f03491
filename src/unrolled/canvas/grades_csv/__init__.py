"""The gradebook file that Canvas exports and takes back."""

from unrolled.canvas.grades_csv.plan import ExportPlan, plan_export
from unrolled.canvas.grades_csv.preview import CheckReport, check_file

__all__ = ["CheckReport", "ExportPlan", "check_file", "plan_export"]
