"""`unrolled worker`: this machine as a worker of a Dask cluster that grades."""

from __future__ import annotations

import asyncio
import atexit
import tempfile
import threading
from collections.abc import Callable

from unrolled.errors import UserError
from unrolled.grade.doctor.select_worker import select_safe_worker, select_warm_worker
from unrolled.grade.scheduling.engine_digest import compute_engine_digest
from unrolled.grade.scheduling.pool import JudgePool
from unrolled.grade.scheduling.wire import WorkerAnswer, decode_job, encode_answer

CONNECT_SECONDS = 60
_thread_state = threading.local()


def run_remote_job(material: bytes, job: bytes, *, allow_weak: bool) -> bytes:
    """Grade a job; the answer as bytes, whatever happens."""
    try:
        (graded,) = _get_pool(allow_weak=allow_weak).run([decode_job(material, job)])
    except UserError as error:
        return encode_answer(WorkerAnswer(compute_engine_digest(), None, str(error)))
    return encode_answer(WorkerAnswer(compute_engine_digest(), graded))


def _get_pool(*, allow_weak: bool) -> JudgePool:
    """This thread's judge, kept warm until the worker ends."""
    pool: JudgePool | None = getattr(_thread_state, "pool", None)
    if pool is None or pool.allow_weak != allow_weak:
        pool = _thread_state.pool = JudgePool(1, allow_weak=allow_weak)
        atexit.register(pool.__exit__)
    return pool


def serve(
    address: str,
    jobs: int,
    host: str | None,
    *,
    allow_weak: bool,
    say: Callable[[str], None],
) -> None:
    """Work for the scheduler at `address`, `jobs` submissions at once, until it ends.

    Tries the sandbox first. Raises UserError if it does not hold here, if Dask is
    missing, or if no scheduler answers.
    """
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise UserError(
            "a worker needs Dask: pip install 'unrolled[cluster]'"
        ) from error
    select_safe_worker(allow_weak=allow_weak)
    worker = select_warm_worker()
    engine = compute_engine_digest()[:12]
    say(f"sandbox: {worker.tier if worker else 'none'}; engine {engine}")
    if worker is not None:
        worker.stop()  # each judge starts its own

    try:
        asyncio.run(_work(address, jobs, host, say))
    except KeyboardInterrupt:
        pass
    except (OSError, TimeoutError, RuntimeError) as error:
        raise UserError(f"{address}: no Dask scheduler answers ({error}).") from error


async def _work(
    address: str, jobs: int, host: str | None, say: Callable[[str], None]
) -> None:
    from distributed import Nanny

    with tempfile.TemporaryDirectory(prefix="unrolled-worker-") as folder:
        # A nanny, as it starts a worker anew that has died.
        async with Nanny(
            address,
            nthreads=jobs,
            host=host,
            local_directory=folder,
            dashboard=False,
            memory_limit=0,  # each submission has a limit of its own
            death_timeout=CONNECT_SECONDS,
        ) as nanny:
            say(f"working for {address}, {jobs} at once; Ctrl-C ends it")
            await nanny.finished()
