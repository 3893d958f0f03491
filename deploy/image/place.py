"""In the grader's container: the course into the grader's home, the first time.

Then it is built and registered, as at every start. It runs as the grader.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from unrolled.course.model import load_course
from unrolled.hub.plan import make_plan
from unrolled.hub.setup.course_folder import copy_course

PROJECT = Path(__file__).resolve().parents[2]


def main() -> None:
    """Place the course and build it."""
    course = load_course(PROJECT)
    plan = make_plan(course)
    copied = copy_course(plan, course)
    print("the course is placed" if copied else "the course is there already")
    program = str(plan.staff_env / "bin" / "unrolled")
    subprocess.run([program, "build"], cwd=plan.course_root, check=True)


if __name__ == "__main__":
    main()
