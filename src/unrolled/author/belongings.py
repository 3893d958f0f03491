"""Which files of an assignment's folders are whose: the build's, or somebody's.

A build writes over what a build wrote. What somebody laid beside it stays; from
source/ it goes to students, as nbgrader has it. A notebook of somebody's own in
source/ is refused by name: nbgrader would take it for a second one to be graded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nbgrader.coursedir import CourseDirectory
from nbgrader.utils import find_all_files

from unrolled.assignment.cells import find_answers, join_sources
from unrolled.author.lesson.parse import hash_notebook
from unrolled.author.manifest import Manifest
from unrolled.course import Course
from unrolled.errors import UserError

STEPS = ("source", "release", "solutions")


@dataclass(frozen=True, kw_only=True)
class BuildPlan:
    """What a build does to the three folders; paths are relative to the course.

    `files` are all that the lesson makes, `stale` what of it differs or is missing,
    `superfluous` what an earlier build wrote and goes, `changed` what of these two
    somebody has changed, `foreign` what of `stale` somebody else's file is in the way
    of, `kept` what stays in release/ and solutions/ though no build wrote it, `strays`
    notebooks in source/ that no lesson makes.
    """

    files: Mapping[str, bytes]
    stale: tuple[str, ...]
    superfluous: tuple[str, ...]
    changed: tuple[str, ...]
    foreign: tuple[str, ...]
    kept: tuple[str, ...]
    strays: tuple[str, ...]

    def refuse(self, *, force: bool) -> None:
        """UserError if a file that no build wrote is in the way, unless `force`."""
        if self.foreign and not force:
            raise UserError(
                f"{', '.join(self.foreign)}: the build would overwrite this, and no "
                "build wrote it. Move or rename it, or run `unrolled build --force`, "
                "which keeps a copy in build/backups/."
            )


def plan_files(
    course: Course, name: str, files: Mapping[str, bytes], manifest: Manifest
) -> BuildPlan:
    """Compare the files that the lesson makes with those in the three folders."""
    existing = {
        f"{step}/{name}/{p}": content
        for step in STEPS
        for p, content in read_files(course.root / step / name).items()
    }
    stale = tuple(p for p in files if existing.get(p) != files[p])
    superfluous = tuple(p for p in existing if p not in files and manifest.has(p))
    others = [p for p in existing if p not in files and not manifest.has(p)]
    notebook = f"{course.assignments[name].notebook}.ipynb"
    products = {f"{step}/{name}/{notebook}" for step in STEPS}
    touched = [p for p in (*stale, *superfluous) if p in existing]
    return BuildPlan(
        files=files,
        stale=stale,
        superfluous=superfluous,
        changed=tuple(p for p in touched if not _is_ours(p, existing[p], manifest)),
        foreign=tuple(p for p in touched if not (manifest.has(p) or p in products)),
        kept=tuple(p for p in others if not p.startswith("source/")),
        strays=tuple(p for p in others if _is_stray(p)),
    )


def _is_stray(path: str) -> bool:
    """Whether nbgrader would take a file for a notebook of the assignment."""
    step, _, file = path.split("/", 2)
    return step == "source" and file.endswith(".ipynb") and "/" not in file


def _is_ours(path: str, content: bytes, manifest: Manifest) -> bool:
    """Whether a build wrote it like this; a run in Jupyter changes no source."""
    if manifest.has_written(path, content):
        return True
    if not (path.startswith("source/") and path.endswith(".ipynb")):
        return False
    try:
        notebook = join_sources(json.loads(content))
        digest = notebook["metadata"]["unrolled"]["digest"]
        return bool(hash_notebook(notebook) == digest)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def find_extra_files(
    course: Course, name: str, lesson: Mapping[str, bytes], manifest: Manifest
) -> dict[str, bytes]:
    """Files in source/ that no build wrote and students get, as nbgrader has it.

    Hidden files stay at home, and what nbgrader ignores.
    """
    return {
        p: content
        for p, content in read_files(course.source / name).items()
        if p not in lesson
        and not manifest.has(f"source/{name}/{p}")
        and not p.endswith(".ipynb")
        and not any(part.startswith(".") for part in p.split("/"))
    }


def refuse_links(course: Course, files: Iterable[str]) -> None:
    """UserError for a folder that is a link: what lies behind it is somebody's.

    The three folders themselves may be links, and so may an assignment's.
    """
    for file in files:
        path = course.root / file
        folders = [p for p in path.parents if len(p.parts) > len(course.root.parts) + 2]
        link = next((p for p in folders if p.is_symlink()), None)
        if link is not None:
            raise UserError(
                f"{link} is a link: the build would write {path.relative_to(link)} to "
                "where it leads. Put a folder there instead."
            )


def refuse_foreign(
    course: Course,
    name: str,
    lesson: Mapping[str, bytes],
    manifest: Manifest,
    *,
    force: bool,
) -> None:
    """UserError for what somebody wrote into source/ and a build would not keep.

    These are notebooks of their own and files with answers, whatever is said, and
    edits of what a build wrote, unless `force`.
    """
    for file, content in read_files(course.source / name).items():
        path = f"source/{name}/{file}"
        built = file in lesson or manifest.has(path)
        if not built and _is_stray(path):
            raise UserError(
                f"{course.root / path}: no lesson makes this notebook, and an "
                "assignment has only one. Move it out of source/, for example into "
                "a folder notes/; the build leaves it alone."
            )
        if not built:
            _refuse_answers(course.root / path, content)
        same = lesson.get(file) == content
        if force or not built or same or _is_ours(path, content, manifest):
            continue
        if file.endswith(".ipynb"):
            raise UserError(
                f"{course.root / path} was edited since it was built. Bring the edit "
                f"back with `unrolled import {course.root / path}`, or drop it with "
                "`unrolled build --force`, which keeps a copy in build/backups/."
            )
        if manifest.has(path):
            raise UserError(
                f"{course.root / path} was changed since it was built from "
                f"{course.lessons / name / file}. Make the change there, or drop it "
                "with `unrolled build --force`, which keeps a copy in build/backups/."
            )


def _refuse_answers(path: Path, content: bytes) -> None:
    found = find_answers(path.name, content.decode("utf-8", "replace"))
    if found:
        raise UserError(
            f"{path} holds {found}, and what lies in source/ goes to students. Move it "
            "out of there, for example into a folder notes/."
        )


def read_files(folder: Path) -> dict[str, bytes]:
    """Files below a folder by their path in it, without what nbgrader ignores."""
    ignored = CourseDirectory.ignore.default()
    paths = sorted(Path(p) for p in find_all_files(str(folder), ignored))
    try:
        return {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in paths
            if p.is_file()
        }
    except OSError as error:
        raise UserError(
            f"{error.filename}: cannot be read: {error.strerror}."
        ) from error
