"""The judge's side of one student's process."""

from unrolled.grade.session.recorded_calls import Call
from unrolled.grade.session.session import Budget, Session, StudentProcessLost
from unrolled.grade.session.student_object import StudentObject

__all__ = ["Budget", "Call", "Session", "StudentObject", "StudentProcessLost"]
