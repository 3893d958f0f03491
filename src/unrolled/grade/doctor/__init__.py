"""Which protections hold on this machine, found by trying them."""

from unrolled.grade.doctor.doctor import Checkup, run_checkups
from unrolled.grade.doctor.select_worker import (
    select_safe_worker,
    select_trusted_worker,
    select_warm_worker,
)

__all__ = [
    "Checkup",
    "run_checkups",
    "select_safe_worker",
    "select_trusted_worker",
    "select_warm_worker",
]
