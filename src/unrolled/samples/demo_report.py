"""What the demo class shows: students by assignment, and what differs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich import box
from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.report import Listing
from unrolled.report.tables import format_points
from unrolled.samples.expectations import Miss

STUDENT = "student, and what is special"
CAPTION = "points after marks and penalty; *: waits for marks; none: ungraded"


@dataclass(frozen=True, kw_only=True)
class DemoScore:
    """One submission of the demo class; a score of None means ungraded."""

    student: str
    about: str
    assignment: str
    expected: float | None
    score: float | None
    reason: str = ""
    waits: bool = False
    misses: tuple[Miss, ...] = ()

    @property
    def as_expected(self) -> bool:
        """Whether score and all else are what the recipe promises."""
        return self.score_as_expected and not self.misses

    @property
    def score_as_expected(self) -> bool:
        """Whether the score is the one that the recipe promises."""
        if self.expected is None or self.score is None:
            return self.expected is self.score
        return abs(self.expected - self.score) < 0.005


@dataclass(frozen=True)
class DemoReport:
    """The class after grading, and the files to open."""

    scores: tuple[DemoScore, ...]
    files: tuple[Path, ...]

    @property
    def passed(self) -> bool:
        """Whether every score is the expected one, and all else is."""
        return all(s.as_expected for s in self.scores)

    def table(self) -> RenderableType:
        """Students by assignments, the differences, the paths to open."""
        assignments = list(dict.fromkeys(s.assignment for s in self.scores))
        table = Listing(title="The demo class", caption=CAPTION, box=box.SIMPLE)
        table.add_columns(STUDENT, prose=(STUDENT,))
        for name in assignments:
            table.add_column(name.partition("_")[0], justify="right", no_wrap=True)
        by_student = {(s.student, s.assignment): s for s in self.scores}
        for student in dict.fromkeys(s.student for s in self.scores):
            row = [by_student.get((student, a)) for a in assignments]
            about = next(s.about for s in row if s is not None)
            words = Text.assemble((student, "bold"), f"\n{about}")
            table.add_row(words, *map(_format_cell, row))
        wrong = [line for s in self.scores for line in _list_differences(s)]
        verdict = "everything as expected" if not wrong else f"{len(wrong)} differ"
        paths = [Text(f"open {f}", overflow="ignore", no_wrap=True) for f in self.files]
        return Group(table, *wrong, verdict, *paths)


def _list_differences(score: DemoScore) -> Iterator[Text]:
    """A line for each key of the recipe that was not met."""
    misses = score.misses
    if not score.score_as_expected:
        got = f"{format_points(score.score)} {score.reason}".strip()
        misses = (Miss("expected", format_points(score.expected), got), *misses)
    for miss in misses:
        key = f"{score.assignment}.{miss.key}"
        where = f" tests/submissions/{score.student}.toml: {key}: "
        outcome = f"expected {miss.expected}, got {miss.got}"
        yield Text.assemble(("DIFFERENT", "bold red"), where, outcome)


def _format_cell(score: DemoScore | None) -> str:
    if score is None:
        return "-"
    text = "none" if score.score is None else format_points(score.score)
    return text + (" *" if score.waits else "")
