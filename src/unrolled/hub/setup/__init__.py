"""From a clone of the course to a hub that answers, and down again."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.hub.setup.process import RunningHub, restart_hub, stop_hub
    from unrolled.hub.setup.start import prepare_hub, purge_hub
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "RunningHub",
    "prepare_hub",
    "purge_hub",
    "restart_hub",
    "stop_hub",
]
