"""Does what a copier changes quickly change nothing, and what is a hand's something?"""

from __future__ import annotations

import ast

import pytest

from unrolled.similar.syntax import drop_noise, find_own_names, reduce_to_meaning
from unrolled.similar.traits import MAX_TEXT, read_code_views, read_text_views

LOOP = '''\
def total(xs, start):
    """Sums."""
    acc = start
    for i in range(len(xs)):
        acc = acc + xs[i] * 2
    return np.tanh(acc @ start)
'''
RENAMED = """\
def total(values, s_0):
    # all of them
    result = s_0

    for n in range(len(values)):
        result = result + values[n] * 2   # one more
        print("here", n)
    return np.tanh(result @ s_0)
"""
COUNTED = """\
def total(xs, start):
    acc = start
    i = 0
    while i < len(xs):
        acc += 2 * xs[i]
        i += 1
    product = acc @ start
    out = np.tanh(product)
    return out
"""
SWAPPED = LOOP.replace("acc @ start", "start @ acc")
OTHER = LOOP.replace("np.tanh", "np.exp")


def views(code: str) -> tuple[set[int], set[int]]:
    """The traits as it is written, and of its meaning."""
    written, meaning = read_code_views(code, ["total"])
    return set(written), set(meaning)


def test_names_comments_and_prints_do_not_count() -> None:
    """Is the code the same in both views?"""
    assert views(LOOP) == views(RENAMED)


def test_another_loop_and_split_statements_mean_the_same() -> None:
    """And are they another hand?"""
    assert views(LOOP)[1] == views(COUNTED)[1]
    assert views(LOOP)[0] != views(COUNTED)[0]


@pytest.mark.parametrize("code", [SWAPPED, OTHER])
def test_another_meaning_is_seen(code: str) -> None:
    """Also where only two names, or a called function, differ?"""
    assert views(LOOP)[1] - views(code)[1]


def test_names_that_are_asked_for_stay() -> None:
    """Are only those numbered that the student chose?"""
    tree = ast.parse(LOOP + "class Net:\n    def f(self):\n        self.state = 1\n")
    names = find_own_names(tree, ["total"])
    assert {"xs", "start", "acc", "i", ".state", "Net"} <= names
    assert not names & {"total", "np", "range", "len"}


def test_a_value_that_is_used_twice_stays() -> None:
    """Is only what has a name for one use put there?"""
    tree = ast.parse("def f(x):\n    y = x + 1\n    z = y * y\n    return z\n")
    drop_noise(tree)
    reduce_to_meaning(tree)
    text = "def f(x):\n    y = x + 1\n    return y * y"
    assert ast.unparse(ast.fix_missing_locations(tree)) == text


def test_lines_are_those_of_the_text() -> None:
    """Where does a trait stand?"""
    written, _ = read_code_views(LOOP, ["total"])
    spans = set(written.values())
    assert (5, 5) in spans and (4, 5) in spans and (6, 6) in spans


@pytest.mark.parametrize(
    "code",
    [
        "x = " + "-" * 5000 + "1",
        "x = " + "(" * 5000,
        "x = 1" + " + 1" * 6000,
        "a" + ".b" * 6000,
        "\0",
    ],
)
def test_what_is_too_deep_stops_nothing(code: str) -> None:
    """Is the same text still the same?"""
    assert read_code_views(code) == read_code_views(code)


def test_what_is_no_python_is_compared_by_its_tokens() -> None:
    """With names that do not count, neither?"""
    code = "def f(x)\n    return x + 1 * y[2] and nothing else"
    renamed = code.replace("x", "other").replace("y", "more")
    assert views(code) == views(renamed) != (set(), set())
    assert views(code) != views(code.replace("and", "or"))


def test_a_long_text_is_cut() -> None:
    """Is a cell without end compared by its beginning?"""
    line = "x = x + 1 * 2\n"
    assert read_code_views(line * 100_000)
    count = MAX_TEXT // len(line) + 1
    last = max(end for _, end in read_code_views(line * 100_000)[0].values())
    assert last <= count


def test_answers_are_compared_by_their_words() -> None:
    """Does neither case nor punctuation nor a new line matter, but the order?"""
    (one,) = read_text_views("The gradient vanishes because\nit is a product.")
    (same,) = read_text_views("the gradient, vanishes because it is a product")
    (other,) = read_text_views("because the product vanishes it is a gradient")
    assert set(one) == set(same)
    assert not set(one) & set(other)
