"""Judges that stay warm between runs: who asks for them, and who has them."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.grade.warm.client import find_warm_judges
else:
    __getattr__ = open_late(__name__)

__all__ = ["find_warm_judges"]
