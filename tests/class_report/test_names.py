"""Does a report that is shown in class tell no names?"""

from __future__ import annotations

import json

from support.class_work import CELLS, failed, make_material, make_work

from unrolled.class_report.mistakes import find_mistakes
from unrolled.class_report.model import (
    ClassReport,
    StudentLine,
    TermReport,
    TermStudent,
)
from unrolled.class_report.names import hide_names, hide_term_names, remove_comments
from unrolled.class_report.pages import render_csv, render_page, render_term_page
from unrolled.class_report.statistics import compute_questions

NAMES = ("ada", "bob", "zoe")
CODE = 'def double(x):  # by {0}\n    # {0} wrote "this"\n    return "#1" * x\n'


def make_report() -> ClassReport:
    works = {
        n: make_work(
            n, small=failed("double_small", "no"), large=1, code=CODE.format(n)
        )
        for n in NAMES
    }
    known, unknown = find_mistakes(make_material(), works, {})
    lines = [
        StudentLine(
            student=n,
            name=f"{n.title()} Lovelace",
            state="graded",
            score=25.0,
            handed_in="Fri 5 Feb 2027",
            reason=f"submitted/{n}/x was odd",
        )
        for n in NAMES
    ]
    return ClassReport(
        assignment="01_tiny",
        title="Tiny",
        course="A course",
        made="today",
        distribution=None,
        questions=compute_questions(CELLS, {}, list(works.values())),
        mistakes=known,
        unexplained=unknown,
        students=tuple(lines),
    )


def test_no_name_is_left() -> None:
    """Neither in the page, nor in the table, nor in JSON, nor in code?"""
    report = make_report()
    assert "Lovelace" in render_page(report)
    hidden = hide_names(report)
    shown = [render_page(hidden), render_csv(hidden), json.dumps(hidden.as_dict())]
    for text in shown:
        low = text.lower().replace("lambda", "")
        assert not [n for n in (*NAMES, "lovelace", "odd") if n in low]
    assert hidden.nameless and not report.nameless
    assert {s.student for s in hidden.students} == {
        *(f"Student {n}" for n in (1, 2, 3))
    }
    (mistake,) = hidden.unexplained
    assert set(mistake.students) == {s.student for s in hidden.students}
    assert mistake.samples[0].code.startswith("def double(x):\n")


def test_numbers_do_not_follow_the_alphabet() -> None:
    """Over many students, is the order another one, and the same each time?"""
    lines = tuple(
        StudentLine(student=f"s{n:03}", name=f"s{n:03}", state="missing")
        for n in range(50)
    )
    report = ClassReport(
        **{**vars(make_report()), "students": lines, "mistakes": (), "unexplained": ()}
    )
    marked = [
        ClassReport(
            **{
                **vars(report),
                "students": tuple(
                    StudentLine(
                        student=s.student, name="", state="missing", days_late=n
                    )
                    for n, s in enumerate(lines)
                ),
            }
        )
        for _ in range(2)
    ]
    first, again = (hide_names(r) for r in marked)
    assert first == again
    order = [s.days_late for s in first.students]
    assert sorted(order) == list(range(50)) and order != list(range(50))


def test_the_term_without_names() -> None:
    """And its page?"""
    term = TermReport(
        course="A course",
        made="today",
        assignments=(),
        students=(
            TermStudent(student="ada", name="Ada L", shares=(), mean=None, behind="x"),
        ),
    )
    page = render_term_page(hide_term_names(term))
    assert "Ada" not in page and "Student 1" in page


def test_comments_go_and_strings_stay() -> None:
    """Also in code that is no Python, of which one cannot tell what is a comment?"""
    assert remove_comments(CODE.format("ada")) == (
        'def double(x):\n\n    return "#1" * x\n'
    )
    assert remove_comments("def f(:\n  '''never closed # ada") == ""
    assert remove_comments("x = 1  # no newline at the end") == "x = 1\n"
