"""Exceptions for grading that failed itself: the submission is not wrong."""

from __future__ import annotations


class GradingError(Exception):
    """Grading itself failed; the submission is ungraded, not wrong."""


class ProcessLostError(GradingError):
    """A process was killed from outside: no fault of the submission, try it again."""
