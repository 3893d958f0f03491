"""Lesson texts to notebooks, and the proof that their tests are right."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.author.build import Approval, build_assignments
    from unrolled.author.report import VerifyReport
else:
    __getattr__ = open_late(__name__)

__all__ = ["Approval", "VerifyReport", "build_assignments"]
