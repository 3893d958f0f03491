"""A course of odd titles, with a hub and without dates in part."""

from __future__ import annotations

from pathlib import Path

from unrolled.canvas.cartridge.model import (
    AssignmentItem,
    Page,
    build_modules,
    list_items,
)
from unrolled.course.model import Course, load_course

TWO = """\
[course]
id = "odd"
title = "Odd & <Even>"
timezone = "America/Chicago"

[canvas]
hub = "https://hub.example.edu/?a=1&b=2"

[assignments.01_a]
title = "R&D <1>"
release = 2027-01-25 09:00:00
due = 2027-07-05 23:59:00
points = 12.5
late = { per_day = 10, max = 50, grace_minutes = 15 }

[assignments.02_b]
title = "門"

[assignments.03_c]
title = "R&D 1"
"""
LESSON = '''\
# %% [markdown]
# # Title
#
# See [notes](../NOTATION.md), [this](https://example.org) and $x < y$.
#
# <script>alert(1)</script>
#
# ![a picture](figure.png)

# %% [markdown]
# $$h_t = 1$$

# %% exercise="one"
def one():
    """never in the overview"""
    ### BEGIN SOLUTION
    return 1
    ### END SOLUTION


# %% check="one_value" points=100
assert one() == 1
'''


def make_odd(root: Path) -> Course:
    """A course of odd titles, without dates in part, with a hub."""
    (root / "course.toml").write_text(TWO)
    for name, file in (("01_a", "a"), ("02_b", "b"), ("03_c", "c")):
        folder = root / "lessons" / name
        folder.mkdir(parents=True)
        (folder / f"{file}.py").write_text(LESSON)
    return load_course(root)


def all_items(course: Course) -> list[Page | AssignmentItem]:
    """Pages and assignments in their order."""
    return list(list_items(build_modules(course)))
