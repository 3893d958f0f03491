"""Any roster, any present grades, any results: the file that we write is right."""

from __future__ import annotations

import csv
import io
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unrolled.canvas.grades_csv.exported_csv import CanvasGradebook, read_exported_csv
from unrolled.canvas.grades_csv.import_model import (
    CanvasAssignment,
    CanvasState,
    CanvasStudent,
    simulate_import,
)
from unrolled.canvas.grades_csv.plan import ExportOptions, ExportPlan, plan_export
from unrolled.canvas.grades_csv.verify import refuse_surprises
from unrolled.canvas.records import ExportedAssignment, Grade, Student

HEAD = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
COLUMNS = ["Notes", "Lab, the 1st (7)", "Essay (8)", "Lab (2) (9)", "Final Score"]
POINTS = ["    Points Possible", *[""] * 5, "100.00", "20.00", "50.00", "(read only)"]
OURS = [
    ExportedAssignment("01_a", "Lab, the 1st", 100.0),
    ExportedAssignment("02_b", "Lab (2)", 50.0),
]
CANVAS = {"01_a": "7", "02_b": "9"}
HARD = [
    *('="x"', "=1+1", 'a,"b"', "O'Neil; Pat", "李, 小龍", "כהן, נועה", "أحمد"),
    *("1,5", "12", "-", "EX", "@sum", "\u202eevil", "a\nb", "a\rb", " spaced "),
    *('"', "#", ";;;;;;;;", "Points Possible, Pat", "Manual Posting", "é" * 40),
    *("Student", "Section"),
]
NAMES = st.sampled_from(HARD) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12
)
PRESENT = st.sampled_from(["", "EX", "-", "0.00"]) | st.floats(0, 1200).map(
    "{:.2f}".format
)
RESULT = st.builds(
    Grade,
    st.none()
    | st.floats(0, 130, allow_nan=False)
    | st.sampled_from([0.0, 0.005, 1e-7, 99.995, 1234.5, math.nan, math.inf]),
    st.booleans(),
)


@dataclass(frozen=True)
class Kind:
    """What a student may be like; a class is made of some of these."""

    name: str
    present: tuple[str, str]
    results: tuple[Grade, Grade]
    known_by: str


KINDS = st.builds(
    Kind,
    NAMES,
    st.tuples(PRESENT, PRESENT),
    st.tuples(RESULT, RESULT),
    st.sampled_from(["canvas id", "login", "sis id", "nobody"]),
)


@dataclass(frozen=True)
class Case:
    """A class, how Canvas writes its export, and whether lowering is allowed."""

    students: list[Kind]
    european: bool
    lower: bool

    def export(self, path: Path) -> CanvasGradebook:
        """Canvas's export of this class."""
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";" if self.european else ",")
        rows = [self._row(n, k) for n, k in enumerate(self.students, 1)]
        writer.writerows([HEAD + COLUMNS, POINTS, *rows])
        mark = b"\xef\xbb\xbf" if self.european else b""
        path.write_bytes(mark + text.getvalue().encode())
        return read_exported_csv(path)

    def _row(self, number: int, kind: Kind) -> list[str]:
        first, second = (
            p.replace(".", ",") if self.european else p for p in kind.present
        )
        identity = [kind.name, str(number), f"S{number}", f"p{number}", "A"]
        return [*identity, "a note", first, "5.00", second, "77.00"]

    def pupils(self) -> list[Student]:
        """The gradebook's students, each known in its own way."""
        return [
            Student(
                name=f"p{n}" if k.known_by == "login" else f"user{n}",
                canvas_id=str(n) if k.known_by == "canvas id" else "",
                sis_id=f"S{n}" if k.known_by == "sis id" else "",
            )
            for n, k in enumerate(self.students, 1)
            if k.known_by != "nobody"
        ]

    def results(self) -> Mapping[tuple[str, str], Grade]:
        """What the gradebook has."""
        return {
            (f"p{n}" if k.known_by == "login" else f"user{n}", a.name): grade
            for n, k in enumerate(self.students, 1)
            for a, grade in zip(OURS, k.results, strict=True)
            if k.known_by != "nobody"
        }

    def canvas(self) -> CanvasState:
        """What Canvas has, told by the case itself, not by our reader."""
        people = [
            CanvasStudent(
                id=str(n),
                name=k.name,
                sortable_name=k.name,
                sis_id=f"S{n}",
                login=f"p{n}",
            )
            for n, k in enumerate(self.students, 1)
        ]
        works = [
            CanvasAssignment("7", "Lab, the 1st", 100.0),
            CanvasAssignment("8", "Essay", 20.0),
            CanvasAssignment("9", "Lab (2)", 50.0),
        ]
        scores: dict[tuple[str, str], float | str] = {}
        for number, kind in enumerate(self.students, 1):
            scores[str(number), "8"] = 5.0
            for canvas_id, text in zip(("7", "9"), kind.present, strict=True):
                if text not in ("", "-"):
                    score = "EX" if text == "EX" else float(text)
                    scores[str(number), canvas_id] = score
        return CanvasState(
            students=people,
            assignments=works,
            scores=scores,  # type: ignore[arg-type]
            custom=["Notes"],
        )

    def expected(self) -> Mapping[tuple[str, str], float | str]:
        """What Canvas shall have in the end."""
        wanted: dict[tuple[str, str], float | str] = dict(self.canvas().scores)
        for number, kind in enumerate(self.students, 1):
            for assignment, grade in zip(OURS, kind.results, strict=True):
                key = (str(number), CANVAS[assignment.name])
                if self._goes(kind, wanted.get(key), grade):
                    wanted[key] = round(grade.points or 0.0, 2)
        return wanted

    def _goes(self, kind: Kind, old: float | str | None, grade: Grade) -> bool:
        if kind.known_by == "nobody" or set(kind.name) & set("\r\n"):
            return False
        if "Points Possible" in kind.name or old == "EX":
            return False
        if grade.waits or grade.points is None or not math.isfinite(grade.points):
            return False
        lowers = isinstance(old, float) and round(grade.points, 2) < old
        return self.lower or not lowers


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Up to twelve students, or five hundred made of a dozen kinds."""
    kinds = draw(st.lists(KINDS, min_size=1, max_size=12))
    if draw(st.integers(0, 3)) == 0:
        rng = random.Random(draw(st.integers(0, 1000)))
        kinds = rng.choices(kinds, k=500)
    return Case(kinds, draw(st.booleans()), draw(st.booleans()))


def imported(data: bytes, state: CanvasState) -> CanvasState:
    """Canvas after the import of a file that only scores or does nothing."""
    scores = dict(state.scores)
    for effect in simulate_import(data, state).effects:
        assert effect.effect in ("nothing", "scored"), effect
        assert not effect.assignment.startswith("new: "), effect
        if effect.effect == "scored":
            assert effect.student is not None and effect.score is not None
            scores[effect.student, effect.assignment] = effect.score
    return replace(state, scores=scores)


def plan_of(case: Case, template: CanvasGradebook) -> ExportPlan:
    """Our plan, proved as `export` proves it."""
    plan = plan_export(
        template,
        case.pupils(),
        OURS,
        case.results(),
        options=ExportOptions(allow_lower=case.lower),
    )
    refuse_surprises(plan.to_csv(), plan, template)
    return plan


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(cases())
def test_any_class_arrives_right(tmp_path: Path, case: Case) -> None:
    """Has every student the right score, none cleared, lowered, mismatched or created;
    is a second import no change, and a second export too?"""
    path = tmp_path / "export.csv"
    template = case.export(path)
    plan = plan_of(case, template)
    before = case.canvas()
    after = imported(plan.to_csv(), before)
    assert after.scores == case.expected()
    again = simulate_import(plan.to_csv(), after).effects
    assert all(e.effect == "nothing" for e in again)
    lasting = {r.identity for r in template.rows}
    width = len(template.identity)
    start = 1 if template.points_row else 0
    assert all(row[:width] in lasting for row in plan.rows[start:])
    moved = [k for k, v in after.scores.items() if before.scores.get(k) != v]
    assert len(plan.changed) == len(moved)


@pytest.mark.parametrize("name", HARD)
def test_each_hard_name_among_five_hundred(tmp_path: Path, name: str) -> None:
    """Does one odd name spoil nobody's grade, its own neither?"""
    kinds = [Kind("A, B", ("", "1.00"), (Grade(50), Grade(40)), "canvas id")] * 500
    kinds[0] = Kind(name, ("10.00", ""), (Grade(60), Grade(30)), "login")
    case = Case(kinds, False, False)
    plan = plan_of(case, case.export(tmp_path / "export.csv"))
    assert imported(plan.to_csv(), case.canvas()).scores == case.expected()
