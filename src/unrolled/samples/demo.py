"""`unrolled demo`: a whole class, from release to Canvas, with known results.

Everything happens in ``build/demo/``, a course folder of its own made from this
one; the students are made from the recipes in ``tests/submissions/``.
"""

from __future__ import annotations

import csv
import json
import re
import shutil
import tomllib
from dataclasses import asdict, dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from unrolled.assignment import load_material, load_reference
from unrolled.author import build_assignments
from unrolled.canvas import export_canvas
from unrolled.converters import silence_nbgrader
from unrolled.course import Course, load_course
from unrolled.errors import UserError
from unrolled.feedback import generate_feedback
from unrolled.grade import SubmissionResult, grade, read_stored_result
from unrolled.grade.scheduling import JudgePool
from unrolled.gradebook import StudentRow, open_gradebook, read_students, write_students
from unrolled.gradebook.queries import mark_fully
from unrolled.processes import count_processors, make_process_pool
from unrolled.report import show_grading
from unrolled.samples.build_submission import write_submission
from unrolled.samples.demo_report import DemoReport, DemoScore
from unrolled.samples.expectations import GradedSubmission, find_misses
from unrolled.samples.recipe import Recipe, SampleStudent, load_students

SECRET = "0" * 64
MARKER = "made by unrolled demo; may be deleted at any time\n"
COPIED = ("course.toml", "nbgrader_config.py", "lessons")


def run_demo(course: Course, console: Console, *, keep: bool = False) -> DemoReport:
    """Make the class, grade it, and hold all that comes back against the recipes."""
    students = load_students(course.root / "tests" / "submissions")
    folder = course.build / "demo"
    if not keep:
        _make_course(course, folder)
    demo = load_course(folder)
    build_assignments(demo, list(demo.assignments), force=True)
    _enrol(demo, students)
    graded: list[_GradedRecipe] = []
    with JudgePool(count_processors(), allow_weak=demo.allow_weak) as judges:
        for name in demo.assignments:
            # A student without a recipe for an assignment has not handed it in.
            present = [s for s in students if name in s.recipes]
            _write_submissions(demo, name, present)
            if present:
                graded += _grade_assignment(
                    demo, name, present, console=console, judges=judges
                )
    write = partial(generate_feedback, demo, force=True)
    with make_process_pool(count_processors(), silence_nbgrader) as pool:
        # Several assignments at once; what went wrong is raised here.
        list(pool.map(write, dict.fromkeys(g.recipe.assignment for g in graded)))
    scores = [_make_score(demo, g) for g in graded]
    files = _write_files(demo, scores)
    return DemoReport(tuple(scores), tuple(files))


def _make_course(course: Course, folder: Path) -> None:
    """A fresh course folder; only one that the demo itself made is replaced."""
    if folder.exists():
        if not (folder / "DEMO").exists():
            raise UserError(
                f"{folder}: the demo did not make this folder. Move it away first."
            )
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / "DEMO").write_text(MARKER, encoding="utf-8")
    for name in COPIED[1:]:
        origin = course.root / name
        if origin.is_dir():
            shutil.copytree(origin, folder / name)
        else:
            shutil.copyfile(origin, folder / name)
    settings = _remove_database_setting(
        (course.root / "course.toml").read_text("utf-8")
    )
    (folder / "course.toml").write_text(settings, encoding="utf-8")
    secret = folder / "course.secret"
    secret.touch(mode=0o600)
    secret.write_text(SECRET, encoding="ascii")


def _remove_database_setting(settings: str) -> str:
    """course.toml without the line that leads to the real gradebook."""
    rest = re.sub(r"^\s*database\s*=.*$", "", settings, flags=re.MULTILINE)
    if "database" in tomllib.loads(rest).get("grading", {}):
        raise UserError(
            "course.toml: grading.database: give it a line of its own, so that the "
            "demo can leave it out: it must not write into the real gradebook."
        )
    return rest


def _enrol(course: Course, students: list[SampleStudent]) -> None:
    rows = [
        StudentRow(
            id=student.name,
            first_name="Demo",
            last_name=student.name.replace("_", " ").title(),
            email=f"{student.name}@example.org",
            lms_user_id=str(4000 + number),  # made up
        )
        for number, student in enumerate(students)
    ]
    with open_gradebook(course) as gradebook:
        write_students(gradebook, rows)


def _write_submissions(
    course: Course, assignment: str, students: list[SampleStudent]
) -> None:
    """Write what each student submits, with the time of submission."""
    material = load_material(course, assignment)
    reference = load_reference(material)
    due = course.assignments[assignment].due
    for student in students:
        recipe = student.recipes[assignment]
        folder = course.submitted_folder(student.name, assignment)
        try:
            other = load_material(course, recipe.of) if recipe.of else None
            write_submission(recipe, folder, material, reference, other=other)
        except UserError as error:
            file = f"tests/submissions/{student.name}.toml"
            raise UserError(f"{file}: {error}") from error
        if due is not None and not recipe.stamp:
            stamp = due + timedelta(days=recipe.days_late, hours=-1)
            text = stamp.strftime("%Y-%m-%d %H:%M:%S.000000 %z")
            (folder / "timestamp.txt").write_text(text, encoding="ascii")


@dataclass(frozen=True)
class _GradedRecipe:
    """One submission of the class: what it is about, and what grading says of it."""

    about: str
    recipe: Recipe
    result: SubmissionResult


def _grade_assignment(
    course: Course,
    assignment: str,
    students: list[SampleStudent],
    *,
    console: Console,
    judges: JudgePool,
) -> list[_GradedRecipe]:
    """Grade, and mark the written answers; what came of it."""
    with show_grading(console, assignment, len(students)) as step:
        report = grade(course, assignment, force=True, progress=step, judges=judges)
    recipes = {s.name: s.recipes[assignment] for s in students}
    about = {s.name: s.about for s in students}
    with open_gradebook(course) as gradebook:
        for result in report.submissions:
            if result.status == "graded" and recipes[result.student].marks:
                mark_fully(gradebook, assignment, result.student)
    # A second run grades nothing again; it works late penalties out on the marks.
    return [
        _GradedRecipe(about[r.student], recipes[r.student], r)
        for r in grade(course, assignment, judges=judges).submissions
    ]


def _make_score(course: Course, graded: _GradedRecipe) -> DemoScore:
    recipe, result = graded.recipe, graded.result
    score = None
    waits = False
    if result.status == "graded":
        now = read_stored_result(course, recipe.assignment, result.student)
        score = (now.score or 0.0) - now.late_penalty
        waits = now.needs_manual
    notebook = course.autograded_notebook(result.student, recipe.assignment)
    page = course.feedback_page(result.student, recipe.assignment)
    texts = (f.read_text("utf-8") if f.exists() else "" for f in (notebook, page))
    returned = GradedSubmission(result, *texts)
    return DemoScore(
        student=result.student,
        about=graded.about,
        assignment=recipe.assignment,
        expected=recipe.expected,
        score=score,
        reason=result.reason,
        waits=waits,
        misses=find_misses(recipe, returned),
    )


def _write_files(course: Course, scores: list[DemoScore]) -> list[Path]:
    """Write scores.json and canvas.csv; the files worth a look."""
    document = [{**asdict(s), "as_expected": s.as_expected} for s in scores]
    table = course.root / "scores.json"
    table.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    template = course.root / "canvas_gradebook.csv"
    _write_canvas_export(course, template)
    grades = course.root / "canvas.csv"
    export_canvas(course, list(course.assignments), template, grades, force=True)
    pages = sorted(course.feedback.glob("*/*/*.html"))[:1]
    return [table, template, grades, *pages]


def _write_canvas_export(course: Course, path: Path) -> None:
    """A gradebook as an instructor exports it from Canvas, made up for the class."""
    titles = [
        f"{a.title} ({900 + n})" for n, a in enumerate(course.assignments.values())
    ]
    rows: list[list[Any]] = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *titles],
        ["    Points Possible", "", "", "", ""]
        + [f"{a.points:.2f}" for a in course.assignments.values()],
    ]
    with open_gradebook(course) as gradebook:
        for student in sorted(read_students(gradebook), key=lambda s: s.id):
            name = f"{student.last_name}, {student.first_name}"
            number = student.lms_user_id
            identity = [name, number, f"S{number}", student.id, "Section 1"]
            rows.append([*identity, *("" for _ in titles)])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
