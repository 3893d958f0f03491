"""What a cell has to do with the names of its notebook, read from its text."""

from __future__ import annotations

import pytest

from unrolled.grade.judge.cell_names import find_syntax_error, read_cell_names


@pytest.mark.parametrize(
    ("text", "binds", "now", "late"),
    [
        ("x = x + 1", "x", "x", ""),
        ("x += 1", "x", "x", ""),
        ("x: int", "", "int", ""),
        ("a, (b, *c) = f()", "a b c", "f", ""),
        ("fig = plt.figure()\nfig.show()", "fig", "plt", ""),
        ("def f(a, b=c):\n    return a + d", "f", "c", "d"),
        ("def f():\n    def g():\n        return h\n    return g", "f", "", "h"),
        ("async def f():\n    await g\nawait f()", "f", "", "g"),
        ("f = lambda x, y=z: x + w", "f", "z", "w"),
        (
            "class A(B):\n    c = d\n    e = c\n    def f(self): return g",
            "A",
            "B d",
            "g",
        ),
        ("[n for m in names for n in m if q]", "", "names q", ""),
        ("d = {k: v for k, v in e.items()}", "d", "e", ""),
        ("for i in r:\n    i + j\nelse:\n    k = i", "i k", "r j", ""),
        ("with o as p:\n    p", "p", "o", ""),
        ("try:\n    a\nexcept B as e:\n    e", "e", "a B", ""),
        ("match s:\n    case [t, *u]:\n        t", "t u", "s", ""),
        ("match s:\n    case {'k': t, **u}:\n        u", "t u", "s", ""),
        ("import a.b, c as d\nfrom e import f as g", "a d g", "", ""),
        ("if (y := z):\n    y", "y", "z", ""),
        ("%time f(x)\ny = 1", "y", "time f x", ""),
        ("eval('x')", "", "eval x", ""),
        ("what this", "", "what this", ""),
        ("", "", "", ""),
    ],
)
def test_names_are_read_in_the_order_of_the_run(
    text: str, binds: str, now: str, late: str
) -> None:
    """Is each name found where it is bound, read now, or read by a later call?"""
    found = read_cell_names(text)
    assert found.binds == set(binds.split())
    assert found.now == set(now.split())
    assert found.late == set(late.split())


@pytest.mark.parametrize(
    ("text", "quiet"),
    [
        ("", True),
        ("import a\nfrom b import c\nx = {'a': [1, c]}\ndel x", True),
        ("def f(x):\n    x.append(1)\n    g()", True),
        ("class A(B):\n    x = 1\n    def f(self):\n        self.y = g()", True),
        ("x = {}\nx['a'] = 1", True),
        ("no python at all", True),
        ("print(1)", False),
        ("x = {}\nx = y\nx['a'] = 1", False),
        ("x['a'] = 1\nx = {}", False),
        ("np.exp = None", False),
        ("del x['a']", False),
        ("x += 1", False),
        ("@f\ndef g(): pass", False),
        ("def g(x=f()): pass", False),
        ("class A:\n    f()", False),
        ("for x in y: pass", False),
        ("[x for x in y]", False),
        ("with f: pass", False),
        ("%reset", False),
    ],
)
def test_a_quiet_cell_only_binds_names(text: str, quiet: bool) -> None:
    """Is each cell that may change what names stand for told from the others?"""
    assert read_cell_names(text).quiet is quiet


def test_a_syntax_error_is_told_by_line() -> None:
    """Is the line right below lines for IPython, and are these no error?"""
    error = find_syntax_error("%matplotlib inline\n!ls\nx = (")
    assert error is not None and error.lineno == 3
    assert find_syntax_error("%time x\ny?\nawait z") is None
