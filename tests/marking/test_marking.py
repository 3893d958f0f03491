"""Marks by question: given, changed, taken away, and kept when it is graded again."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from nbgrader.api import Gradebook
from support.judges import grade_here
from support.marking_class import (
    FIRST,
    NAME,
    add_class,
    add_students,
    copy_class,
    hand_in,
    make_student,
)

from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.grade.stored_results import read_stored_result
from unrolled.marking import (
    AnswerBook,
    Mark,
    Marker,
    MarkingRefusedError,
    Rubric,
    RubricItem,
    find_question,
    read_progress,
)
from unrolled.marking.change import LEASE_SECONDS
from unrolled.marking.rubric import make_rubric


@pytest.fixture
def course(tmp_path: Path) -> Course:
    """Four students; the last two have answered `why` alike, but for blanks."""
    made = copy_class(tmp_path / "course")
    add_class(made, 2)
    for number, text in ((2, "Equal  answers."), (3, "Equal\nanswers. ")):
        answers = {"why": text, "where": f"x{number}", "when": f"y{number}"}
        add_students(made, {make_student(number): answers})
    return made


def open_marker(course: Course, who: str = "ta", question: str = "why") -> Marker:
    return Marker(
        course=course,
        assignment=NAME,
        question=find_question(course, NAME, question),
        book=AnswerBook(course, NAME),
        who=who,
    )


def mark_next(marker: Marker, mark: Mark) -> str:
    """Mark the next answer; its key."""
    key = marker.claim_next()
    assert key is not None
    marker.mark(key, mark, seen=get_state(marker, key))
    return key


def get_state(marker: Marker, key: str) -> str:
    group = marker.read().find(key)
    assert group is not None
    return group.state


def find_key(marker: Marker, student: str) -> str:
    return next(
        g.key for g in marker.read().groups if student in [m.student for m in g.members]
    )


def read_grade(
    course: Course, student: str, question: str = "why"
) -> tuple[float | None, bool, str | None]:
    """What nbgrader has, read by nbgrader: mark, waits, comment."""
    with Gradebook(course.db_url, course.id) as gradebook:
        grade = gradebook.find_grade(question, "tiny", NAME, student)
        comment = gradebook.find_comment(question, "tiny", NAME, student)
        return grade.manual_score, grade.needs_manual_grade, comment.manual_comment


def set_in_formgrader(
    course: Course, student: str, points: float, comment: str | None
) -> None:
    with Gradebook(course.db_url, course.id) as gradebook:
        grade = gradebook.find_grade("why", "tiny", NAME, student)
        grade.manual_score, grade.needs_manual_grade = points, False
        found = gradebook.find_comment("why", "tiny", NAME, student)
        found.manual_comment = comment
        gradebook.db.commit()


def test_the_scheme_is_the_first_rubric(course: Course) -> None:
    """Is each line an item, and each of its single points one as well?"""
    items = open_marker(course).read().rubric.items
    assert [(i.points, i.text, i.says) for i in items] == [
        (1.0, "the sum", ""),
        (1.0, "its being twice as much", ""),
        (3.0, "(proof) a `proof`", ""),
    ]
    question = find_question(course, NAME, "why")
    assert "Because" in question.model_answer and "points" in question.scheme


@pytest.mark.parametrize(
    ("scheme", "points"),
    [
        ("- 2 points: no (1 point), because of that", [2.0]),
        ("- 3 points: 1 for a; 1 for b", [3.0]),
        ("- 1.5 points: half a thing\n- 1 point: a thing", [1.5, 1.0]),
        ("words only", []),
        ("", []),
    ],
)
def test_what_cannot_be_taken_apart_stays_whole(
    scheme: str, points: list[float]
) -> None:
    """Does a line that does not add up stay one item, and prose none?"""
    assert [item.points for item in make_rubric(scheme).items] == points


def test_a_mark_is_nbgraders_own(course: Course) -> None:
    """Has nbgrader score and comment, is the answer done, and the sum right?"""
    marker = open_marker(course)
    key = mark_next(marker, Mark(items=(1, 3), adjust=-0.5, comment="Well told."))
    group = marker.read().find(key)
    assert group is not None and not group.waits and group.holder == ""
    for member in group.members:
        assert read_grade(course, member.student) == (3.5, False, "Well told.")
    result = read_stored_result(course, NAME, group.members[0].student)
    assert result.score == 90.5


def test_a_mark_has_its_bounds(course: Course) -> None:
    """Never more than the question has, never less than nothing?"""
    marker = open_marker(course)
    for adjust, score in ((9.0, 5.0), (-9.0, 0.0)):
        key = mark_next(marker, Mark(items=(1, 2), adjust=adjust))
        group = marker.read().find(key)
        assert group is not None
        assert {m.manual for m in group.members} == {score}


def test_equal_answers_are_marked_together(course: Course) -> None:
    """With one click, in both students' rows, and the others' left alone?"""
    marker = open_marker(course)
    key = find_key(marker, make_student(2))
    assert key == find_key(marker, make_student(3))
    marker.mark(key, Mark(items=(1,)), seen=get_state(marker, key))
    marks = [read_grade(course, make_student(n))[0] for n in range(4)]
    assert marks == [None, None, 1.0, 1.0]
    assert marker.read().marked == 2 and marker.read().total == 4


def test_nobody_is_given_what_another_holds(course: Course) -> None:
    """Three groups: does each of three get their own, and a fourth none?"""
    names = ("ann", "bob", "cyd", "dan")
    keys = [open_marker(course, who).claim_next() for who in names]
    assert keys[3] is None and len(set(keys)) == 4
    state = open_marker(course).read()
    assert sum(state.holders.values()) == 4
    open_marker(course, "bob").release()
    assert open_marker(course, "dan").claim_next() == keys[1]


def test_a_claim_ends(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who went home holds up nobody?"""
    keys = {open_marker(course, who).claim_next() for who in ("ann", "bob", "cyd")}
    now = time.time() + LEASE_SECONDS + 1
    monkeypatch.setattr("time.time", lambda: now)
    assert open_marker(course, "dan").claim_next() in keys


def test_skipping_goes_on_behind_it(course: Course) -> None:
    """Round and round, each answer once, and the skipped ones are free again?"""
    marker = open_marker(course)
    keys, key = [], ""
    for _ in range(3):
        found = marker.claim_next(after=key)
        assert found is not None
        keys.append(key := found)
    assert len(set(keys)) == 3 and marker.claim_next(after=key) == keys[0]
    assert len(marker.read().holders) == 1


class TestNothingIsWrittenOver:
    """A mark that its marker did not see stays."""

    def test_by_another_marker(self, course: Course) -> None:
        """Of two who opened one answer, does the second hear of the first?"""
        ann, bob = open_marker(course, "ann"), open_marker(course, "bob")
        key = find_key(ann, FIRST)
        seen = get_state(ann, key)
        ann.mark(key, Mark(items=(1,)), seen=seen)
        with pytest.raises(MarkingRefusedError, match="meanwhile, by ann"):
            bob.mark(key, Mark(), seen=seen)
        assert read_grade(course, FIRST)[0] == 1.0
        bob.mark(key, Mark(items=(3,)), seen=get_state(bob, key))  # who has seen it may
        assert read_grade(course, FIRST)[0] == 3.0

    def test_while_another_holds_it(self, course: Course) -> None:
        """Is it theirs until they are done?"""
        key = open_marker(course, "ann").claim_next()
        bob = open_marker(course, "bob")
        assert key is not None
        with pytest.raises(MarkingRefusedError, match="ann is marking"):
            bob.mark(key, Mark(), seen=get_state(bob, key))
        assert bob.read().marked == 0

    def test_by_formgrader(self, course: Course) -> None:
        """Not by who opened it before?"""
        marker = open_marker(course)
        key = find_key(marker, FIRST)
        seen = get_state(marker, key)
        set_in_formgrader(course, FIRST, 4.0, "By hand.")
        with pytest.raises(MarkingRefusedError, match="formgrader"):
            marker.mark(key, Mark(), seen=seen)
        assert read_grade(course, FIRST) == (4.0, False, "By hand.")

    def test_in_formgrader_for_one_of_two_equal_answers(self, course: Course) -> None:
        """Does only the one that waits get the new mark?"""
        set_in_formgrader(course, make_student(2), 4.0, None)
        marker = open_marker(course)
        key = find_key(marker, make_student(2))
        marker.mark(key, Mark(items=(1,)), seen=get_state(marker, key))
        assert read_grade(course, make_student(2))[0] == 4.0
        assert read_grade(course, make_student(3))[0] == 1.0

    def test_on_an_answer_that_has_changed(self, course: Course) -> None:
        """Handed in anew and graded while somebody read the old one?"""
        marker = open_marker(course)
        key = find_key(marker, FIRST)
        seen = get_state(marker, key)
        hand_in(course, FIRST, {"why": "Something else."})
        grade_here(course, NAME, [FIRST])
        with pytest.raises(MarkingRefusedError, match="graded again"):
            marker.mark(key, Mark(items=(1,)), seen=seen)
        assert read_grade(course, FIRST)[:2] == (None, True)


def test_a_mark_is_taken_away(course: Course) -> None:
    """Does the answer wait again, without a comment?"""
    marker = open_marker(course)
    key = mark_next(marker, Mark(items=(1,), comment="No."))
    marker.mark(key, None, seen=get_state(marker, key))
    group = marker.read().find(key)
    assert group is not None and group.waits
    assert read_grade(course, group.members[0].student) == (None, True, None)


def test_grading_again_keeps_marks(course: Course) -> None:
    """`grade --force`: the same work keeps its mark, other work waits to be seen?"""
    marker = open_marker(course)
    hand_in(course, FIRST, {"why": f"why, says {FIRST}", "where": "a", "when": "b"})
    key = find_key(marker, FIRST)
    marker.mark(key, Mark(items=(1, 2), comment="So."), seen=get_state(marker, key))
    grade_here(course, NAME, [FIRST], force=True)
    assert read_grade(course, FIRST) == (2.0, False, "So.")
    group = marker.read().find(key)
    assert group is not None and group.record and group.record.mark.items == (1, 2)
    hand_in(course, FIRST, {"why": "New."})
    grade_here(course, NAME, [FIRST], force=True)
    assert read_grade(course, FIRST) == (2.0, True, "So.")
    assert marker.read().marked == 0


def test_the_late_penalty_follows(rich_course: Course) -> None:
    """A mark on late work: is the penalty that of the new sum?"""
    marker = Marker(
        course=rich_course,
        assignment=NAME,
        question=find_question(rich_course, NAME, "why"),
        book=AnswerBook(rich_course, NAME),
        who="ta",
    )
    before = read_stored_result(rich_course, NAME, "zoë")
    key = find_key(marker, "zoë")
    marker.mark(key, Mark(adjust=40.0), seen=get_state(marker, key))
    after = read_stored_result(rich_course, NAME, "zoë")
    assert before.score is not None and after.score == before.score + 40
    assert after.late_penalty == pytest.approx(after.score * 0.15)


class TestARubricChanges:
    """With it all marks that were made of it."""

    def change(self, marker: Marker) -> Rubric:
        """The second item costs half a point and says so; the third is gone."""
        rubric = marker.read().rubric
        first, second, _ = rubric.items
        second = replace(second, points=0.5, says="Twice as much: half a point.")
        return replace(
            rubric, items=(first, second, RubricItem(id=4, text="New", points=2))
        )

    def test_all_marks_follow(self, course: Course) -> None:
        """Score and comment, as the preview has said, and penalties as well?"""
        marker = open_marker(course)
        for items in ((1, 2), (3,), (1,)):
            mark_next(marker, Mark(items=items, comment="Hm."))
        before = {m.student: m.manual for m in marker.read().members}
        plan = marker.plan_rubric(self.change(marker))
        assert {m.student: m.manual for m in marker.read().members} == before
        done = marker.apply_rubric(self.change(marker))
        assert done.changes == plan.changes and done.left == 0 and plan.changes
        after = {m.student: m.manual for m in marker.read().members}
        expected = {2.0: 1.5, 3.0: 0.0, 1.0: 1.0}
        assert after == {s: expected[p] for s, p in before.items() if p is not None}
        assert {c.student: (c.before, c.after) for c in plan.changes} == {
            s: (p, expected[p]) for s, p in before.items() if p in (2.0, 3.0)
        }
        for student, points in before.items():
            text = "- Twice as much: half a point.\n\nHm." if points == 2.0 else "Hm."
            assert read_grade(course, student) == (expected[points or 0], False, text)

    def test_marks_of_formgrader_stay(self, course: Course) -> None:
        """One that was changed there since, and one that was given there?"""
        marker = open_marker(course)
        key = find_key(marker, FIRST)
        marker.mark(key, Mark(items=(2,)), seen=get_state(marker, key))
        set_in_formgrader(course, FIRST, 4.5, "Mine.")
        set_in_formgrader(course, make_student(1), 1.0, None)
        done = marker.apply_rubric(self.change(marker))
        assert done.changes == () and done.left == 1
        assert read_grade(course, FIRST) == (4.5, False, "Mine.")
        assert read_grade(course, make_student(1))[0] == 1.0

    def test_not_over_anothers_change(self, course: Course) -> None:
        """Of two who change one version, does the second see the first?"""
        ann, bob = open_marker(course, "ann"), open_marker(course, "bob")
        rubric = bob.read().rubric
        ann.apply_rubric(self.change(ann))
        with pytest.raises(MarkingRefusedError, match="rubric"):
            bob.apply_rubric(rubric)
        assert [i.id for i in bob.read().rubric.items] == [1, 2, 4]

    def test_not_with_an_item_that_is_gone(self, course: Course) -> None:
        """Does who had it on the screen hear of it?"""
        marker = open_marker(course)
        key = marker.claim_next()
        assert key is not None
        marker.apply_rubric(self.change(marker))
        with pytest.raises(MarkingRefusedError, match="no longer in the rubric"):
            marker.mark(key, Mark(items=(3,)), seen=get_state(marker, key))
        assert marker.read().marked == 0

    @pytest.mark.parametrize(
        "item",
        [
            RubricItem(id=1, text=" ", points=1),
            RubricItem(id=1, text="x", points=float("nan")),
            RubricItem(id=1, text="x" * 3000, points=1),
            RubricItem(id=2, text="x", points=1),
        ],
    )
    def test_nonsense_is_refused(self, course: Course, item: RubricItem) -> None:
        """In words, before anything is written?"""
        marker = open_marker(course)
        other = RubricItem(id=2, text="y", points=1)
        with pytest.raises(UserError, match="rubric"):
            marker.apply_rubric(Rubric(items=(item, other)))
        assert len(marker.read().rubric.items) == 3


def test_progress_by_question(course: Course) -> None:
    """How many are marked, of how many, and who is at it?"""
    marker = open_marker(course, "ann", "where")
    mark_next(marker, Mark(items=(1,)))
    open_marker(course, "bob", "where").claim_next()
    found = {p.question.name: p for p in read_progress(course, NAME)}
    assert [(p.marked, p.total) for p in found.values()] == [(0, 4), (1, 4), (0, 4)]
    assert found["where"].holders == {"bob": 1} and found["why"].holders == {}


def test_an_empty_answer_needs_no_marker(course: Course) -> None:
    """It has 0 already: is it counted apart?"""
    hand_in(course, FIRST, {"why": "Yes.", "where": "Here."})
    grade_here(course, NAME, [FIRST])
    state = open_marker(course, "ann", "when").read()
    assert (state.total, state.empty) == (3, 1)


def test_a_lost_notebook_is_an_answer_nobody_can_read(course: Course) -> None:
    """Neither an error, nor equal to another lost one?"""
    for student in (FIRST, make_student(1)):
        course.autograded_notebook(student, NAME).unlink()
    groups = [g for g in open_marker(course).read().groups if not g.cells]
    assert [len(group.members) for group in groups] == [1, 1]


def test_comments_are_kept_for_the_next(course: Course) -> None:
    """The most frequent first?"""
    marker = open_marker(course)
    for comment in ("Rare.", "Often.", "Often."):
        mark_next(marker, Mark(comment=comment))
    often = marker.read().comments
    assert set(often) == {"Rare.", "Often."}


def test_a_question_that_is_not_there(course: Course) -> None:
    """Is it said which there are?"""
    with pytest.raises(UserError, match="no written question double: why, where, when"):
        find_question(course, NAME, "double")
