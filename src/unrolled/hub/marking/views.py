"""What the marking pages show, from students' text made safe to the names of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from unrolled.assignment import Cell
from unrolled.course import Course
from unrolled.gradebook.read import read_student_rows
from unrolled.marking import Mark
from unrolled.marking.model import AnswerGroup, Member, QuestionState, RubricChange

_CARD = 3  # the level of the headings in an answer


@dataclass(frozen=True, kw_only=True)
class AnswerLine:
    """One line of the list of answers."""

    key: str
    title: str
    names: str
    state: str
    points: str


def render_markdown(source: str) -> Markup:
    """A text of the lesson's, or a comment, as safe HTML."""
    from unrolled.feedback.markup import render
    from unrolled.feedback.page.notebook import level_headings  # only now: it is slow

    return level_headings(render(source), _CARD)


def render_cells(cells: Sequence[Cell]) -> list[Markup]:
    """A student's answer as safe HTML, cell by cell."""
    return [_render_cell(cell) for cell in cells]


def _render_cell(cell: Cell) -> Markup:
    from unrolled.feedback.page.notebook import level_headings, render_text

    if cell.cell_type == "markdown":
        return level_headings(render_text(cell), _CARD)
    return Markup('<pre tabindex="0">{}</pre>').format(cell.source)


def read_names(course: Course, *, hidden: bool) -> Mapping[str, str]:
    """What people call the students; empty where names are not to be seen."""
    if hidden:
        return {}
    return {
        row.id: f"{row.first_name} {row.last_name}".strip() or row.id
        for row in read_student_rows(course)
    }


def list_names(group: AnswerGroup, names: Mapping[str, str], *, hidden: bool) -> str:
    """Whose answer it is, or how many have it."""
    if hidden:
        many = len(group.members)
        return "1 student" if many == 1 else f"{many} students, equal answers"
    return ", ".join(names.get(m.student, m.student) for m in group.members)


def make_lines(
    state: QuestionState, names: Mapping[str, str], *, hidden: bool
) -> Iterator[AnswerLine]:
    """All answers of a question for its list."""
    for group in state.groups:
        yield AnswerLine(
            key=group.key,
            title=f"Answer {group.number}",
            names=list_names(group, names, hidden=hidden),
            state=_tell_state(group),
            points=_tell_points(group),
        )


def _tell_state(group: AnswerGroup) -> str:
    if group.waits and group.holder:
        return f"with {group.holder}"
    if group.waits:
        again = any(m.manual is not None and m.waits for m in group.members)
        return "changed since it was marked" if again else "waits"
    return f"by {group.record.by}" if group.record else "in formgrader"


def _tell_points(group: AnswerGroup) -> str:
    points = {m.manual for m in group.members if m.manual is not None}
    return " or ".join(format_points(p) for p in sorted(points))


def format_points(points: float) -> str:
    """Points without zeros that say nothing; a true minus."""
    return f"{points:.2f}".rstrip("0").rstrip(".").replace("-", "\N{MINUS SIGN}")


def find_mark(group: AnswerGroup) -> Mark:
    """What the form begins with: the mark that stands, or the one it had before."""
    record = group.record or next((m.record for m in group.members if m.record), None)
    if record is not None:
        return record.mark
    remark = next((m.remark for m in group.members if m.remark), "")
    return Mark(comment=remark or "")


def list_notes(
    group: AnswerGroup, names: Mapping[str, str], *, hidden: bool
) -> Iterator[str]:
    """What a marker should know before marking this answer."""
    for number, member in enumerate(group.members, 1):
        name = names.get(member.student, member.student)
        note = _note(member)
        if note:
            yield f"{f'Student {number}' if hidden else name}: {note}"


def _note(member: Member) -> str:
    if member.manual is None:
        return ""
    points = format_points(member.manual)
    if member.waits:
        return f"had {points} for an answer that has changed since."
    return "" if member.is_ours else f"{points}, given in formgrader."


def list_changes(
    state: QuestionState,
    change: RubricChange,
    names: Mapping[str, str],
    *,
    hidden: bool,
) -> Iterator[tuple[str, str, str, str]]:
    """What a changed rubric does, answer by answer: whose, from, to, the comment."""
    places = {m.student: g.number for g in state.groups for m in g.members}
    for one in change.changes:
        number = f"Answer {places[one.student]}"
        name = names.get(one.student, one.student)
        yield (
            number if hidden else f"{number}: {name}",
            format_points(one.before),
            format_points(one.after),
            "changes" if one.comment_changes else "as it was",
        )


def format_label(label: str) -> Markup:
    """A question's name, which is HTML of ours already."""
    return Markup(label) if label else escape("")
