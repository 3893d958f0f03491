"""Pieces of work that `unrolled verify` shares out to processes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import as_completed
from dataclasses import dataclass
from typing import Generic, TypeVar

from unrolled.processes import make_process_pool

Step = Callable[[int, int, str], None]
Result = TypeVar("Result")


@dataclass(frozen=True)
class WorkItem(Generic[Result]):
    """A piece of work; one that `waits` keeps no processor busy most of its time."""

    work: Callable[[], list[Result]]
    waits: bool = False


def run_all(
    work: Iterable[WorkItem[Result]],
    jobs: int,
    step: Step,
    name: Callable[[Result], str],
) -> list[Result]:
    """The results of all pieces of work, in their order; `step` is told what is done.

    Each runs in one of `jobs` processes, or in one of twice as many beside them if
    it waits. `name` is what `step` calls a piece of work, by its first result.
    """
    pools = [make_process_pool(n) for n in (jobs, 2 * jobs)]
    try:
        futures = [pools[piece.waits].submit(piece.work) for piece in work]
        for done, future in enumerate(as_completed(futures), 1):
            results = future.result()
            step(done, len(futures), name(results[0]) if results else "")
        return [item for future in futures for item in future.result()]
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)
