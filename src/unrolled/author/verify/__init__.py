"""`unrolled verify`: sample submissions through the grading path."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.author.lesson.replace import replace_function
    from unrolled.author.verify.cases import make_solved_notebook
    from unrolled.author.verify.run import verify
else:
    __getattr__ = open_late(__name__)

__all__ = ["make_solved_notebook", "replace_function", "verify"]
