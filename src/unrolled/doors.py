"""Doors that open when somebody knocks: a package whose names are loaded when asked.

Such a package imports what it offers for the type checker only, and lists it:

    if TYPE_CHECKING:
        from unrolled.grade.run import grade
    else:
        __getattr__ = open_late(__name__)

    __all__ = ["grade"]

So the names stand there once for all readers, and importing one module of the package
loads nothing of the others: neither slow libraries, nor the judge in a student's
process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any


def open_late(package: str) -> Callable[[str], Any]:
    """A package's `__getattr__`: imports a name of its door when it is asked for."""

    def load_name(name: str) -> Any:
        source = _read_sources(package).get(name)
        if source is None:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        # As an import statement does it, so that `python -X importtime` tells of it.
        return getattr(__import__(source, fromlist=[name]), name)

    return load_name


@cache
def _read_sources(package: str) -> Mapping[str, str]:
    """From which module each name of a door comes, as its own imports say."""
    import ast  # only now: a student's process opens no door

    source = Path(sys.modules[package].__file__ or "").read_text(encoding="utf-8")
    return {
        alias.name: node.module or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
