"""The model of Canvas's importer: each test is named after a rule it must know."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from unrolled.canvas.grades_csv.import_model import (
    CanvasAssignment,
    CanvasState,
    CanvasStudent,
    simulate_import,
)
from unrolled.canvas.grades_csv.import_parser import ImportRefusedError


def student(number: str, name: str, sis_id: str, login: str) -> CanvasStudent:
    """A student with the name in both orders."""
    first, last = name.split()
    return CanvasStudent(
        id=number,
        name=name,
        sortable_name=f"{last}, {first}",
        sis_id=sis_id,
        login=login,
    )


STATE = CanvasState(
    students=[student("1", "Ada L", "S1", "ada"), student("2", "Bob M", "S2", "bob")],
    assignments=[
        CanvasAssignment("7", "Lab", 50.0),
        CanvasAssignment("8", "Lab (2)", 10.0),
    ],
    scores={("2", "7"): 30.0},
)
HEAD = "Student,ID,SIS User ID,SIS Login ID,Section"


def effects(
    *rows: str, header: str = f"{HEAD},Lab (7)", state: CanvasState = STATE
) -> list[tuple[Any, ...]]:
    """(student, assignment, effect, score) of each cell."""
    data = "\n".join([header, *rows, ""]).encode()
    found = simulate_import(data, state).effects
    return [(e.student, e.assignment, e.effect, e.score) for e in found]


def ada(cell: str) -> tuple[Any, ...]:
    """The effect of a cell in Ada's row; she has no grade yet."""
    (found,) = effects(f"x,1,,,S,{cell}")
    return found[2:]


def test_section_is_mandatory() -> None:
    """Is a header without Section refused?"""
    with pytest.raises(ImportRefusedError):
        effects("x,1,,,5", header="Student,ID,SIS User ID,SIS Login ID,Lab (7)")


def test_sis_user_id_without_login_is_an_invalid_header() -> None:
    """Is `Student,ID,SIS User ID,Section` refused?"""
    with pytest.raises(ImportRefusedError):
        effects("x,1,,S,5", header="Student,ID,SIS User ID,Section,Lab (7)")


def test_sis_number_in_the_second_column_is_read_as_a_canvas_id() -> None:
    """Does `Student,SIS User ID,...` grade whoever has that Canvas id?"""
    (found,) = effects("x,1,S,5", header="Student,SIS User ID,Section,Lab (7)")
    assert found == ("1", "7", "scored", 5.0)


def test_at_least_four_columns() -> None:
    """Is a narrow file refused?"""
    with pytest.raises(ImportRefusedError):
        effects("x,1,S", header="Student,ID,Section")


def test_a_trailing_comma_makes_a_nameless_assignment() -> None:
    """Does an empty header become a new column?"""
    found = effects("x,1,,,S,5,", header=f"{HEAD},Lab (7),")
    assert found[1][1] == "new: "


def test_dropped_titles_are_not_anchored() -> None:
    """Is "Final Points quiz" dropped silently?"""
    assert effects("x,1,,,S,5", header=f"{HEAD},Final Points quiz") == []


@pytest.mark.parametrize("kind", ["Integration ID", "Root Account", "both"])
def test_integration_id_and_root_account_may_stand_before_section(kind: str) -> None:
    """Are they identity, and what follows Section the assignments?"""
    more = {"both": "Integration ID,Root Account"}.get(kind, kind)
    header = HEAD.replace("Section", f"{more},Section,Lab (7)")
    row = f"x,1,,,{'i,' * more.count(',')}i,S,5"
    assert effects(row, header=header) == [("1", "7", "scored", 5.0)]


def test_custom_columns_stand_between_section_and_assignments() -> None:
    """Is a column of notes no assignment, if the course has it?"""
    state = replace(STATE, scores={}, custom=["Notes"])
    header = f"{HEAD},Notes,Lab (7)"
    assert effects("x,1,,,S,hm,5", header=header, state=state) == [
        ("1", "7", "scored", 5.0)
    ]
    assert effects("x,1,,,S,hm,5", header=header)[0][1] == "new: Notes"


@pytest.mark.parametrize("first", ["Current", "Final", "Override"])
@pytest.mark.parametrize("second", ["Score", "Points", "Grade", "Status"])
def test_titles_of_canvas_s_own_totals_are_dropped(first: str, second: str) -> None:
    """Which ones, and which pairs are no totals?"""
    totals = (first, second) not in (
        ("Current", "Status"),
        ("Final", "Status"),
        ("Override", "Points"),
    )
    found = effects("x,1,,,S,5", header=f"{HEAD},My {first} {second}s")
    assert (found == []) is totals


def test_points_possible_row_and_read_only() -> None:
    """Is the row skipped, and a read-only column switched off?"""
    row = "    Points Possible,,,,,(read only)"
    assert effects(row, "x,1,,,S,5") == []


def test_manual_posting_row_is_skipped() -> None:
    """Is the row of posting policies no student?"""
    assert len(effects(",,,,,Manual Posting", "x,1,,,S,5")) == 1


def test_one_unresolved_row_switches_the_weeding_off() -> None:
    """Is then even a read-only column written?"""
    row = "    Points Possible,,,,,(read only)"
    found = effects(row, "x,1,,,S,5", "nobody,99,,,S,5")
    assert found[0] == ("1", "7", "scored", 5.0) and found[1][2] == "ignored"


def test_what_the_file_leaves_out_stays_untouched() -> None:
    """Are other students and assignments in no effect?"""
    assert [e[:2] for e in effects("x,1,,,S,5")] == [("1", "7")]


def test_concluded_enrolments_are_dropped() -> None:
    """Does a student who has left get nothing?"""
    gone = CanvasStudent(id="1", name="Ada L", active=False)
    state = replace(STATE, students=[gone], scores={})
    assert effects("x,1,,,S,5", state=state)[0][2] == "ignored"


def test_unpublished_assignments_are_not_found() -> None:
    """Does even the right id make a new assignment then?"""
    draft = CanvasAssignment("7", "Lab", 50.0, published=False)
    state = replace(STATE, assignments=[draft], scores={})
    assert effects("x,1,,,S,5", state=state)[0][1] == "new: Lab"


def test_duplicate_headers_both_resolve_to_the_first() -> None:
    """Is the second column's cell never read?"""
    found = effects("x,1,,,S,5,9", header=f"{HEAD},Lab (7),Lab (7)")
    assert found == [("1", "7", "scored", 5.0)] * 2


def test_a_dash_over_a_grade_is_no_grade() -> None:
    """Does `-` take a grade away?"""
    assert effects("x,2,,,S,-")[0][2] == "cleared"


def test_more_than_the_points_possible_is_allowed() -> None:
    """Are 60 of 50 points 60?"""
    assert ada("60.00") == ("scored", 60.0)


def test_assignment_by_id_then_whole_title_then_new() -> None:
    """Do ids win over titles, and do other titles make new assignments?"""
    for header, wanted in (
        ("Other (7)", "7"),
        ("Lab (2)", "8"),
        ("lab", "new: lab"),
        ("Test (99)", "new: Test"),
    ):
        (found,) = effects("x,1,,,S,5", header=f"{HEAD},{header}")
        assert found[1] == wanted


@pytest.mark.parametrize(
    ("row", "student"),
    [
        ("x,1 whatever,,,S,5", "1"),
        ("x,,S2,,S,5", "2"),
        ("x,,,bob,S,5", "2"),
        ('"L, Ada",,,,S,5', "1"),
        ("x,9,S2,,S,5", "2"),
        ("nobody,,,,S,5", None),
    ],
)
def test_students_by_id_sis_id_login_name(row: str, student: str | None) -> None:
    """In which order are students found?"""
    assert effects(row)[0][0] == student


def test_a_blank_over_a_grade_clears_it_when_another_cell_changes() -> None:
    """Is a blank a deletion, beside a change and, to be safe, alone as well?"""
    assert effects("x,2,,,S,") == [("2", "7", "cleared", None)]
    assert effects("x,2,,,S,", "x,1,,,S,5")[0] == ("2", "7", "cleared", None)


@pytest.mark.parametrize(
    ("cell", "effect"),
    [
        ("", ("nothing", None)),
        ("-", ("nothing", None)),
        ("ex", ("excused", None)),
        ("85%", ("scored", 42.5)),
        ("1e-05", ("nothing", None)),
        ("nan", ("nothing", None)),
        ("inf", ("nothing", None)),
        ('"1,000"', ("scored", 1.0)),
        ("60.00", ("scored", 60.0)),
        ("+5", ("scored", 5.0)),
    ],
)
def test_values(cell: str, effect: tuple[Any, ...]) -> None:
    """What does Canvas read in a cell?"""
    assert ada(cell) == effect


def test_scores_are_compared_at_two_decimals() -> None:
    """Is 30.001 no change over 30?"""
    assert effects("x,2,,,S,30.001")[0][2] == "nothing"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_the_separator_is_sniffed_and_a_bom_is_taken(
    mark: bytes, separator: str
) -> None:
    """Are semicolons found out by the first three lines, whatever names hold?"""
    rows = ['"L; M; N; O; P; Q; R",1,,,S,"4,5"', "x,2,,,S,30.00"]
    lines = [f"{HEAD},Lab (7)", *rows, ""]
    if separator == ";":
        lines = [line.replace(",", ";") for line in lines]
    data = mark + "\n".join(lines).replace("4;5", "4,5").encode()
    (first, second) = simulate_import(data, STATE).effects
    assert (first.score, second.effect) == (4.5, "nothing")


@pytest.mark.parametrize(
    "data",
    [
        "Student,ID,Section,é".encode("latin-1"),
        b'\xef\xbb\xbf"Student",ID,Section,Lab\n',
        b"Student,ID,Section,Lab\r\nx,1,S,5\n",
        b"Student,ID,Section,Lab\nx,1,S\n",
    ],
)
def test_bytes_that_make_the_import_fail(data: bytes) -> None:
    """Are Latin-1, a BOM with quotes, mixed line ends and ragged lines refused?"""
    with pytest.raises(ImportRefusedError):
        simulate_import(data, STATE)


@pytest.mark.parametrize(
    "row",
    [
        ",,,,,Muted",
        ",,,,,Manual Posting (scores hidden from instructors)",
        ",,,,,manual posting",
        ",,,,,",
        ";; ,",
        "",
        '" ",,,,,""',
    ],
)
def test_rows_of_posting_policies_and_blanks_are_skipped(row: str) -> None:
    """Is none of them a student who is not found, which would end the weeding?"""
    closed = "    Points Possible,,,,,(read only)"
    assert effects("x,1,,,S,5", row, closed) == []


@pytest.mark.parametrize("points", ["", '""', "10", "10.00", "(read  only)"])
def test_the_row_of_points_changes_no_assignment_that_is_there(points: str) -> None:
    """Is 50 % of Canvas's own 50 points 25, whatever the row says?"""
    found = effects(f"    Points Possible,,,,,{points}", "x,1,,,S,50%")
    assert found == ([] if "only" in points else [("1", "7", "scored", 25.0)])


@pytest.mark.parametrize("login", [" bob", "BOB", "bob ", "b\u00f6b"])
def test_logins_are_compared_as_they_are(login: str) -> None:
    """Is a login with another case or a blank nobody's?"""
    assert effects(f"x,,,{login},S,5")[0][0] is None


@pytest.mark.parametrize(
    ("number", "student"),
    [
        ("1", "1"),
        ("+1", "1"),
        ("1.9", "1"),
        ('"1,9"', "1"),
        ("1_0", None),
        ("-1", None),
        ("\u0661", None),
        ("\u00a01", None),
        ("a1", None),
    ],
)
def test_an_id_is_what_ruby_reads_at_its_begin(number: str, student: str) -> None:
    """Which cells are student 1?"""
    assert effects(f"x,{number},,,S,5")[0][0] == student


@pytest.mark.parametrize(
    ("title", "assignment"),
    [
        ("Lab (\u0667)", "new: Lab (\u0667)"),
        ("Lab\u00a0(7)", "new: Lab\u00a0(7)"),
        ("Lab(7)", "new: Lab(7)"),
        ("Lab (7) ", "new: Lab (7) "),
        ("Lab  (7)", "7"),
        ("Lab\t(7)", "7"),
        ("\u00a0 (007)", "7"),
    ],
)
def test_the_id_at_the_end_of_a_title_is_in_ascii(title: str, assignment: str) -> None:
    """Which headers name assignment 7?"""
    assert effects("x,1,,,S,5", header=f"{HEAD},{title}")[0][1] == assignment


def test_two_headers_of_one_id_are_read_from_the_later() -> None:
    """Is the first one's cell never read, and the later one's counted for both?"""
    found = effects("x,1,,,S,5,9", header=f"{HEAD},Lab (7),Labor (007)")
    assert found == [("1", "7", "scored", 9.0)] * 2


def test_two_rows_of_one_student_are_read_from_the_later() -> None:
    """Is the first one's cell never read?"""
    assert effects("x,1,,,S,5", "x,,S1,,S,9") == [("1", "7", "scored", 9.0)] * 2


def test_two_new_columns_of_one_title_are_two_assignments() -> None:
    """Does each keep its own cells?"""
    found = effects("x,1,,,S,5,9", header=f"{HEAD},Quiz (98),Quiz (99)")
    assert [e[1:] for e in found] == [
        ("new: Quiz", "scored", 5.0),
        ("new: Quiz", "scored", 9.0),
    ]


@pytest.mark.parametrize(
    ("cell", "score"),
    [
        ("complete", 50.0),
        ("pass", 50.0),
        ("incomplete", 0.0),
        ("fail", 0.0),
        ('"see below\n7"', 0.0),
        ('"7\nsee above"', 7.0),
        ("7.5.5", 75.5),
        ('"7,"', 7.0),
        (".5", 0.5),
        ("-3", -3.0),
        ("+10%", 5.0),
    ],
)
def test_what_else_is_a_grade(cell: str, score: float) -> None:
    """Words, cells of several lines, numbers of an odd look?"""
    assert ada(cell) == ("scored", score)


def test_whom_an_assignment_is_not_assigned_to() -> None:
    """Is the cell ignored, also over a grade?"""
    state = replace(
        STATE,
        scores={("1", "7"): 30.0},
        unassigned={("1", "7")},
    )
    assert effects("x,1,,,S,", state=state)[0][2] == "ignored"


@pytest.mark.parametrize("both", [True, False])
def test_an_equal_name_sign_of_the_exporter_is_kept(both: bool) -> None:
    """Is `="=x"` a name like any other, and the id what counts?"""
    number = "1" if both else ""
    found = effects(f'"=""=x""",{number},,,S,5')
    assert found[0][0] == ("1" if both else None)
