"""When one student's work is due, and what lateness costs."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.deadlines.extend import (
        ExtendReport,
        extend_deadlines,
        list_extensions,
    )
    from unrolled.deadlines.late_days import HandIn, spend_late_days
    from unrolled.deadlines.late_penalty import compute_lateness, compute_penalty
    from unrolled.deadlines.own import Deadline, OwnDeadlines, read_own_deadlines
    from unrolled.deadlines.publish import apply_own_dates, publish_own_dates
    from unrolled.deadlines.settle import Settlement, read_settlement, settle_student
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "Deadline",
    "ExtendReport",
    "HandIn",
    "OwnDeadlines",
    "Settlement",
    "apply_own_dates",
    "compute_lateness",
    "compute_penalty",
    "extend_deadlines",
    "list_extensions",
    "publish_own_dates",
    "read_own_deadlines",
    "read_settlement",
    "settle_student",
    "spend_late_days",
]
