"""Are failed checks put together by what was done wrong?"""

from __future__ import annotations

from support.class_work import failed, make_material, make_work

from unrolled.assignment.catalogue import load_catalogue
from unrolled.class_report.mistakes import draft_entry, find_mistakes
from unrolled.class_report.model import Sample

CATALOGUE = '''
from unrolled.assignment.catalogue import misconception, style

@misconception("double", fails="double_small", hint="Think of thrice")
def thrice(x):
    """Takes three of them."""
    return 3 * x

@style("double")
def shifted(x):
    return x << 1
'''
WRONG = "def double(x):\n    return 3 * x  # mine\n"
RENAMED = "def double(value):\n    return 3 * value\n"
OTHER = "def double(x):\n    total = x + x\n    return total + x\n"


def test_a_recognised_mistake_is_one_entry() -> None:
    """All its students, checks and points together, with code side by side?"""
    thrice = failed("double_small", "got 6, expected 4", "thrice")
    large = failed("double_large", "got 300, expected 200", "thrice", points=20.0)
    works = {
        "ada": make_work("ada", small=thrice, large=large, code=WRONG),
        "bob": make_work("bob", small=thrice, large=1, code=RENAMED),
        "cyd": make_work("cyd", small=thrice, large=1, code=OTHER),
        "dan": make_work(
            "dan", small=1, large=1, code="def double(x):\n    return 2*x"
        ),
    }
    (mistake,), unexplained = find_mistakes(make_material(CATALOGUE), works, {})
    assert unexplained == ()
    assert mistake.students == ("ada", "bob", "cyd")
    assert mistake.checks == ("double_small", "double_large")
    assert mistake.points == 50
    assert mistake.hint == "Think of thrice"
    assert mistake.catalogue == "def double(x):\n    return 3 * x"
    assert not mistake.draft
    assert [s.student for s in mistake.samples] == ["ada", "cyd"]  # bob's is ada's


def test_what_costs_most_people_comes_first() -> None:
    """In which order do they stand?"""
    works = {
        "ada": make_work("ada", small=failed("double_small", "", "thrice"), large=1),
        "bob": make_work("bob", small=failed("double_small", "", "twice"), large=1),
        "cyd": make_work("cyd", small=failed("double_small", "", "twice"), large=1),
    }
    known, _ = find_mistakes(make_material(CATALOGUE), works, {})
    assert [m.names for m in known] == [("twice",), ("thrice",)]


def test_unexplained_failures_without_a_comparison() -> None:
    """Do numbers, which differ by seed, not part those who fail in the same way?"""
    works = {
        name: make_work(name, small=failed("double_small", text), large=1, code=WRONG)
        for name, text in (
            ("ada", "got 6.5, expected 4"),
            ("bob", "got -1e-05, expected 8"),
            ("cyd", "double raised KeyError"),
        )
    }
    known, unexplained = find_mistakes(make_material(CATALOGUE), works, {})
    assert known == ()
    assert [m.students for m in unexplained] == [("ada", "bob"), ("cyd",)]
    assert not unexplained[0].compared
    assert "double_TO_BE_NAMED(x)" in unexplained[0].draft


def test_unexplained_failures_on_the_same_inputs() -> None:
    """Does a comparison part what only looks alike, and join what looks different?"""
    works = {
        name: make_work(name, small=failed("double_small", text), large=1)
        for name, text in (
            ("ada", "got 6, expected 4"),
            ("bob", "got 9, expected 6"),
            ("cyd", "got 12, expected 8"),
        )
    }
    same, other = {"double_small": "got 3"}, {"double_small": "got 5"}
    behaviours = {"ada": same, "bob": other, "cyd": same}
    _, unexplained = find_mistakes(make_material(CATALOGUE), works, behaviours)
    assert [m.students for m in unexplained] == [("ada", "cyd"), ("bob",)]
    assert all(m.compared for m in unexplained)


def test_what_was_not_begun_is_no_mistake() -> None:
    """Is an exercise that is as it was released left out?"""
    work = make_work("ada", small=0, large=0, not_begun=("double",))
    assert find_mistakes(make_material(CATALOGUE), {"ada": work}, {}) == ((), ())


def test_a_draft_is_an_entry_of_a_catalogue() -> None:
    """Can it be pasted into misconceptions.py as it is?"""
    samples = (Sample(student="ada", code="import os\n" + WRONG),)
    draft = draft_entry("double", ("double_small", "double_large"), samples)
    head = "from unrolled.assignment.catalogue import misconception\n"
    (entry,) = load_catalogue(head + draft, "draft", {}).misconceptions
    assert entry.name == "double_TO_BE_NAMED"
    assert entry.exercise == "double"
    assert entry.fails == ("double_small", "double_large")
    assert entry.function(2) == 6


def test_no_draft_without_the_function() -> None:
    """Neither of code that is no Python, nor of other names, nor of nothing?"""
    for code in ("def double(x)\n", "def other(x):\n    return x", ""):
        assert not draft_entry("double", ("c",), (Sample(student="a", code=code),))
    assert not draft_entry("double", ("c",), ())


def test_other_checks_may_fail_on_the_same_inputs() -> None:
    """Are those who answer alike together, whatever their own inputs showed?"""
    small, large = failed("double_small", "got 6"), failed("double_large", "got 300")
    works = {
        "ada": make_work("ada", small=small, large=large),
        "bob": make_work("bob", small=1, large=large),
    }
    says = {"double_small": "got 3", "double_large": "got 9", "elsewhere": "got 1"}
    behaviours = {"ada": says, "bob": {**says, "elsewhere": "got 2"}}
    _, (group,) = find_mistakes(make_material(), works, behaviours)
    assert group.students == ("ada", "bob") and group.compared
