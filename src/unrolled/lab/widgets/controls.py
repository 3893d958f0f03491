"""The controls of a figure: what a student may choose, and which values are shown
where nobody can choose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

import ipywidgets as widgets

from unrolled.errors import UserError

PANELS = 3
CHOICES = 4
_STEPS = 50
_WIDE = widgets.Layout(width="28rem", max_width="100%")


@dataclass(frozen=True)
class Slider:
    """Numbers from low to high; all whole numbers if low, high and step are."""

    name: str
    low: float
    high: float
    step: float

    @property
    def whole(self) -> bool:
        """Whether the slider gives whole numbers."""
        return all(type(n) is int for n in (self.low, self.high, self.step))

    def at(self, share: float) -> float:
        """The value at a share (0 to 1) of the way, on a step of the slider."""
        steps = round(share * (self.high - self.low) / self.step)
        value = min(self.low + steps * self.step, self.high)
        return value if self.whole else float(f"{value:.12g}")

    @property
    def first(self) -> float:
        """The value shown at first: the middle."""
        return self.at(0.5)

    @property
    def samples(self) -> list[Any]:
        """A few values for static panels: both ends and the middle."""
        values = [self.at(k / (PANELS - 1)) for k in range(PANELS)]
        return list(dict.fromkeys(values))

    def widget(self) -> widgets.DOMWidget:
        """The live slider, with its whole name as label."""
        kind = widgets.IntSlider if self.whole else widgets.FloatSlider
        return kind(
            value=self.first,
            min=self.low,
            max=self.high,
            step=self.step,
            **_make_label_options(self.name),
            **({} if self.whole else {"readout_format": ".4g"}),
        )


@dataclass(frozen=True)
class Choice:
    """One of a list of values."""

    name: str
    values: tuple[Any, ...]

    @property
    def first(self) -> Any:
        """The value shown at first."""
        return self.values[0]

    @property
    def samples(self) -> list[Any]:
        """A few values for static panels, from the first to the last."""
        n = len(self.values)
        count = min(n, CHOICES)
        spots = [round(k * (n - 1) / max(1, count - 1)) for k in range(count)]
        return [self.values[k] for k in spots]

    def widget(self) -> widgets.DOMWidget:
        """A slider for numbers, a drop-down list for anything else."""
        options = [(format_value(v), v) for v in self.values]
        numbers = all(type(v) in (int, float) for v in self.values)
        kind = widgets.SelectionSlider if numbers else widgets.Dropdown
        return kind(options=options, value=self.first, **_make_label_options(self.name))


Control = Slider | Choice


def _make_label_options(name: str) -> dict[str, Any]:
    return {
        "description": format_name(name),
        "tooltip": format_name(name),
        "style": {"description_width": "9rem"},
        "layout": _WIDE,
    }


def format_name(name: str) -> str:
    """A parameter's name as words: "learning rate"."""
    return name.replace("_", " ").strip()


def format_value(value: Any) -> str:
    """A value as a label: numbers with four digits, words as they are."""
    return format(value, ".4g") if type(value) is float else str(value)


def make_control(name: str, given: Any) -> Control:
    """The control that (low, high), (low, high, step) or [choices] stands for.

    Raises UserError if it is neither.
    """
    if type(given) is list and given:
        return Choice(name, tuple(given))
    if type(given) is tuple and len(given) in (2, 3) and _is_ascending(given):
        whole = all(type(n) is int for n in given)
        step = 1 if whole else (given[1] - given[0]) / _STEPS
        return Slider(name, given[0], given[1], given[2] if given[2:] else step)
    raise UserError(
        f"explore: the control {name} is not (low, high), (low, high, step) or "
        "[choices]: give numbers with low below high and a step above 0, or a list"
    )


def _is_ascending(given: tuple[Any, ...]) -> bool:
    numbers = all(type(n) in (int, float) for n in given)
    return numbers and given[0] < given[1] and (len(given) == 2 or given[2] > 0)


def list_panels(
    controls: list[Control], static: Mapping[str, list[Any]] | None
) -> list[dict[str, Any]]:
    """The parameters of each static panel; the first control varies by default.

    Raises UserError if `static` names an unknown control or holds no values.
    """
    known = {c.name: c for c in controls}
    varied = dict(static) if static else {c.name: c.samples for c in controls[:1]}
    for name, values in varied.items():
        if name not in known or not values:
            raise UserError(f"explore: static has no control or no values for {name}")
    fixed = {c.name: c.first for c in controls}
    rows = product(*varied.values())
    return [{**fixed, **dict(zip(varied, row, strict=True))} for row in rows]
