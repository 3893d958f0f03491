"""Which tiers of the sandbox start on this machine, asked once for all tests."""

from __future__ import annotations

import platform
import re
from functools import cache
from pathlib import Path

from unrolled.grade.doctor.doctor import check_start
from unrolled.grade.worker.errors import GradingError
from unrolled.grade.worker.zygote_worker import ZygoteWorker
from unrolled.sandbox.isolate import Tier


@cache
def starts(tier: Tier) -> bool:
    """Whether a tier starts here; what it holds is the doctor's to try."""
    try:
        with ZygoteWorker(tier) as worker:
            check_start(worker)
    except GradingError:
        return False
    return True


def has_huge_pages() -> bool:
    """Whether this kernel takes the advice: 6.1 and later, built with huge pages."""
    numbers = re.findall(r"\d+", platform.release())
    is_new = tuple(map(int, numbers[:2])) >= (6, 1)
    return is_new and Path("/sys/kernel/mm/transparent_hugepage").exists()
