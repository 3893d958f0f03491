"""Which assignments are as the last build left them: nothing of those is made again.

After a build its state is noted in `build/lessons/`: one digest of all that a build
reads and writes, with the program itself. While it is the same, another build would
find what the last one found. `build --check` asks nobody, and makes everything anew.
"""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import unrolled
from unrolled.author.belongings import STEPS
from unrolled.author.manifest import Manifest
from unrolled.course import Course
from unrolled.files import write_file

# What turns a lesson's text into notebooks, beside our own code.
PACKAGES = ("nbgrader", "nbconvert", "nbformat", "jupytext", "jsonschema")


@dataclass(frozen=True)
class LastBuild:
    """What the last build said of an assignment's folders, in the words of a build."""

    travels: tuple[str, ...]
    kept: tuple[str, ...]


def recall_build(course: Course, name: str, manifest: Manifest) -> LastBuild | None:
    """The last build, if all that it read and wrote is the same; else None."""
    try:
        note = json.loads(_locate_note(course, name).read_text(encoding="utf-8"))
        if note.pop("state") != _compute_state(course, name, manifest):
            return None
        return LastBuild(tuple(note["travels"]), tuple(note["kept"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # never built, or a note that nobody can read


def note_build(course: Course, name: str, manifest: Manifest, last: LastBuild) -> None:
    """Note the state that a build has left; where that cannot be, it is made again."""
    with suppress(OSError):
        note = {"state": _compute_state(course, name, manifest), **asdict(last)}
        path = _locate_note(course, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps(note, indent=1) + "\n")


def _locate_note(course: Course, name: str) -> Path:
    return course.build / "lessons" / f"{name}.json"


def _compute_state(course: Course, name: str, manifest: Manifest) -> str:
    """A digest of the program, the settings, the lesson, and the folders it fills."""
    digest = hashlib.sha256(_compute_program().encode())
    settings = (course.root / "course.toml", course.root / "nbgrader_config.py")
    folders = (course.lessons / name, *(course.root / step / name for step in STEPS))
    files = (path for folder in folders for path in _list_files(folder))
    _add_files(digest, (*settings, *files), course.root)
    ours = {f"{step}/{name}/" for step in STEPS}
    lines = (
        f"{file} {sorted(digests)}"
        for file, digests in sorted(manifest.digests.items())
        if file.startswith(tuple(ours))
    )
    digest.update("\n".join(lines).encode())
    return digest.hexdigest()


@cache
def _compute_program() -> str:
    """A digest of this package's code, of Python and of what converts notebooks."""
    root = Path(unrolled.__file__).parent
    digest = hashlib.sha256()
    _add_files(digest, sorted(root.rglob("*.py")), root)
    versions = (platform.python_version(), *map(version, PACKAGES))
    return " ".join((digest.hexdigest(), *versions))


def _list_files(folder: Path) -> Iterator[Path]:
    """All files below a folder, but for what Python leaves beside a module."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path


def _add_files(digest: hashlib._Hash, files: Iterable[Path], root: Path) -> None:
    """Names and contents, with lengths, so that no two lists are the same bytes."""
    for path in files:
        content = path.read_bytes()
        name = path.relative_to(root).as_posix()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
