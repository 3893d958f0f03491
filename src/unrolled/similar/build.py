"""Builds the report: reads, compares, and keeps the pairs that are most alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np

from unrolled.assignment import Material, load_material, read_sources
from unrolled.assignment.catalogue import read_right_solutions, read_wrong_solutions
from unrolled.assignment.cells import find_defined_names
from unrolled.class_report.behaviour import read_behaviours
from unrolled.class_report.mistakes import Behaviour, describe_failures
from unrolled.class_report.read_class import Work, read_class
from unrolled.course import Course
from unrolled.errors import UserError
from unrolled.similar.compare import (
    Matrix,
    MistakeGroup,
    Pairs,
    PartComparison,
    compare_part,
    find_threshold,
    group_mistakes,
    select_pairs,
)
from unrolled.similar.model import (
    Author,
    Excerpt,
    Kind,
    LeftOut,
    Pair,
    SharedMistake,
    SharedPart,
    SimilarReport,
)
from unrolled.similar.read import OWN_CELLS, Submission, find_places, read_submissions
from unrolled.similar.traits import MAX_TEXT, read_code_views, read_text_views
from unrolled.timestamps import format_moment

SHOWN = 20
Failures = Mapping[str, tuple[str, ...]]  # by exercise, what its checks say
Step = Callable[[int, int, str], None]


def build_similar_report(
    course: Course,
    assignment: str,
    *,
    also: Sequence[Path] = (),
    shown: int = SHOWN,
    step: Step = lambda done, total, talk: None,
) -> SimilarReport:
    """Compare all submissions of an assignment, and keep the `shown` first pairs.

    `also` are folders with submissions of other terms. `step` is told how many are
    read, of how many, and whose was last. Raises UserError if the assignment is
    unknown or not built, or if a folder of `also` has none of its submissions.
    """
    material = load_material(course, assignment)
    places = find_places(course, assignment, also)
    total, found = sum(len(place.students) for place in places), []
    for place in places:
        for submission in read_submissions(material, place):
            found.append(submission)
            step(len(found), total, submission.student)
    people, works = _read_results(course, assignment)
    failures = read_failures(material, works, read_behaviours(course, assignment))
    pairing = compare_submissions(material, found, failures)
    naming = _Naming(people)
    return SimilarReport(
        assignment=assignment,
        title=course.assignments[assignment].title,
        course=course.title,
        made=format_moment(datetime.now(UTC), course.timezone),
        compared=pairing.new,
        earlier=len(pairing.submissions) - pairing.new,
        graded=sum(s.student in failures for s in pairing.submissions[: pairing.new]),
        total=pairing.pairs.total,
        threshold=pairing.threshold,
        pairs=tuple(_make_pairs(pairing, naming, shown)),
        left_out=tuple(_list_left_out(found, naming)),
    )


def _read_results(
    course: Course, assignment: str
) -> tuple[Mapping[str, str], Mapping[str, Work]]:
    """What people are called, and what is graded; nothing without a gradebook."""
    with suppress(UserError):
        klass = read_class(course, assignment)
        return klass.people, klass.works
    return {}, {}


def read_failures(
    material: Material,
    works: Mapping[str, Work],
    behaviours: Mapping[str, Behaviour],
) -> dict[str, Failures]:
    """What the checks of each failed exercise say, student by student.

    Of a mistake that the catalogue knows it is the name. `behaviours` are what checks
    say on inputs that are the same for all; for others numbers do not count.
    """
    return {
        student: dict(_describe(material, work, behaviours.get(student, {})))
        for student, work in works.items()
    }


def _describe(
    material: Material, work: Work, says: Behaviour
) -> Iterator[tuple[str, tuple[str, ...]]]:
    exercises = {c.grade_id: c.exercise for c in material.source_cells}
    failed = [c for c in work.result.cells if c.passed is False]
    for name in dict.fromkeys(exercises.get(c.grade_id, "") for c in failed):
        cells = [c for c in failed if exercises.get(c.grade_id) == name]
        if name in work.not_begun or not name:
            continue
        known = dict.fromkeys(n for c in cells for n in c.misconception)
        its = {n: text for n, text in says.items() if exercises.get(n) == name}
        yield name, tuple(known) or describe_failures(cells, its)


@dataclass(frozen=True, kw_only=True)
class Pairing:
    """All submissions, compared; the first `new` are of this term.

    `scores` is (n, n); `parts` has a comparison for each part that somebody wrote.
    """

    submissions: Sequence[Submission]
    new: int
    pairs: Pairs
    parts: Mapping[tuple[Kind, str], PartComparison]
    mistakes: Sequence[MistakeGroup]
    scores: Matrix
    threshold: float | None

    def list_best(self, count: int) -> list[tuple[int, int]]:
        """The pairs with the highest scores; those that have none are left out."""
        found = [(int(i), int(j)) for i, j in np.argwhere(self.pairs.mask)]
        found = [pair for pair in found if self.scores[pair] > 0]
        return sorted(found, key=lambda pair: (-self.scores[pair], pair))[:count]

    def cut(self, kind: Kind, name: str, one: int, other: int) -> Excerpt:
        """What `one` wrote of a part, with what it shares with `other` marked."""
        submission = self.submissions[one]
        texts = submission.answers if kind == "text" else submission.code
        marked = self.parts[kind, name].find_rare_lines(one, other)
        return Excerpt(text=texts[name][:MAX_TEXT], marked=marked)


def compare_submissions(
    material: Material,
    found: Sequence[Submission],
    failures: Mapping[str, Failures],
) -> Pairing:
    """Compare all submissions that could be read, each with each of this term's."""
    readable = [s for s in found if not s.reason]
    submissions = sorted(readable, key=lambda s: bool(s.term))  # this term's first
    new = sum(not s.term for s in submissions)
    pairs = select_pairs([s.student for s in submissions], new)
    parts = dict(_compare_parts(material, submissions, pairs))
    mistakes = group_mistakes(
        [None if s.term else failures.get(s.student) for s in submissions]
    )
    scores = np.zeros(pairs.mask.shape)
    for part in parts.values():
        scores += part.points
    for group in mistakes:
        scores[np.ix_(group.members, group.members)] += group.points
    return Pairing(
        submissions=submissions,
        new=new,
        pairs=pairs,
        parts=parts,
        mistakes=mistakes,
        scores=np.where(pairs.mask, scores, 0.0),
        threshold=find_threshold(scores, pairs, new),
    )


def _compare_parts(
    material: Material, submissions: Sequence[Submission], pairs: Pairs
) -> Iterator[tuple[tuple[Kind, str], PartComparison]]:
    """Each part that at least two have written, in the order of the notebook."""
    solutions = read_sources(material.source_cells, "exercise")
    released = {c.grade_id: c.source for c in material.release_cells}
    known = _read_known(material)
    for name in (*solutions, OWN_CELLS):
        fixed = find_defined_names(solutions.get(name, ""))
        read = partial(read_code_views, fixed=fixed)
        views = [read(s.code[name]) if name in s.code else () for s in submissions]
        if sum(map(bool, views)) > 1:
            solved = [read(text) for text in known.get(name, ())]
            part = compare_part(views, read(released.get(name, "")), solved, pairs)
            yield ("code" if name else "own", name), part
    for name in read_sources(material.source_cells, "answer"):
        texts = [
            read_text_views(s.answers[name]) if name in s.answers else ()
            for s in submissions
        ]
        if sum(map(bool, texts)) > 1:
            stub = read_text_views(released[name])
            yield ("text", name), compare_part(texts, stub, (), pairs)


def _read_known(material: Material) -> dict[str, list[str]]:
    """By exercise, code that many come to: reference, styles, known mistakes."""
    known = {n: [t] for n, t in read_sources(material.source_cells, "exercise").items()}
    for read in (read_right_solutions, read_wrong_solutions):
        for text in read(material.misconceptions).values():
            for name in find_defined_names(text):
                known.setdefault(name, []).append(text)
    return known


@dataclass(frozen=True)
class _Naming:
    """What people are called; the account's name if nothing else is known."""

    people: Mapping[str, str]

    def make_author(self, submission: Submission) -> Author:
        student = submission.student
        name = "" if submission.term else self.people.get(student, "")
        return Author(student=student, name=name or student, term=submission.term)


def _make_pairs(pairing: Pairing, naming: _Naming, shown: int) -> Iterator[Pair]:
    for one, other in pairing.list_best(shown):
        score = float(pairing.scores[one, other])
        threshold = pairing.threshold
        yield Pair(
            first=naming.make_author(pairing.submissions[one]),
            second=naming.make_author(pairing.submissions[other]),
            score=round(score, 1),
            stands_out=threshold is not None and score >= threshold,
            parts=tuple(_make_parts(pairing, one, other)),
            mistakes=tuple(
                SharedMistake(
                    exercise=group.exercise,
                    says=group.says,
                    students=len(group.members),
                    points=round(group.points, 1),
                )
                for group in pairing.mistakes
                if {one, other} <= set(group.members)
            ),
        )


def _make_parts(pairing: Pairing, one: int, other: int) -> Iterator[SharedPart]:
    """The parts in which the two are alike, what counts most first."""
    parts = pairing.parts.items()
    for (kind, name), part in sorted(parts, key=lambda p: -p[1].points[one, other]):
        if part.likeness[one, other] <= 0:
            continue
        yield SharedPart(
            name=name,
            kind=kind,
            likeness=round(float(part.likeness[one, other]), 3),
            as_alike=int(part.ranks[one, other]),
            points=round(float(part.points[one, other]), 1),
            first=pairing.cut(kind, name, one, other),
            second=pairing.cut(kind, name, other, one),
        )


def _list_left_out(found: Sequence[Submission], naming: _Naming) -> Iterator[LeftOut]:
    for submission in found:
        reason = submission.reason
        if not reason and (cells := submission.too_long):
            names = ", ".join(name or "own cells" for name in cells)
            reason = f"only the first {MAX_TEXT} characters were compared: {names}"
        if reason:
            yield LeftOut(author=naming.make_author(submission), reason=reason)
