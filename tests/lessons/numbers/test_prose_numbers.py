"""Does the reader of numbers find those that a student would take as a result?

And does a table that is held against a lesson say what is missing, stale or wrong?
"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.lesson import LessonCell
from support.lesson_numbers import find_untied, find_wrong, load_table, run_lesson
from support.prose_numbers import find_numbers

FOUND = {
    "right in 43 of 100 cases": ["43", "100"],
    "it sinks to 0.09, or -0.81.": ["0.09", "-0.81"],
    "30,200 against 1,010,200": ["30,200", "1,010,200"],
    "a share of 7 % or 7%": ["7", "7"],
    "here 5 to 13 times, after 2 ms": ["5", "13", "2"],
    "a factor of 3 is left": ["3"],
    "Three times and ten million times": ["Three", "ten million"],
    "$\\log 4 = 1.386$, about $10^{-28}$": ["1.386", "10^{-28}"],
    "| 16 | 0.5 |": ["16", "0.5"],
}
LEFT_OUT = (
    "a gate between 0 and 1, unit 4",
    "`x = 20` and\n```\nn = 400\n```",
    "$W^{20} + 12 x$ and $$y = 42$$",
    "## 12. Title with 99\n\n12. an item",
    "as section 12 and sections 10, 11 and 12 say",
    "an i7-7700K, a P40, version v12",
    "see https://example.org/2015/12",
    "Answer.\n\n**Marking scheme**\n- 12 points for 0.5",
)


@pytest.mark.parametrize("markdown", FOUND)
def test_numbers_are_found(markdown: str) -> None:
    """Is each found as it is written, at its place?"""
    prose = find_numbers(markdown)
    assert [n.written for n in prose.numbers] == FOUND[markdown]
    assert all(prose.text[n.start : n.end] == n.written for n in prose.numbers)


@pytest.mark.parametrize("markdown", LEFT_OUT)
def test_what_is_no_result_is_left_out(markdown: str) -> None:
    """Are code, formulas, headings, references, names and points no results?"""
    assert not find_numbers(markdown).numbers


def test_a_number_fits_what_rounds_to_it() -> None:
    """Does the last place that is written say how far off a value may be?"""
    text = "0.50, 47,000, 50 million, twelve times, $10^{-28}$"
    half, law, huge, word, power = find_numbers(text).numbers
    assert half.fits(0.4951) and not half.fits(0.494)
    assert law.fits(46_999.6) and not law.fits(46_900)
    assert law.fits(46_900, within=0.01)
    assert huge.fits(50.4e6) and not huge.fits(51e6)
    assert word.fits(12) and not word.fits(12.6)
    assert power.fits(3e-28) and not power.fits(3e-27)


LESSON = [
    LessonCell("markdown", "# It takes 12 steps\n# to 0.25, printed as 3.5 ms."),
    LessonCell("given", "steps = 12"),
    LessonCell("exercise", "def draw():\n    return 0.25", "draw"),
    LessonCell("show", "print('took 3.5 ms')"),
]
ENTRY = """
[[number]]
says = "to 0.25,"
is = "draw()"
"""
TABLE = f"""
[[number]]
says = "It takes 12 steps"
code = "steps = 12"
{ENTRY}
[[number]]
says = "as 3.5 ms"
prints = "took 3.5 ms"
"""


def judge(folder: Path, table: str, start: int = 0) -> list[str]:
    """What is said of the made lesson with this table."""
    (folder / "table.toml").write_text(table, encoding="utf-8")
    read = load_table(folder / "table.toml")
    said = find_untied(LESSON, read, "09_made")
    return said + find_wrong(LESSON, read, *run_lesson(LESSON, read, start))


def test_a_table_that_says_the_truth_passes(tmp_path: Path) -> None:
    """Are three numbers held by code, by a value and by what is printed?"""
    assert judge(tmp_path, TABLE) == []


def test_a_number_without_an_entry_is_told_with_the_entry_to_add(
    tmp_path: Path,
) -> None:
    """Does the message name the lesson, the sentence, the file and what to write?"""
    shorter = TABLE.replace(ENTRY, "")
    [said] = judge(tmp_path, shorter)
    for part in ("0.25", "tests/lessons/numbers/09_made.toml", "[[number]]", "says ="):
        assert part in said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("to 0.25,", "to 0.75,", "no sentence says"),
        ('"draw()"', '"draw() / 2"', "0.25 is 0.125"),
        ('"draw()"', '"nothing"', "NameError"),
        ('"draw()"', '"(draw(), 1)"', "gives"),
        ("steps = 12", "steps = 13", "isn't what the lesson code"),
        ("took 3.5 ms", "took 4.5 ms", "isn't what the lesson prints"),
        ('"took 3.5 ms"', '"took"', "3.5 doesn't stand in"),
        ('is = "draw()"', 'holds = "draw() < 0"', "false"),
        ('is = "draw()"', 'holds = "draw() > 0"', "0.25 doesn't stand in"),
    ],
)
def test_what_is_not_so_is_told(tmp_path: Path, old: str, new: str, says: str) -> None:
    """Is an entry red whose sentence is gone or whose number is another one?"""
    assert any(says in said for said in judge(tmp_path, TABLE.replace(old, new)))


def test_another_right_solution_may_draw_other_numbers(tmp_path: Path) -> None:
    """Is a number that hangs on the student's own draw red under another start?"""
    table = "[starts]\ndraw = 'def draw(): return 0.25 + START'\n" + TABLE
    assert judge(tmp_path, table) == []
    assert any("0.25 is 1.25" in said for said in judge(tmp_path, table, start=1))


@pytest.mark.parametrize("entry", ["", 'is = "1"\nfact = "a"', 'is = "1"\nabout = 2'])
def test_an_entry_of_no_kind_or_two_is_refused(tmp_path: Path, entry: str) -> None:
    """Does the table say which entry is written wrong?"""
    with pytest.raises(ValueError, match=r"table\.toml"):
        judge(tmp_path, f'[[number]]\nsays = "12"\n{entry}\n')
