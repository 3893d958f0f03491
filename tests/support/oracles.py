"""A made lesson with an oracle and a witness, for the tests of cross-checks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent, indent

from unrolled.assignment.material import Material
from unrolled.author.lesson.parse import make_source_notebook, read_lesson
from unrolled.author.oracles.cross_check import CrossCheck, plan_cross_checks

LESSON = '''\
# %%
import numpy as np

from unrolled.lab import check


# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double_values" points=90
check.close("two", double(1.0), 2.0)
### BEGIN HIDDEN TESTS
{hidden}
### END HIDDEN TESTS

# %% [markdown] answer="why" points=10
# Because.
#
# **Marking scheme**
# - 10 points: a reason
'''

HIDDEN = """\
x = oracle.inputs(rng)
check.close("twice", double(x), oracle.double(x))"""

ORACLE = '''\
def double(x):
    """Twice x.

    Route: a sum of two.
    """
    return x + x


def inputs(rng):
    """Route: none, it draws inputs."""
    return rng.normal(size=3)
'''

WITNESS = '''\
def double(x):
    """Twice x.

    Route: a difference.
    """
    return x - -x
'''


def function(name: str, body: str, route: str = "a difference") -> str:
    """The text of a function of x with a route."""
    lines = indent(dedent(body).strip(), "    ")
    return f'def {name}(x):\n    """Route: {route}."""\n{lines}\n\n\n'


@dataclass(frozen=True)
class Made:
    """The texts of a lesson; each may be another than the right one."""

    hidden: str = HIDDEN
    oracle: str = ORACLE
    witness: str | None = WITNESS

    def material(self, folder: Path) -> Material:
        """The lesson as grading sees it."""
        path = folder / "01_tiny" / "tiny.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(LESSON.format(hidden=self.hidden))
        notebook = make_source_notebook(read_lesson(path))
        return Material(
            assignment="01_tiny",
            notebook="tiny",
            source=notebook,
            release=notebook,
            oracle=self.oracle,
        )

    def rows(self, folder: Path) -> list[CrossCheck]:
        """All rows of the lesson."""
        work = plan_cross_checks(self.material(folder), self.witness)
        return [row for piece in work for row in piece()]

    def row(self, folder: Path) -> CrossCheck:
        """The one row of the lesson."""
        (row,) = self.rows(folder)
        return row

    def problem(self, folder: Path) -> str:
        """The problems of the one row, in one text."""
        return "; ".join(self.row(folder).problems)
