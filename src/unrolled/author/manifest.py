"""What `unrolled build` wrote, so that it takes away and replaces nothing else.

`built.sha256` in the course folder has a line for each file, as `sha256sum` has them
(and checks: `sha256sum -c built.sha256`). It is committed with the notebooks. It does
not lie in `source/<assignment>/`: nbgrader gives every file there to students.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from unrolled.course import Course
from unrolled.files import make_stamp, write_file

FILE = "built.sha256"
_LINE = re.compile(r"^([0-9a-f]{64})  (\S.*)$", re.MULTILINE)


def hash_content(content: bytes) -> str:
    """The digest that a file's line has."""
    return hashlib.sha256(content).hexdigest()


@dataclass
class Manifest:
    """Files relative to the course, each with the digests that it was written with.

    A file has several digests only after a merge that left both sides' lines.
    """

    path: Path
    digests: dict[str, set[str]]

    def has(self, file: str) -> bool:
        """Whether a build wrote a file of this name."""
        return file in self.digests

    def has_written(self, file: str, content: bytes) -> bool:
        """Whether a build wrote this very file, and nobody changed it since."""
        return hash_content(content) in self.digests.get(file, ())

    def record(self, written: Mapping[str, bytes], gone: Iterable[str] = ()) -> None:
        """Note what was written and what is gone; the file changes at once."""
        for file in gone:
            self.digests.pop(file, None)
        # A name with a line break has no line, and counts as somebody else's.
        lines = {f: {hash_content(c)} for f, c in written.items() if f.isprintable()}
        self.digests |= lines
        text = "".join(
            f"{digest}  {file}\n"
            for file, digests in sorted(self.digests.items())
            for digest in sorted(digests)
        )
        if not self.path.exists() or self.path.read_text(encoding="utf-8") != text:
            write_file(self.path, text)


def read_manifest(course: Course) -> Manifest:
    """The manifest of a course; lines that are none, as a merge leaves, are skipped."""
    path = course.root / FILE
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    digests: dict[str, set[str]] = {}
    for digest, file in _LINE.findall(text):
        digests.setdefault(file, set()).add(digest)
    return Manifest(path, digests)


def keep_copies(course: Course, files: Iterable[str]) -> Path:
    """Copies of files (relative to the course) below build/backups/; their folder."""
    folder = course.build / "backups" / f"build-{make_stamp()}"
    for file in files:
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(course.root / file, folder / file)
    return folder
