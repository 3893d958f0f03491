"""Which protections hold on this machine, found by trying them."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.grade.doctor.doctor import run_checkups
    from unrolled.grade.doctor.select_worker import select_trusted_worker
else:
    __getattr__ = open_late(__name__)

__all__ = ["run_checkups", "select_trusted_worker"]
