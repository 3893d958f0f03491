"""A small class with two assignments, handed in and graded once, and its copies."""

from __future__ import annotations

import shutil
from pathlib import Path

from support.author_course import COURSE
from support.cluster import NAME, make_class
from support.judges import grade_here

from unrolled.author.build import build_assignments
from unrolled.course.model import Course, load_course
from unrolled.gradebook.postgresql import move_gradebook

OTHER = "02_tiny"
NAMES = (NAME, OTHER)
STUDENTS = 4


def make_school(root: Path) -> Course:
    """Two assignments, everybody has handed in both; nothing is graded yet."""
    course = make_class(root, STUDENTS)
    second = COURSE[COURSE.index("[assignments") :].replace(NAME, OTHER)
    toml = root / "course.toml"
    toml.write_text(f"{toml.read_text()}\n{second}")
    shutil.copytree(course.lessons / NAME, course.lessons / OTHER)
    course = load_course(root)
    build_assignments(course, [OTHER])
    for folder in course.submitted.glob(f"*/{NAME}"):
        shutil.copytree(folder, folder.with_name(OTHER))
    return course


def grade_school(school: Course, root: Path) -> Course:
    """A copy of the school, graded in peace, one assignment after the other."""
    course = load_course(shutil.copytree(school.root, root))
    for name in NAMES:
        assert grade_here(course, name).ungraded == ()
    return course


def copy_school(
    school: Course, graded: Course, root: Path, settings: str = ""
) -> Course:
    """A school where nothing is written yet, and every result is kept already.

    `settings` are lines for [grading]; with a database there, the gradebook moves.
    """
    shutil.copytree(school.root, root)
    shutil.copytree(graded.build / "results", root / "build" / "results")
    shutil.copy(graded.secret_file, root / "course.secret")
    toml = root / "course.toml"
    toml.write_text(f"{toml.read_text()}\n[grading]\n{settings}\n")
    course = load_course(root)
    move_gradebook(course) if course.database.url else None
    return course
