"""Oracle against witness: is each way to break the promise found?"""

from __future__ import annotations

from pathlib import Path

import pytest
from support.oracles import HIDDEN, ORACLE, WITNESS, Made, function

from unrolled.author.oracles.conditioning import Gap, Limit
from unrolled.author.oracles.witness import is_input_generator, read_route
from unrolled.lab import check
from unrolled.lab.checks.values import Tolerance

CLOSE = Tolerance(1e-7, 1e-9)


def compared(how: str) -> str:
    """A hidden part that draws x and then does `how`."""
    return f"x = oracle.inputs(rng)\n{how}"


def test_a_sound_test_is_measured(tmp_path: Path) -> None:
    """Are functions, methods, tolerance and figures those of the lesson?"""
    row = Made().row(tmp_path)
    assert (row.check, row.functions) == ("double_values", ("double",))
    assert (row.first, row.second) == (("a sum of two",), ("a difference",))
    assert row.limits == (Limit(CLOSE),) and row.problems == ()
    assert row.differ == Gap(0.0, 0.0) and row.moved is not None
    assert 0.99 < row.moved.relative < 1.01 and 0 < row.moved.share < 1e-8
    assert row.case.passed and row.case.kind == "cross-check"


@pytest.mark.parametrize("power", [3, 40])
def test_conditioning_is_what_theory_says(tmp_path: Path, power: int) -> None:
    """Does x**n move n times as far as x?"""
    made = Made(
        compared(f"check.close('p', x[0]**{power}, oracle.power(x[0]))"),
        ORACLE + function("power", f"return x**{power}", "a power"),
        function("power", f"import math\nreturn math.prod([x] * {power})"),
    )
    row = made.row(tmp_path)
    assert row.problems == () and row.moved is not None
    assert row.moved.relative == pytest.approx(power, rel=1e-3)


@pytest.mark.parametrize(("power", "holds"), [(3, True), (200, False)])
def test_single_precision_has_its_own_rounding(
    power: int, holds: bool, tmp_path: Path
) -> None:
    """Is a float32 result held to the tolerance that check.close applies to it?"""
    made = Made(
        "x = (1 + rng.random(3) / 10).astype(np.float32)\n"
        f"check.close('p', x**{power}, oracle.power(x))",
        function("power", f"return x.astype(float)**{power}", "a power"),
        function(
            "power", f"return (x.astype(float)**{power // 2})**2 * x**{power % 2}"
        ),
    )
    row = made.row(tmp_path)
    assert row.limits == (Limit(CLOSE, single=True),) and row.moved is not None
    assert row.moved.relative == pytest.approx(power, rel=0.05)
    said = "; ".join(row.problems)
    assert ("too tight" in said) != holds


def test_what_cannot_be_rounded_has_no_conditioning(tmp_path: Path) -> None:
    """Is an oracle of whole numbers compared with its witness, and no more?"""
    row = Made("check.equal('n', double(3), oracle.double(3))").row(tmp_path)
    assert row.problems == () and row.moved is None and row.limits == (Limit(None),)


def test_keys_of_a_dict_may_be_anything(tmp_path: Path) -> None:
    """Are dicts compared item by item, whatever their order and their keys?"""
    made = Made(
        "check.equal('d', oracle.pairs(1), oracle.pairs(1))",
        function("pairs", "return {3: ('a', x), 'b': None}", "a literal"),
        function("pairs", "return dict([('b', None), (3, ('a', x))])"),
    )
    assert made.row(tmp_path).problems == ()


OTHER = function("double", "return 2.000001 * x")
BROKEN = {
    "the witness is wrong": (Made(witness=OTHER), "oracle and witness differ by"),
    "there is no witness": (
        Made(witness=None),
        "lessons/01_tiny/witness.py is missing; the hidden tests need double in it",
    ),
    "the witness is no Python": (
        Made(witness="def double(x)"),
        "witness.py cannot be run: SyntaxError",
    ),
    "the witness asks for the oracle": (
        Made(witness="from oracle import double"),
        "witness.py cannot be run: ModuleNotFoundError",
    ),
    "the witness lacks the function": (
        Made(witness=WITNESS.replace("double", "twice")),
        "witness.py has no function double",
    ),
    "the witness fails": (
        Made(witness=function("double", "return x / [].pop()")),
        "with the witness the test fails: IndexError",
    ),
    "the witness has another shape": (
        Made(witness=function("double", "return (x - -x)[None]")),
        "differ by infinitely many times the tolerance",
    ),
    "the oracle does not say how": (
        Made(oracle=ORACLE.replace("Route: a sum", "By a sum")),
        "oracle.double does not say how it works: its docstring must end with",
    ),
    "inputs do not say how": (
        Made(oracle=ORACLE.replace("Route: none", "None")),
        "oracle.inputs does not say how it works",
    ),
    "the witness does not say how": (
        Made(witness=WITNESS.replace("Route: a difference.", "Route: a way")),
        "double of lessons/01_tiny/witness.py does not say how it works",
    ),
    "both go one way": (
        Made(witness=WITNESS.replace("a difference", "a sum of two")),
        "oracle and witness do double in the same way: a sum of two",
    ),
    "the witness is a copy": (
        Made(witness=WITNESS.replace("x - -x", "x + x")),
        "double of lessons/01_tiny/witness.py is a copy of the oracle's",
    ),
    "the witness is the solution": (
        Made(witness=WITNESS.replace("x - -x", "2 * x")),
        "double of lessons/01_tiny/witness.py is a copy of the reference's",
    ),
    "the tolerance is too tight": (
        Made(HIDDEN.replace("(x))", "(x), rtol=1e-15, atol=0)")),
        "the tolerance is too tight: rounding the arguments moves the result",
    ),
    "digits cancel": (
        Made(
            compared("check.close('d', oracle.digits(x), oracle.digits(x))"),
            ORACLE + function("digits", "return (x + 1e9) * 1e9 - 1e18", "a sum"),
            function("digits", "return 1e9 * x"),
        ),
        "oracle and witness differ by",
    ),
    "floats must be equal": (
        Made(
            compared(
                "check.equal('f', float(double(x)[0]), oracle.double(float(x[0])))"
            )
        ),
        "too tight: rounding the arguments moves the result by infinitely many times",
    ),
    "the reference fails": (
        Made(compared("check.close('t', x, oracle.double(x))")),
        "with the oracle the test fails: CheckFailed",
    ),
    "inputs are compared": (
        Made(compared("check.close('x', x, x)\noracle.double(x)")),
        "oracle.inputs draws more than inputs: the test compares with it",
    ),
    "a condition": (
        Made(compared("check.that(oracle.double(x)[0] < 99, 'small')"), witness=OTHER),
        "oracle and witness differ by",
    ),
    "what is made of an outcome": (
        Made(
            compared("check.close('t', -double(x)[:1], -oracle.double(x)[:1])"),
            witness=OTHER,
        ),
        "oracle and witness differ by",
    ),
    "a letter": (
        Made(
            "check.equal('c', oracle.letter('a'), oracle.letter('a'))",
            function("letter", "return x", "the letter itself"),
            function("letter", "return x.upper()"),
        ),
        "differ by infinitely many times",
    ),
    "a way that hangs on rounding": (
        Made(
            "x = 1.0\nfor _ in range(1 + (oracle.double(x) == 2.0)):\n"
            "    check.close('t', double(x), 2.0)"
        ),
        "the test compares other things where numbers differ",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks_the_promise_is_said(name: str, tmp_path: Path) -> None:
    """Is there a failed case, and no crash, with the clear problem?"""
    made, said = BROKEN[name]
    assert said in made.problem(tmp_path)
    assert not made.row(tmp_path).case.passed


def test_what_a_test_derives_itself_needs_no_witness(tmp_path: Path) -> None:
    """Is a hidden part that asks the oracle for inputs alone left alone?"""
    made = Made(compared("check.close('t', double(x), x + x)"), witness=None)
    assert made.rows(tmp_path) == []


def test_one_row_speaks_for_a_witness_that_is_missing(tmp_path: Path) -> None:
    """Is the lesson told once, not once for each of its tests?"""
    row = Made(witness=None).row(tmp_path)
    assert (row.check, row.functions) == ("witness.py", ("double",))


def test_the_checks_are_left_as_they_were(tmp_path: Path) -> None:
    """Does check.close compare again after a run, also after one that failed?"""
    before = dict(vars(check))
    for made in (Made(), Made(witness=function("double", "return [].pop()"))):
        made.rows(tmp_path)
        assert dict(vars(check)) == before


@pytest.mark.parametrize(
    ("docstring", "route"),
    [
        ("Route: loops.", "loops"),
        ("What it is.\n\n    Route: torch.nn.RNN.\n    ", "torch.nn.RNN"),
        ("Route: loops.\n\nMore.", None),
        ("Route: loops", None),
        ("By loops.", None),
        (None, None),
    ],
)
def test_a_route_is_the_last_line(docstring: str | None, route: str | None) -> None:
    """Is the line found at the end of a docstring only, and with its point?"""

    def derivation() -> None:
        return None

    derivation.__doc__ = docstring
    assert read_route(derivation) == route and not is_input_generator(derivation)
