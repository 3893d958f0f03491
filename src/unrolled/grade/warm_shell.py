"""The shell of a student's process, with the usual libraries imported and used once."""

from __future__ import annotations

import random

import numpy as np

from unrolled.grade.shell import (
    StudentShell,
    drop_working_folder_from_path,
    make_shell,
    run_cell,
)


def _seed() -> None:
    random.seed(0)
    np.random.seed(0)


def make_child_shell(warm: bool) -> StudentShell:
    """A shell; a warm one has the usual libraries imported and used once."""
    drop_working_folder_from_path()
    shell = make_shell()
    shell.enable_matplotlib("inline")  # figures as in Jupyter: shown after their cell
    if warm:
        run_cell(shell, _WARM_UP)
        run_cell(shell, "1 / 0")
        shell.reset(new_session=True)
    _seed()  # forks inherit it
    return shell


_WARM_UP = """
import numpy as np, numpy.testing, unittest
import matplotlib.pyplot as plt
from unrolled.lab import check, explore, show, style
fig, ax = plt.subplots(); ax.plot([0, 1])
"""
