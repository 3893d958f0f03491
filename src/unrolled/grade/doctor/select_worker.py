"""The worker that this machine allows: found once for a process, and kept warm."""

from __future__ import annotations

import atexit
import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from unrolled.errors import UserError
from unrolled.grade.doctor.doctor import check_start, find_missing_protections
from unrolled.grade.worker import (
    GradingError,
    SubprocessWorker,
    Worker,
    ZygoteWorker,
)
from unrolled.sandbox.isolate import Tier

TRIES = 2  # a process may be killed while it starts
TIER_VARIABLE = "UNROLLED_TIER"  # for tests, and for people who look for a fault


@dataclass(frozen=True)
class JudgeReady:
    """A judge's first message: it is warm, and has tried the sandbox if it was to.

    One that was not to try it may have come up in a weaker tier, or in none: it is
    for the pool to see that, and to give it no work. The class stands here and not in
    judge_process, which runs as __main__: there the pipe would pickle another class.
    """

    tier: str


_launched: list[ZygoteWorker] = []


def launch_warm_worker(libraries: Iterable[str]) -> None:
    """Let the warm worker of the strongest tier come up, with what a notebook imports.

    It is for who has something else to do before it calls `select_warm_worker`.
    """
    for tier in _list_tiers()[:1]:
        worker = ZygoteWorker(tier, libraries=tuple(libraries))
        with contextlib.suppress(OSError):  # it is tried again
            worker.launch()
            _launched.append(worker)


def connect_warm_worker(name: str) -> ZygoteWorker | None:
    """A worker on the warm process that was launched; None if that is gone.

    It is for a process that is forked next: `use_warm_worker` takes it there.
    """
    try:
        return _launched[0].connect(name) if _launched else None
    except GradingError:
        _launched.clear()
        return None


def has_warm_worker() -> bool:
    """Whether there is still a warm worker that was launched, as far as is known."""
    return bool(_launched)


def use_warm_worker(worker: ZygoteWorker | None) -> None:
    """Make `worker` the first choice in a process that was just forked."""
    for inherited in _launched:
        inherited.forget()
    _launched[:] = [worker] if worker is not None else []


def _list_tiers() -> list[Tier]:
    """The tiers to try, the strongest first."""
    tiers: tuple[Tier, ...] = ("namespaces", "landlock")
    forced = os.environ.get(TIER_VARIABLE)
    return [tier for tier in tiers if forced in (None, "", tier)]


@cache
def select_warm_worker() -> ZygoteWorker | None:
    """The warm worker of the strongest tier that starts here; None if none does."""
    for tier in (t for t in _list_tiers() for _ in range(TRIES)):
        worker = _launched.pop() if _launched else ZygoteWorker(tier)
        try:
            worker.start()
            check_start(worker)
        except GradingError:
            worker.stop()
            continue
        atexit.register(worker.stop)
        return worker
    return None


def stop_warm_worker() -> None:
    """End the warm worker of this process, if there is one."""
    started = select_warm_worker() if select_warm_worker.cache_info().currsize else None
    for worker in (*_launched, started):
        if worker is not None:
            worker.stop()


@cache
def _find_lacking() -> tuple[str, ...]:
    worker = select_warm_worker()
    if worker is None:
        return ("sandbox",)
    lacking = find_missing_protections(worker)
    return lacking and find_missing_protections(worker)  # a probe may have been killed


def select_safe_worker(*, allow_weak: bool = False) -> Worker:
    """The worker for untrusted code.

    Raises UserError if a protection of the floor does not hold here, as tried,
    unless `allow_weak`.
    """
    lacking = _find_lacking()
    if lacking and not allow_weak:
        raise UserError(
            "student code cannot be graded safely on this machine; missing protection: "
            f"{', '.join(lacking)}. `unrolled doctor` says what to install; "
            "--allow-weak grades anyway, with all the rights of this account."
        )
    return select_warm_worker() or SubprocessWorker()


def get_tier(worker: Worker) -> Tier:
    """The tier that a worker shuts its processes off in."""
    return worker.tier if isinstance(worker, ZygoteWorker) else "none"


def select_trusted_worker() -> Worker:
    """The fastest worker for code of our own, such as solutions."""
    return select_warm_worker() or SubprocessWorker()
