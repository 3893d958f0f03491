"""Which code a verdict hangs on, and one digest of all of it.

Nothing is listed by hand: the files are found by following the imports from where
the processes of grading begin. A list would have to be remembered at each new import.
"""

from __future__ import annotations

import ast
import hashlib
import platform
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import unrolled

# A judge's own process, and the process that runs what a student wrote.
ENTRIES = (
    "unrolled.grade.scheduling.judge_process",
    "unrolled.grade.student.zygote",
    "unrolled.grade.student.child",
)
# What notebooks import at will, with the data that it reads.
WHOLE_FOLDERS = ("lab",)
PACKAGES = (
    "numpy",
    "torch",
    "keras",
    "ipython",
    "matplotlib",
    "ipywidgets",
    "nbgrader",
    "nbformat",
)
ROOT = Path(unrolled.__file__).parent


@cache
def compute_engine_digest() -> str:
    """A digest of the grader itself, of Python and the packages student code uses."""
    digest = hashlib.sha256()
    for path in find_engine_files():
        digest.update(path.relative_to(ROOT).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    versions = (platform.python_version(), *map(_read_version, PACKAGES))
    return " ".join((digest.hexdigest(), *versions))


def find_engine_files() -> tuple[Path, ...]:
    """Every file of this package that can change a verdict, in a fixed order."""
    files: set[Path] = set()
    doors: set[Path] = set()
    modules = list(ENTRIES)
    while modules:
        path = _find_file(modules.pop())
        if path is None or path in files:
            continue
        files.add(path)
        modules += _find_imports(path, ast.walk(_parse(path)))
        # The ``__init__.py`` files that Python runs before a file.
        inside = [f for f in path.parents if f == ROOT or ROOT in f.parents]
        above = {f / "__init__.py" for f in inside if (f / "__init__.py").is_file()}
        for door in above - doors:
            doors.add(door)
            modules += _find_imports(door, _parse(door).body)  # the rest is not run
    for folder in WHOLE_FOLDERS:
        paths = (p for p in (ROOT / folder).rglob("*") if p.is_file())
        files.update(p for p in paths if "__pycache__" not in p.parts)
    return tuple(sorted(files | doors))


def _find_file(module: str) -> Path | None:
    """The file of a module of ours; None for anything else."""
    top, *rest = module.split(".")
    if top != ROOT.name:
        return None
    path = ROOT.joinpath(*rest)
    files = (path.with_suffix(".py"), path / "__init__.py")
    return next((file for file in files if file.is_file()), None)


def _parse(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes(), str(path))


def _find_imports(path: Path, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """What some nodes of a file import; also modules that they name in a string.

    The second is for ``import_module`` and ``python -m``. A name too many does no
    harm: at worst results are not kept although they could have been.
    """
    for node in nodes:
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield module
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.ImportFrom(level=level) if level:
                raise AssertionError(f"{path}: relative imports are not followed")
            case ast.Constant(value=str(text)) if text.startswith(f"{ROOT.name}."):
                yield text


def _read_version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
