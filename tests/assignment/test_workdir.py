"""Data files of an assignment: where its code looks for them, on both sides."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support.small_assignment import QUICK, by_id, cell, material, submission

from unrolled.assignment.material import Material
from unrolled.assignment.reference import build_reference
from unrolled.assignment.workdir import open_workdir
from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import JudgeInput
from unrolled.grade.submission.rebuild import rebuild_submission

ROOT = Path(__file__).parents[2]
READS = "with open('data/factor.txt') as file:\n    factor = int(file.read())"


def with_data() -> Material:
    """The small assignment, with a given cell that reads a data file."""
    made = material()
    for notebook in (made.source, made.release):
        notebook["cells"].insert(1, {**cell("code", READS), "id": "reads"})
    return replace(made, data={"data/factor.txt": b"2"})


def test_both_sides_find_the_data() -> None:
    """Do reference and student read the same file beside the notebook?"""
    trusted = with_data()
    reference = build_reference(trusted)
    assert reference.names["factor"] == 2
    work = submission(double="return factor * x", quadruple="return 4 * x")
    work["cells"].insert(1, {**cell("code", READS), "id": "reads"})
    rebuilt = rebuild_submission(trusted, work).notebook
    verdict = judge_submission(
        JudgeInput(trusted, rebuilt, 1, QUICK),
        reference,
        select_trusted_worker(),
    )
    assert all(v.passed for v in by_id(verdict).values())


def test_missing_data_is_a_fault_of_the_lesson() -> None:
    """Is the author told which cell of the reference failed?"""
    with pytest.raises(UserError, match="FileNotFoundError"):
        build_reference(replace(with_data(), data={}))


def test_a_workplace_goes_away() -> None:
    """Is the process back where it was, and the folder gone, after an error too?"""
    before = Path.cwd()
    with pytest.raises(ZeroDivisionError), open_workdir({"a/b.txt": b"c"}) as folder:
        assert Path("a/b.txt").read_bytes() == b"c" and Path.cwd() != before
        1 / 0  # noqa: B018
    assert Path.cwd() == before and not folder.exists()


SCRIPT = """
import json, sys
from pathlib import Path
from unrolled.author.verify.cases import make_solved_notebook
from unrolled.course.model import load_course
from unrolled.assignment.load import load_material, load_reference
from unrolled.grade.judge.student_process import StudentProcess
from unrolled.course.limits import Limits
from unrolled.grade.judge.verdict import JudgeInput
from unrolled.grade.doctor.select_worker import select_trusted_worker
import time

if __name__ == "__main__":
    material = load_material(load_course(Path(sys.argv[1])), "02_forward_pass")
    load_reference(material)
    notebook = make_solved_notebook(material)
    own = {"cell_type": "code", "id": "own", "metadata": {}, "outputs": []}
    own |= {"source": "import sys\\nseen = 'keras' in sys.modules"}
    notebook["cells"].append(own)
    task = JudgeInput(material, notebook, 1, Limits())
    process = StudentProcess(task, select_trusted_worker(), time.monotonic() + 100)
    session = process.open_session()
    session.begin_check()
    seen = session.look_up_name("seen")
    process.close()
    print(json.dumps({"judge": "keras" in sys.modules, "student": seen}))
"""


def test_grading_another_assignment_never_imports_keras() -> None:
    """Does 02_forward_pass pay nothing for 07_hardware, in judge, zygote and child?"""
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(ROOT)],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert json.loads(told.stdout) == {"judge": False, "student": False}
