"""Figures with alternative text, as one bundle that every front end can show."""

from __future__ import annotations

import base64
import html
import io
import struct
from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from IPython.display import publish_display_data
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

DPI = 144
"""Dots per inch of the pictures."""
CSS_DPI = 96
"""Dots per inch of a page, by the definition of CSS."""


def show(fig: Figure, alt: str) -> None:
    """Display a figure with the alternative text `alt`, and close it.

    Raises ValueError if `alt` is empty: a picture without words is lost on
    whoever cannot see it.
    """
    if not alt.strip():
        raise ValueError("alt is empty: say in a sentence what the figure shows")
    png = render_png(fig, tight=True)
    plt.close(fig)
    publish(png, alt)


def render_png(fig: Figure, *, tight: bool = False) -> bytes:
    """The figure as a PNG file; the same figure gives the same bytes."""
    file = io.BytesIO()
    box: dict[str, Any] = {"bbox_inches": "tight", "pad_inches": 0.05} if tight else {}
    fig.savefig(file, format="png", dpi=DPI, metadata={"Software": None}, **box)
    return file.getvalue()


def compute_page_size(png: bytes) -> tuple[int, int]:
    """Width and height on a page, in CSS pixels, of a picture from `render_png`."""
    width, height = struct.unpack(">II", png[16:24])
    return round(width * CSS_DPI / DPI), round(height * CSS_DPI / DPI)


def make_image_tag(png: bytes, alt: str) -> str:
    """An HTML image that holds the picture itself and its alternative text."""
    data = base64.b64encode(png).decode("ascii")
    text = html.escape(" ".join(alt.split()), quote=True)
    width, _ = compute_page_size(png)
    return (
        f'<img src="data:image/png;base64,{data}" alt="{text}" '
        f'width="{width}" style="max-width: 100%; height: auto">'
    )


def make_bundle(png: bytes, alt: str) -> dict[str, Any]:
    """The picture with its words, for every kind of reader.

    JupyterLab and web pages take the HTML, which alone carries the words beside
    the picture; graders and PDF take the PNG; a terminal takes the words.
    """
    return {
        "text/html": make_image_tag(png, alt),
        "image/png": base64.b64encode(png).decode("ascii"),
        "text/plain": " ".join(alt.split()),
    }


def publish(png: bytes, alt: str, **more: Any) -> None:
    """Send one bundle to the front end, with `more` MIME types in it.

    Outside of IPython it prints the words.
    """
    data = {**more, **make_bundle(png, alt)}
    if not InteractiveShell.initialized():
        print(data["text/plain"])
        return
    width, height = compute_page_size(png)
    details = {"alt": data["text/plain"], "width": width, "height": height}
    publish_display_data(data, metadata={"image/png": details})
