"""`unrolled trace`: record how long training steps take on this machine."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.trace.record import TraceSettings, record_trace, write_trace
    from unrolled.trace.report import TraceReport
else:
    __getattr__ = open_late(__name__)

__all__ = ["TraceReport", "TraceSettings", "record_trace", "write_trace"]
