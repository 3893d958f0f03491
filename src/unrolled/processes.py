"""Processes that share work, and never outlive the one that started them."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from threading import Thread


def process_pool(
    count: int, prepare: Callable[[], None] | None = None
) -> ProcessPoolExecutor:
    """A pool of `count` fresh processes; each calls `prepare` first.

    They end with this process, also when it is killed: left to themselves they
    would wait for more work for ever.
    """
    return ProcessPoolExecutor(count, get_context("spawn"), _begin, (prepare,))


def _begin(prepare: Callable[[], None] | None) -> None:
    Thread(target=_end_with_parent, name="parent", daemon=True).start()
    if prepare is not None:
        prepare()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
