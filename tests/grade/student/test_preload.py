"""Slow libraries: imported before the fork, where the notebook imports them so."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from support.small_assignment import by_id, cell, material, submission

from unrolled.assignment.reference import build_reference
from unrolled.course.limits import Limits
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import JudgeInput
from unrolled.grade.session.session import Budget, Session
from unrolled.grade.student.preload import find_slow_imports
from unrolled.grade.submission.rebuild import rebuild_submission
from unrolled.grade.worker.worker import Channel
from unrolled.grade.worker.zygote_worker import ZygoteWorker

TORCH = 'import os\nos.environ.setdefault("KERAS_BACKEND", "torch")\nimport keras'
LOOK = """
import json, os, sys
print(json.dumps(["keras" in sys.modules, os.environ.get("KERAS_BACKEND")]))
"""


def new_worker() -> ZygoteWorker:
    """A warm process in the tier that this machine has."""
    return ZygoteWorker("namespaces" if sys.platform == "linux" else "none")


@pytest.fixture(scope="module")
def worker() -> Iterator[ZygoteWorker]:
    """A warm process of this file's own."""
    with new_worker() as made:
        yield made


def said(worker: ZygoteWorker, libraries: Sequence[str], source: str) -> str:
    """What a cell prints in a new student's process."""
    limits = Limits()
    channel = worker.open({}, limits, libraries)
    session = Session(channel, Budget(limits=limits, end=time.monotonic() + 60))
    try:
        session.start()
        _, outputs = session.run_cell(0, source)
    finally:
        session.close()
    return "".join(o.get("text", "") for o in outputs)


def seen(worker: ZygoteWorker, *libraries: str) -> Any:
    """Whether a new student's process has Keras already, and its environment."""
    return json.loads(said(worker, libraries, LOOK))


def notebook(*sources: str) -> Any:
    """An instructor's notebook."""
    return {"cells": [cell("code", source) for source in sources]}


def test_a_students_process_has_what_its_notebook_imports(worker: ZygoteWorker) -> None:
    """Is Keras there before the student's first cell, and nothing else changed?"""
    assert seen(worker, *find_slow_imports(notebook("x = 1", TORCH))) == [True, None]
    name = "import keras\nprint(keras.backend.backend(), keras.Variable(2.0) + 1)"
    assert said(worker, ["keras"], name).startswith("torch")


def test_nobody_else_has_it(worker: ZygoteWorker) -> None:
    """Does a notebook without Keras get a process without it, also after one with?"""
    assert seen(worker, "keras") == [True, None]
    assert seen(worker) == [False, None]
    assert seen(worker, "keras") == [True, None]


@pytest.mark.parametrize(
    "source",
    [
        "import numpy",
        "import keras",
        'os.environ["KERAS_BACKEND"] = "jax"\nimport keras',
        TORCH.replace("import keras", "# import keras"),
    ],
)
def test_an_import_of_another_kind_is_left_to_the_notebook(source: str) -> None:
    """Is nothing imported early that the notebook imports in another way, or not?"""
    assert find_slow_imports(notebook(source)) == ()
    assert find_slow_imports(notebook(TORCH)) == ("keras",)
    assert find_slow_imports(notebook("import torch")) == ("torch",)
    assert find_slow_imports({"cells": [cell("markdown", TORCH)]}) == ()


def test_a_students_own_import_is_early_if_it_is_the_same_for_all() -> None:
    """PyTorch is PyTorch, but Keras may have another backend."""
    assert find_slow_imports(notebook("x = 1"), ["x = 2", "import torch as t"]) == (
        "torch",
    )
    inside = "def double(x):\n    from torch import tensor\n    return 2 * tensor(x)"
    assert find_slow_imports(notebook("x = 1"), [inside]) == ("torch",)
    assert find_slow_imports(notebook("x = 1"), ["import numpy as np, torch"]) == (
        "torch",
    )
    assert find_slow_imports(notebook("x = 1"), ["# import torch", TORCH]) == ()
    assert find_slow_imports(notebook(TORCH), ["import torch"]) == ("torch", "keras")


class Recorder:
    """A worker that notes which libraries it is asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []

    def open(
        self, data: dict[str, bytes], limits: Limits, libraries: Sequence[str] = ()
    ) -> Channel:
        """Note them, and open a process as ever."""
        self.asked.append(tuple(libraries))
        return select_trusted_worker().open(data, limits, libraries)


@pytest.mark.parametrize(
    ("body", "libraries"),
    [("import torch\n    return 2 * x", ("torch",)), ("return 2 * x", ())],
)
def test_the_judge_asks_for_what_the_student_imports(
    body: str, libraries: tuple[str, ...]
) -> None:
    """Does an import in a student's function reach the warm process, and pass?"""
    trusted, worker = material(), Recorder()
    rebuilt = rebuild_submission(trusted, submission(double=body)).notebook
    task = JudgeInput(trusted, rebuilt, 1, Limits())
    verdict = judge_submission(task, build_reference(trusted), worker)
    assert by_id(verdict)["double_values"].passed
    assert set(worker.asked) == {libraries}


def test_torch_is_ready_for_use() -> None:
    """Is it seeded and in one thread where it is imported early, and else not there?"""
    look = "import sys\nprint('torch' in sys.modules)\nimport torch\n"
    look += "print(torch.get_num_threads(), torch.initial_seed())"
    with new_worker() as worker:
        assert said(worker, [], look).startswith("False\n1 ")
        assert said(worker, ["torch"], look) == "True\n1 0\n"


def test_torch_stays_for_those_who_come_later() -> None:
    """Is the warm process the same before, with and after a notebook with PyTorch?"""
    with new_worker() as worker:
        processes = []
        for libraries in ([], ["torch"], []):
            said(worker, libraries, "x = 1")
            assert worker._process is not None
            processes.append(worker._process.pid)
    assert len(set(processes)) == 1


def test_an_optimizer_is_made_without_an_import(worker: ZygoteWorker) -> None:
    """Is what torch imports at the first optimizer there before?"""
    source = "import torch\noptimizer = torch.optim.Adam(model.parameters())"
    look = "import sys\nbefore = set(sys.modules)\nimport torch\n"
    look += "torch.optim.Adam([torch.ones(2)])\nprint(len(set(sys.modules) - before))"
    names = find_slow_imports(notebook(source))
    cold, warm = said(worker, (), look), said(worker, names, look)
    assert int(cold) > 100 > 20 > int(warm)


@pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's /proc: run on Linux")
def test_the_warm_process_stays_in_one_thread(worker: ZygoteWorker) -> None:
    """Can it still be forked safely, once all of them are imported?"""
    seen(worker, "torch", "torch._dynamo", "keras")
    assert worker._process is not None
    pids = [worker._process.pid]
    for pid in pids:
        task = Path(f"/proc/{pid}/task")
        assert len(list(task.iterdir())) == 1
        pids += map(int, (task / str(pid) / "children").read_text().split())
    assert len(pids) >= 2


def test_an_unknown_library_is_not_imported(worker: ZygoteWorker) -> None:
    """Is only what we know imported, whatever a request names?"""
    look = "import sys\nprint('this' in sys.modules)"
    assert said(worker, ["this"], look) == "False\n"
