"""Which submission is judged when and where: on this machine or on a cluster."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.grade.scheduling.cluster_worker import serve
    from unrolled.grade.scheduling.engine_digest import compute_engine_digest
    from unrolled.grade.scheduling.pool import JudgePool
else:
    __getattr__ = open_late(__name__)

__all__ = ["JudgePool", "compute_engine_digest", "serve"]
