"""Where student code runs: a fresh process, or a fork of a warm one."""

from unrolled.grade.worker.errors import GradingError, ProcessLostError
from unrolled.grade.worker.worker import SubprocessWorker, Worker
from unrolled.grade.worker.zygote_worker import ZygoteWorker

__all__ = [
    "GradingError",
    "ProcessLostError",
    "SubprocessWorker",
    "Worker",
    "ZygoteWorker",
]
