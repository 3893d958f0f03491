"""A stand-in for the module `z2jh` of the chart's hub image: the chart's values.

The chart's own defaults are not here; `get_config` looks into our values.yaml only.
"""

from __future__ import annotations

from typing import Any

from support.deploy_files import documents

(VALUES,) = documents("kubernetes/values.yaml")


def get_config(key: str, default: Any = None) -> Any:
    """The value under a dotted key, as the chart's own function gives it."""
    value: Any = VALUES
    for name in key.split("."):
        if not isinstance(value, dict) or name not in value:
            return default
        value = value[name]
    return value
