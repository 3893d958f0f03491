""""""

from __future__ import annotations

from nbgrader.api import Gradebook
from nbgrader.utils import parse_utc
from support.exchange_course import COURSE, NAME, Hub


def grade(hub: Hub, student: str, waits: bool) -> None:
    """As a grader leaves it: the rows, the notebook, the student's secret."""
    stamp = (hub.submitted(student) / "timestamp.txt").read_text()
    with Gradebook(f"sqlite:///{hub.course / 'gradebook.db'}", COURSE) as gradebook:
        gradebook.update_or_create_assignment(NAME)
        gradebook.update_or_create_notebook("forward_pass", NAME)
        for name in ("a", "c"):
            gradebook.update_or_create_grade_cell(
                name, "forward_pass", NAME, max_score=5, cell_type="code"
            )
        gradebook.update_or_create_student(student)
        submission = gradebook.update_or_create_submission(
            NAME, student, timestamp=parse_utc(stamp)
        )
        for cell in submission.notebooks[0].grades:
            cell.needs_manual_grade = waits and cell.name == "c"
        gradebook.db.commit()
    place = hub.course / "autograded" / student / NAME
    place.mkdir(parents=True, exist_ok=True)
    (place / "forward_pass.ipynb").write_text("graded")


CONFIG = """
c = get_config()
from pathlib import Path
from unrolled.pipeline import configure
configure(c, Path(__file__).resolve().parent)
c.Exchange.root = {exchange!r}
c.ExchangeCollect.check_owner = False
"""
