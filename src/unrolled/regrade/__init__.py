"""Regrading after a test was mended: shown first, applied, written down, undone."""

from unrolled.regrade.apply import RegradeOutcome, apply_regrade
from unrolled.regrade.log import RegradeRecord, describe_rules, list_logs
from unrolled.regrade.model import RegradePlan, Rules
from unrolled.regrade.plan import plan_regrade
from unrolled.regrade.undo import UndoReport, undo_regrade

__all__ = [
    "RegradeOutcome",
    "RegradePlan",
    "RegradeRecord",
    "Rules",
    "UndoReport",
    "apply_regrade",
    "describe_rules",
    "list_logs",
    "plan_regrade",
    "undo_regrade",
]
