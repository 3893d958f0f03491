"""The axes that figures are drawn on."""

from __future__ import annotations

from support.axes import ax

__all__ = ["ax"]
