"""The tables that marking keeps beside nbgrader's: rubrics, who marks what, and how."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.gradebook.marking.tables import (
        MarkRow,
        QuestionGrade,
        QuestionRows,
        RubricRow,
        read_question_grades,
        read_remarks,
        write_remark,
    )
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "MarkRow",
    "QuestionGrade",
    "QuestionRows",
    "RubricRow",
    "read_question_grades",
    "read_remarks",
    "write_remark",
]
