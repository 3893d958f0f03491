"""A figure with sliders: live where a kernel listens, small multiples elsewhere.

A kernel cannot see its front end, so one bundle holds both: the widget, and a PNG
of static small multiples for pages, graders and PDF.
"""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
from IPython.core.interactiveshell import InteractiveShell
from matplotlib.figure import Figure

from unrolled.errors import UserError
from unrolled.lab.checks.call import read_message
from unrolled.lab.checks.describe import get_type_name
from unrolled.lab.checks.errors import clip
from unrolled.lab.figures import style
from unrolled.lab.widgets.controls import (
    Control,
    format_name,
    format_value,
    list_panels,
    make_control,
)
from unrolled.lab.widgets.display import compute_page_size, publish, render_png

Draw = Callable[..., Any]
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_MAX_WIDTH = 13.0
_ERROR_LIMIT = 200
_UNSEEN = "position: absolute; width: 1px; height: 1px; overflow: hidden"


@dataclass(frozen=True)
class Picture:
    """A pure function that draws on axes, its size in inches, and its words."""

    draw: Draw
    size: tuple[float, float]
    alt: str


def explore(
    draw: Draw,
    *,
    alt: str,
    size: tuple[float, float] = (6.4, 3.6),
    static: Mapping[str, list[Any]] | None = None,
    **controls: Any,
) -> None:
    """Show `draw(ax, **params)` with a control for each parameter.

    A control is (low, high) or (low, high, step) for a slider, or a list of
    choices. `size` is width and height in inches, `static` the values of the
    panels that are shown where nothing is live, as {"name": [values]}.
    Raises UserError if a control cannot be read or `alt` is empty.
    """
    if not alt.strip() or not controls:
        raise UserError("explore: give alt, a sentence, and at least one control")
    picture = Picture(draw, size, alt)
    parsed = [make_control(name, given) for name, given in controls.items()]
    png = render_multiples(picture, parsed, static)
    view = {}
    if InteractiveShell.initialized():
        view = {WIDGET_VIEW: make_widget(picture, parsed).get_view_spec()}
    publish(png, alt, **view)


def render_multiples(
    picture: Picture,
    controls: list[Control],
    static: Mapping[str, list[Any]] | None = None,
) -> bytes:
    """A PNG of one panel for each set of static parameters."""
    sets = list_panels(controls, static)
    columns = max(1, min(len(sets), int(_MAX_WIDTH // picture.size[0])))
    rows = math.ceil(len(sets) / columns)
    width, height = picture.size[0] * columns, (picture.size[1] + 0.35) * rows
    with style.context():
        figure = Figure(figsize=(width, height), layout="constrained")
        parts = figure.subfigures(rows, columns, squeeze=False).flat
        varied = [n for n in sets[0] if any(s[n] is not sets[0][n] for s in sets)]
        for part, params in zip(parts, sets, strict=False):
            part.suptitle(
                _format_caption(params, varied), fontsize=10, color=style.CONTEXT
            )
            _draw_or_explain(picture.draw, part, params)
        return render_png(figure)


def _format_caption(params: dict[str, Any], names: list[str]) -> str:
    return ", ".join(
        f"{format_name(n)} = {format_value(params[n])}" for n in names or params
    )


def _draw_or_explain(draw: Draw, part: Any, params: dict[str, Any]) -> None:
    """Draw on new axes of `part`; where that fails, write why instead."""
    try:
        draw(part.subplots(), **params)
    except Exception as error:
        for ax in part.axes:
            ax.remove()
        text = textwrap.fill(explain(error), 40)
        part.text(0.5, 0.5, text, ha="center", va="center", parse_math=False)


def explain(error: Exception) -> str:
    """One line about an exception of a draw function."""
    message = read_message(error)
    if isinstance(error, NotImplementedError):
        return clip(message, _ERROR_LIMIT) or "a function is not written yet"
    text = f"{get_type_name(error)}: {message}" if message else get_type_name(error)
    return clip(text, _ERROR_LIMIT)


def make_widget(picture: Picture, controls: list[Control]) -> widgets.VBox:
    """The widget: the controls, a line for errors, the picture."""
    inputs = {c.name: c.widget() for c in controls}
    image, note = widgets.Image(format="png"), widgets.HTML()

    def redraw(_: object = None) -> None:
        params = {name: widget.value for name, widget in inputs.items()}
        _update(image, note, picture, params)

    for widget in inputs.values():
        widget.observe(redraw, names="value")
    redraw()
    # The words of the picture for screen readers: an Image widget has no alt.
    text = html.escape(" ".join(picture.alt.split()))
    words = widgets.HTML(f'<p style="{_UNSEEN}">{text}</p>')
    return widgets.VBox([*inputs.values(), note, words, image])


def _update(
    image: widgets.Image, note: widgets.HTML, picture: Picture, params: dict[str, Any]
) -> None:
    try:
        png = render(picture, params)
    except Exception as error:
        text = (
            f"No figure for {_format_caption(params, list(params))}: {explain(error)}"
        )
        note.value = f'<p role="alert">{html.escape(text)}</p>'
        image.layout.display = "none"
        return
    image.value = png
    image.width = str(compute_page_size(png)[0])
    image.layout.max_width = "100%"
    image.layout.display = None
    note.value = ""


def render(picture: Picture, params: dict[str, Any]) -> bytes:
    """A PNG of the picture for one set of parameters."""
    with style.context():
        figure = Figure(figsize=picture.size, layout="constrained")
        picture.draw(figure.subplots(), **params)
        return render_png(figure)
