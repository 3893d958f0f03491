"""The judge's side of one student's process."""

from unrolled.grade.session.proxy import StudentObject
from unrolled.grade.session.recorded_calls import Call
from unrolled.grade.session.session import Budget, Session, StudentProcessLost

__all__ = ["Budget", "Call", "Session", "StudentObject", "StudentProcessLost"]
