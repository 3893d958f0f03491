"""Marking by question: answers one after the other, rubrics, and who marks what."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.marking.answers import AnswerBook
    from unrolled.marking.change import Marker, MarkingRefusedError
    from unrolled.marking.cluster import comment_cluster, remove_comment
    from unrolled.marking.model import Mark, Rubric, RubricItem
    from unrolled.marking.question import find_question, read_progress
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "AnswerBook",
    "Mark",
    "Marker",
    "MarkingRefusedError",
    "Rubric",
    "RubricItem",
    "comment_cluster",
    "find_question",
    "read_progress",
    "remove_comment",
]
