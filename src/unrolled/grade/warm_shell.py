"""The shell of a student's process, with the usual libraries imported and used once."""

from __future__ import annotations

import random
import sys

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
    if "torch" in sys.modules:
        sys.modules["torch"].manual_seed(0)


def make_child_shell(warm: bool) -> StudentShell:
    """A shell; a warm one has the usual libraries imported and used once."""
    drop_working_folder_from_path()
    shell = make_shell()
    shell.enable_matplotlib("inline")  # figures as in Jupyter: shown after their cell
    if warm:
        _use_torch()
        run_cell(shell, _WARM_UP)
        run_cell(shell, "1 / 0")
        shell.reset(new_session=True)
    _seed()  # forks inherit it: torch's seeding is the slowest part of a start
    return shell


_WARM_UP = """
import numpy as np, numpy.testing, unittest
import matplotlib.pyplot as plt
from unrolled.lab import check, explore, show, style
fig, ax = plt.subplots(); ax.plot([0, 1])
"""


def _use_torch() -> None:
    """One forward and backward pass in one thread, where torch is installed."""
    try:
        import torch
    except ImportError:
        return
    torch.set_num_threads(1)
    weights = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
    torch.autograd.grad(torch.tanh(weights @ weights).sum(), weights)
