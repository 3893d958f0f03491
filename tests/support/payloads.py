"""A page with hostile answers in a browser: what ran, and what is left of them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import nbformat
from support.hostile_answers import ANSWERS, ATTACHMENTS, CODE_CELL, answers

WRITTEN = (
    "![fine](attachment:good.png) ![drawn](attachment:drawing.svg) and `` `code` ``"
)
COMMENT = "Good, <img src=x onerror=ran(9100)> [x](javascript:ran(9101)) `` ` `` $x^2$"
LISTENS = """
window.ranList = [];
window.ran = (number) => window.ranList.push(number);
for (const name of ["alert", "confirm", "prompt", "open", "print"])
  window[name] = () => window.ranList.push(name);
"""
# Everything a pointer can do, with links followed no further than their own scripts.
TOUCH = """
() => {
  addEventListener("submit", (event) => event.preventDefault(), true);
  for (const link of document.querySelectorAll("#notebook a, #notebook area, main a"))
    if (link.protocol.startsWith("http") || link.protocol == "mailto:")
      link.addEventListener("click", (event) => event.preventDefault());
  for (const element of document.querySelectorAll("#notebook .cell *, main *")) {
    if (element.closest(".nbgrader_cell .panel-heading, .panel-footer")) continue;
    const options = { bubbles: true, cancelable: true };
    for (const kind of ["mouseover", "mouseenter", "click", "focus", "toggle"])
      element.dispatchEvent(new MouseEvent(kind, options));
  }
}
"""
# Everything that is folded, so that it is seen and touched as well.
UNFOLD = """
() => {
  for (const details of document.querySelectorAll("details")) details.open = true;
}
"""
# What a page must not hold in a text that a student wrote.
LEFT = """
() => {
  const found = [], texts = document.querySelectorAll(".text_cell_render, .written");
  for (const text of texts) for (const element of text.querySelectorAll("*")) {
    const name = element.tagName.toLowerCase(), say = (why) => found.push(name + why);
    for (const { name: key, value } of element.attributes) {
      if (/^on|^style$|^id$|^name$|^srcset$|^ping$|^target$|action$/i.test(key))
        say(" " + key);
      if (key == "href" && !["http:", "https:", "mailto:"].includes(element.protocol))
        say(" href " + value);
      if (key == "src" && !/^data:image\\/(png|jpeg);base64,/.test(value))
        say(" src " + value);
    }
    if (name == "a" && element.href && !element.relList.contains("noopener"))
      say(" rel");
    const bad = "script style link meta base iframe object embed form input button svg";
    if (bad.split(" ").includes(name)) say("");
  }
  return found;
}
"""
# A second parser, as an editor or a clipboard would be one.
AGAIN = """
() => {
  for (const text of document.querySelectorAll(".text_cell_render, .written")) {
    const copy = document.createElement("div");
    document.body.append(copy);
    copy.innerHTML = text.innerHTML;
    copy.innerHTML = copy.innerHTML;
  }
}
"""


@dataclass
class Seen:
    """What a page did."""

    asked: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def write_answer(
    path: Path, text: str, pictures: Any = None, answer: str = "why"
) -> None:
    """Write an answer of a notebook that is handed in."""
    notebook = nbformat.read(path, as_version=4)
    (cell,) = (c for c in notebook.cells if named(c) == answer)
    cell.source = text
    if pictures:
        cell.attachments = pictures
    path.write_text(nbformat.writes(notebook, version=4), encoding="utf-8")


def named(cell: Any) -> str:
    """The grade id of a cell."""
    return str(cell.metadata.get("nbgrader", {}).get("grade_id", ""))


def add_hostile_answers(path: Path, answer: str = "why") -> None:
    """Put every hostile answer into a notebook that is handed in."""
    write_answer(path, WRITTEN, ATTACHMENTS, answer)
    notebook = nbformat.read(path, as_version=4)
    own = [nbformat.v4.new_markdown_cell(answer) for answer in answers()]
    code = nbformat.v4.new_code_cell(CODE_CELL)
    notebook.cells = [*notebook.cells[:1], *own, code, *notebook.cells[1:]]
    path.write_text(nbformat.writes(notebook, version=4), encoding="utf-8")


@contextlib.contextmanager
def watched(page: Any) -> Iterator[Seen]:
    """A page on which everything that hostile answers could do is seen."""
    seen = Seen()

    def decide(route: Any) -> None:
        url = urlsplit(route.request.url)
        if url.scheme in ("file", "data") or url.hostname in ("127.0.0.1", "localhost"):
            route.continue_()
        else:
            seen.asked.append(route.request.url)
            route.abort()

    def dismiss(dialog: Any) -> None:
        seen.dialogs.append(dialog.message)
        dialog.dismiss()

    page.route("**/*", decide)
    page.on("dialog", dismiss)
    page.on("pageerror", lambda error: seen.errors.append(str(error)))
    page.add_init_script(LISTENS)
    yield seen


def place_of(url: str) -> tuple[str, str]:
    """Host and path; formgrader itself writes "/?index=0" behind it, at some time."""
    parts = urlsplit(url)
    return parts.netloc, parts.path.rstrip("/")


def check_nothing_runs(page: Any, seen: Seen) -> None:
    """Look, touch and parse again: no script ran, nothing was asked for elsewhere."""
    page.wait_for_load_state("networkidle")
    page.evaluate("window.sameDocument = true")  # another one would not have it
    place = place_of(page.url)
    page.evaluate(UNFOLD)
    text = page.locator("body").inner_text()
    for number in range(len(ANSWERS)):
        assert f"answer{number}begin" in text and f"answer{number}end" in text, number
    assert page.evaluate(LEFT) == []
    page.evaluate(TOUCH)
    page.evaluate(AGAIN)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    assert page.evaluate("window.ranList") == []
    assert page.evaluate("window.sameDocument === true")
    assert (seen.asked, seen.dialogs, place_of(page.url)) == ([], [], place)
    assert (
        page.locator("img[alt=fine]").evaluate_all(
            "(all) => all.map((image) => image.naturalWidth)"
        )
        == [4] * page.locator("img[alt=fine]").count()
    )
    assert page.locator("img[alt=fine]").count() >= 1
    assert page.locator("math").count() >= 5
