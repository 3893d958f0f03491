"""A small course folder of its own, with one lesson, for the authors' tests."""

from __future__ import annotations

import shutil
from pathlib import Path

from unrolled.course.model import Course, load_course

ROOT = Path(__file__).parents[2]

LESSON = '''\
# %% [markdown]
# # A lesson
#
# Doubling, with $2x$.

# %%
import numpy as np


# %% exercise="double"
def double(x):
    """Twice x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION


# %% check="double_values" points=60
assert double(2) == 4
### BEGIN HIDDEN TESTS
number = int(rng.integers(100))
assert double(number) == oracle.double(number)
### END HIDDEN TESTS

# %% show=true
print(double(21))

# %% [markdown] answer="why" points=40
# Because.
#
# **Marking scheme**
# - 30 points: a reason
# - 10 points: a good one
'''

COURSE = """\
[course]
id = "tiny"
title = "Tiny"
timezone = "America/Chicago"

[assignments.01_tiny]
title = "Tiny"
due = 2027-02-05 23:59:00
late = { per_day = 10, max = 50, grace_minutes = 15 }
"""


def make_course(folder: Path, lesson: str = LESSON) -> Course:
    """A course with one assignment, 01_tiny."""
    (folder / "lessons" / "01_tiny").mkdir(parents=True)
    (folder / "lessons" / "01_tiny" / "tiny.py").write_text(lesson)
    (folder / "lessons" / "01_tiny" / "oracle.py").write_text(
        'def double(x):\n    """Route: a sum of two."""\n    return x + x\n'
    )
    (folder / "lessons" / "01_tiny" / "witness.py").write_text(
        'def double(x):\n    """Route: a difference."""\n    return x - -x\n'
    )
    (folder / "course.toml").write_text(COURSE)
    shutil.copyfile(ROOT / "nbgrader_config.py", folder / "nbgrader_config.py")
    return load_course(folder)
