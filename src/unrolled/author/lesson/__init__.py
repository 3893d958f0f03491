"""Lesson texts: read, checked, and turned into notebooks and back."""

from unrolled.author.lesson.from_notebook import import_notebook
from unrolled.author.lesson.parse import read_lesson

__all__ = ["import_notebook", "read_lesson"]
