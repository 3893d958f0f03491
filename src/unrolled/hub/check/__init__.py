"""`unrolled hub check`: whether a running hub is as it should be."""

from unrolled.hub.check.check import HubCheck, check_hub

__all__ = ["HubCheck", "check_hub"]
