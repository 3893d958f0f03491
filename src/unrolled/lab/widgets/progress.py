"""A progress bar around an iterator, where somebody can see it; silent elsewhere."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

import ipywidgets as widgets
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import publish_display_data

Item = TypeVar("Item")
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
_PAUSE = 0.2


def progress(
    items: Iterable[Item], total: int, what: str = "batches"
) -> Iterator[Item]:
    """The items, one by one, with a bar that says how many of `total` are done.

    `what` names the items. Outside of a notebook nothing is shown.
    """
    bar = ProgressBar(total, what) if InteractiveShell.initialized() else None
    done = 0
    for item in items:
        yield item
        done += 1
        if bar:
            bar.move(done)
    if bar:
        bar.end(done)


class ProgressBar:
    """The bar on the page: a widget, and a line of text where no widget is live."""

    def __init__(self, total: int, what: str) -> None:
        self.total, self.what = total, what
        self.widget = widgets.IntProgress(max=max(total, 1), description="0 %")
        self.widget.style.bar_color = "#0072B2"
        self.name = uuid.uuid4().hex
        self.began = self.shown = time.monotonic()
        self._publish(f"0 of {total} {what}", update=False)

    def move(self, done: int) -> None:
        """Show how many are done, a few times a second."""
        now = time.monotonic()
        if now - self.shown >= _PAUSE:
            self.shown = now
            self._set(done)

    def end(self, done: int) -> None:
        """Show how many there were, and how long they took."""
        self._set(done)
        seconds = time.monotonic() - self.began
        self._publish(f"{done} {self.what} in {seconds:.0f} s", update=True)

    def _set(self, done: int) -> None:
        self.widget.value = min(done, self.widget.max)
        self.widget.description = f"{100 * done / max(self.total, 1):.0f} %"

    def _publish(self, text: str, *, update: bool) -> None:
        data: dict[str, Any] = {"text/plain": text, "text/html": f"<p>{text}</p>"}
        data[WIDGET_VIEW] = self.widget.get_view_spec()
        transient = {"display_id": self.name}
        publish_display_data(data, metadata={}, transient=transient, update=update)
