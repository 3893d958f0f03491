"""`unrolled hub check`: whether a running hub is as it should be."""

from unrolled.hub.check.check import check_hub
from unrolled.hub.check.finding import HubCheck

__all__ = ["HubCheck", "check_hub"]
