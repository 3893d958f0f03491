"""`unrolled worker`: this machine as a worker of a Dask cluster that grades."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import Callable

from unrolled.errors import UserError
from unrolled.grade.engine import engine_digest
from unrolled.grade.workers import safe_worker, warm_worker

CONNECT_SECONDS = 60


def serve(
    address: str,
    jobs: int,
    host: str | None,
    allow_weak: bool,
    say: Callable[[str], None],
) -> None:
    """Work for the scheduler at `address`, `jobs` submissions at once, until it ends.

    Tries the sandbox first. Raises UserError if it does not hold here, if Dask is
    missing, or if no scheduler answers.
    """
    try:
        import distributed
    except ImportError as error:
        raise UserError(
            "a worker needs Dask: pip install 'unrolled[cluster]'"
        ) from error
    safe_worker(allow_weak)
    tried = warm_worker()
    say(f"sandbox: {tried.tier if tried else 'none'}; engine {engine_digest()[:12]}")
    if tried is not None:
        tried.stop()

    async def work() -> None:
        with tempfile.TemporaryDirectory(prefix="unrolled-worker-") as folder:
            nanny = distributed.Nanny(
                address,
                nthreads=jobs,
                host=host,
                local_directory=folder,
                dashboard=False,
                memory_limit=0,  # each submission has a limit of its own
                death_timeout=CONNECT_SECONDS,
            )
            async with nanny:
                say(f"working for {address}, {jobs} at once; Ctrl-C ends it")
                await nanny.finished()

    with contextlib.suppress(KeyboardInterrupt):
        try:
            asyncio.run(work())
        except (OSError, TimeoutError, RuntimeError) as error:
            raise UserError(
                f"{address}: no Dask scheduler answers ({error})."
            ) from error
