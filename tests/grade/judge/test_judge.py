"""Points only for what was shown; a reason for everything else."""

from __future__ import annotations

import pytest
from support.small_assignment import (
    RIGHT,
    by_id,
    cell,
    grade,
    release_notebook,
    submission,
)


def scores(submitted: object) -> tuple[float, float]:
    """Points of the two checks of the small assignment (10 and 20)."""
    found = by_id(grade(submitted))
    return found["double_values"].score, found["quadruple_values"].score


def test_right_answers_get_all_points() -> None:
    """Does the reference solution get everything, without a word?"""
    verdict = grade(submission(**RIGHT))
    assert [c.score for c in verdict.cells] == [10, 20]
    assert all(not c.message and not c.hint for c in verdict.cells)


def test_the_untouched_release_gets_nothing() -> None:
    """Is an empty submission worth nothing, and does it name the exercise?"""
    verdict = grade(release_notebook())
    assert [c.score for c in verdict.cells] == [0, 0]
    assert "double is not written yet" in verdict.cells[0].message


def test_a_misconception_gets_its_own_hint() -> None:
    """Is the wrong solution recognised by what it returns?"""
    found = by_id(grade(submission(double="return x ** 2", quadruple="return 4 * x")))
    assert found["double_values"].misconception == ("squares",)
    assert found["double_values"].hint == "Two times, not the square."
    assert found["quadruple_values"].passed


def test_an_unknown_mistake_gets_no_hint_of_another() -> None:
    """Does a mistake outside the catalogue keep quiet about the catalogue?"""
    found = by_id(grade(submission(double="return x + 1", quadruple="return 4 * x")))
    assert not found["double_values"].passed and not found["double_values"].hint
    assert "Mismatch" in found["double_values"].message


def test_an_early_mistake_costs_its_own_points_once() -> None:
    """Does quadruple, right but built on a wrong double, keep its points?"""
    verdict = by_id(
        grade(submission(double="return x * x", quadruple=RIGHT["quadruple"]))
    )
    assert verdict["double_values"].score == 0
    assert verdict["quadruple_values"].score == 20
    assert verdict["quadruple_values"].follow_through
    assert "double" in verdict["quadruple_values"].message


def test_follow_through_saves_no_wrong_function() -> None:
    """Is a wrong quadruple still wrong when double is the reference's?"""
    wrong = submission(double="return x * x", quadruple="return double(x)")
    found = by_id(grade(wrong))
    assert found["quadruple_values"].score == 0
    assert found["quadruple_values"].misconception == ("only_once",)


def test_hard_coded_visible_answers_fail_the_hidden_part() -> None:
    """Is knowing the visible numbers worth anything?"""
    learnt = "return np.array([2.0, 4.0])"
    assert scores(submission(double=learnt, quadruple="return 4 * x")) == (0, 20)


CHEATS = {
    "patched numpy.testing": "import numpy.testing as t\n"
    "t.assert_allclose = lambda *a, **k: None\n"
    "np = __import__('numpy'); np.testing.assert_allclose = t.assert_allclose",
    "patched builtins": "import builtins\nbuiltins.AssertionError = KeyboardInterrupt\n"
    "builtins.isinstance = lambda *a: True",
    "ast transformer": "import ast\n"
    "class Pass(ast.NodeTransformer):\n"
    "    def visit_Assert(self, node): return ast.Pass()\n"
    "get_ipython().ast_transformers.append(Pass())",
    "showtraceback": "get_ipython().showtraceback = lambda *a, **k: None",
    "redefined check": "def assert_close(got, want): pass",
    "trace": "import sys\nsys.settrace(lambda *a: None)",
}


@pytest.mark.parametrize("name", CHEATS)
def test_tricks_in_the_notebook_gain_nothing(name: str) -> None:
    """Does patching what checks stand on turn a wrong answer into a right one?"""
    cheat = submission(first=CHEATS[name], double="return x * x", quadruple="return 0")
    assert scores(cheat) == (0, 0)


LIARS = {
    "__eq__": "def __eq__(self, other): return True",
    "array ufunc": "def __array_ufunc__(self, *a, **k): return True",
    "array": "def __array__(self, *a, **k): return __import__('numpy').zeros(2)",
    "subtraction": "def __sub__(self, other): return 0\n    __rsub__ = __sub__",
    "abs": "def __abs__(self): return 0",
    "bool": "def __bool__(self): return True",
}


@pytest.mark.parametrize("name", LIARS)
def test_lying_objects_gain_nothing(name: str) -> None:
    """Does an object that says yes to everything pass a check?"""
    lie = f"class Liar:\n    {LIARS[name]}"
    wrong = submission(first=lie, double="return Liar()", quadruple="return Liar()")
    assert scores(wrong) == (0, 0)


@pytest.mark.parametrize("base", ["np.ndarray", "float", "dict"])
def test_subclasses_of_plain_types_are_not_believed(base: str) -> None:
    """Does a subclass of a plain type that lies pass a check?"""
    made = "np.zeros(2).view(Sub)" if base == "np.ndarray" else "Sub()"
    lie = (
        f"import numpy as np\nclass Sub({base}):\n"
        "    def __eq__(self, other): return True\n"
        "    def __array_function__(self, *a, **k): return True"
    )
    wrong = submission(first=lie, double=f"return {made}", quadruple="return 4 * x")
    assert scores(wrong) == (0, 20)


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ("while True: pass", "did not come back in time"),
        ("import os; os._exit(0)", "ended its own process"),
        ("import sys; sys.exit()", "SystemExit"),
        ("return {}['a']", "KeyError"),
        ("return double(x)", "RecursionError"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    ],
)
def test_a_broken_function_costs_only_its_own_points(body: str, word: str) -> None:
    """Does the rest of the notebook keep its points, and is the reason said?"""
    found = by_id(grade(submission(double=body, quadruple="return 4 * x")))
    assert found["double_values"].score == 0 and found["quadruple_values"].score == 20
    assert word in found["double_values"].message


@pytest.mark.parametrize(
    "source",
    [
        "import os; os._exit(1)",
        "while True: pass",
        "raise SystemExit",
        "this is no Python",
        "1 / 0",
        "import signal, os; os.kill(os.getpid(), signal.SIGKILL)",
        "print('x' * 50_000_000)",
        "import sys; sys.stderr.write('noise\\n' * 100_000)",
        "get_ipython().kernel.do_shutdown(False)",
        "input('name? ')",
        "exit()",
    ],
)
def test_a_broken_own_cell_costs_nothing(source: str) -> None:
    """Are all points there although one of the student's own cells goes wild?"""
    assert scores(submission(first=source, **RIGHT)) == (10, 20)


def test_an_exception_names_the_student_s_line_and_nothing_else() -> None:
    """Is the line quoted from the notebook, never text made by running code?"""
    body = "secret = repr(x)\n    raise ValueError(secret * 3)"
    message = grade(submission(double=body, quadruple="return 4*x")).cells[0].message
    assert "line 3" in message and "raise ValueError(secret * 3)" in message
    assert "1." not in message


def test_stderr_and_warnings_change_no_score() -> None:
    """Does a function that prints, warns and logs lose anything?"""
    body = (
        "import sys, warnings\n    print('hi'); sys.stderr.write('ho')\n"
        "    warnings.warn('careful')\n    return x + x"
    )
    assert scores(submission(double=body, quadruple="return 4 * x")) == (10, 20)


def test_in_place_work_is_seen_by_the_judge() -> None:
    """Does a function that spoils its argument spoil it for the check, too?"""
    body = "x *= 2\n    return x"
    found = by_id(grade(submission(double=body, quadruple="return 4 * x")))
    assert not found["double_values"].passed


def test_a_wrong_name_is_said_plainly() -> None:
    """Does a renamed function lose its points with a clear reason?"""
    renamed = "def duble(x):\n    return 2 * x"
    found = by_id(grade(submission(double_cell=renamed, quadruple="return 4 * x")))
    assert "double is not defined" in found["double_values"].message
    assert found["quadruple_values"].score == 20


def test_outputs_are_kept_capped_and_plain() -> None:
    """Do outputs come along without HTML, and not too much of them?"""
    first = (
        "from IPython.display import HTML, display\n"
        "display(HTML('<script>alert(1)</script>'))\n"
        "print('x' * 200_000)"
    )
    verdict = grade(submission(first=first, **RIGHT))
    outputs = verdict.outputs[0]
    assert "script" not in str(outputs)
    assert sum(len(str(o)) for o in outputs) < 70_000


def test_the_student_s_process_gets_no_test_and_no_solution() -> None:
    """Can student code find a hidden test, the oracle or a solution in its process?"""
    search = (
        "import gc, os, sys\n"
        "seen = repr([v for k, v in globals().items()]) + repr(dict(os.environ))\n"
        "seen += repr(sys.argv) + repr([o for o in gc.get_objects() "
        "if isinstance(o, str) and o is not seen and 'rng.' + 'normal' in o])\n"
        "found = ['rng.' + 'normal' in seen, 'quadru' + 'ple(x):' in seen]"
    )
    body = "return 2 * x if not any(found) else x"
    assert scores(submission(first=search, double=body, quadruple="return 4*x"))[0]


def test_own_cells_run_where_they_stand() -> None:
    """Is a helper that the student defines in an own cell there for later cells?"""
    notebook = submission(double="return helper(x)", quadruple="return 4 * x")
    notebook["cells"].insert(3, cell("code", "def helper(x):\n    return x + x"))
    assert scores(notebook) == (10, 20)
