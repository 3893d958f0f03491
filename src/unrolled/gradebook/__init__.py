"""nbgrader's database: the only place that speaks its schema."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.gradebook.cell_changes import (
        CellChanges,
        apply_cell_changes,
        plan_changes,
    )
    from unrolled.gradebook.locking import begin_write, yield_lock
    from unrolled.gradebook.open import backup_gradebook, has_gradebook, open_gradebook
    from unrolled.gradebook.queries import read_students, write_students
    from unrolled.gradebook.read import (
        StudentRow,
        explain_gradebook_error,
        is_gradebook_error,
    )
    from unrolled.gradebook.tables import SubmissionRows
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "CellChanges",
    "StudentRow",
    "SubmissionRows",
    "apply_cell_changes",
    "backup_gradebook",
    "begin_write",
    "explain_gradebook_error",
    "has_gradebook",
    "is_gradebook_error",
    "open_gradebook",
    "plan_changes",
    "read_students",
    "write_students",
    "yield_lock",
]
