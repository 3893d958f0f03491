"""The Markdown of feedback pages and of formgrader: safe HTML, formulas as MathML.

What a student writes comes through here, too. The rendered HTML is sanitised; only
formulas are put in afterwards, for they are of our own making: latex2mathml makes the
tree, and it is written out by us, because its own writer would take a tag in a text
for a tag.
"""

from __future__ import annotations

import re
import secrets
from html import escape, unescape
from typing import Any
from xml.etree.ElementTree import Element, tostring

from jinja2 import pass_context
from latex2mathml.converter import convert_to_element
from mistune import HTMLRenderer
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

from unrolled.feedback.markup.sanitize import (
    FORMULA,
    embed_picture,
    escape_unknown_tags,
    is_web_address,
    sanitize,
)

# A table that is wider than the page is scrolled, with the keyboard as well.
WIDE = '<div class="wide" tabindex="0"><table>'
LONGEST = 5000  # characters of a formula
_ATTRIBUTE_NAMES = """
accent accentunder columnalign columnlines columnspacing depth display displaystyle
fence form height linethickness lspace mathcolor mathvariant maxsize minsize
movablelimits notation rowlines rowspacing rspace scriptlevel separator stretchy
symmetric voffset width xmlns
"""
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_ELEMENT_NAMES = """
math menclose mfenced mfrac mi mmultiscripts mn mo mover mpadded mphantom mprescripts
mroot mrow ms mspace msqrt mstyle msub msubsup msup mtable mtd mtext mtr munder
munderover none
"""
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_SPACE = "{http://www.w3.org/1998/Math/MathML}"


class FormulaError(ValueError):
    """A formula that is shown as it was typed."""


def convert_formula(formula: str, display: str) -> str:
    """A formula as MathML, `display` is "inline" or "block"; FormulaError says why."""
    text = unescape(formula)  # as in Jupyter, where &lt; in a formula is <
    if len(text) > LONGEST:
        raise FormulaError(f"longer than {LONGEST} characters")
    try:
        tree = convert_to_element(text, display=display)
    except Exception as error:  # whatever nonsense was typed
        raise FormulaError(f"{type(error).__name__}: {error}") from error
    for node in tree.iter():
        _tidy(node)
    if display == "block":
        tree.set("tabindex", "0")  # a wide one is scrolled, with the keyboard as well
    return tostring(tree, encoding="unicode")


def _tidy(node: Element) -> None:
    """Characters for references; nothing that could lead anywhere or do anything."""
    name = str(node.tag).removeprefix(_SPACE)
    if name not in _ELEMENTS:
        raise FormulaError(f"{name} is no part of a formula")
    node.text = unescape(node.text or "")
    node.tail = unescape(node.tail or "")
    allowed = {k: unescape(v) for k, v in node.attrib.items() if k in _ATTRIBUTES}
    node.attrib.clear()
    node.attrib.update(allowed)
    if "\\" in node.text and len(node.text) > 1:
        raise FormulaError(f"{node.text} is unknown")


class MathRenderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's own renderer; formulas come out as MathML, other things as text.

    Formulas are kept aside, and stand in the HTML as empty elements that nobody else
    can have written.
    """

    def __init__(self, attachments: Any = None) -> None:
        super().__init__(escape=False, exclude_anchor_links=True)
        self.pictures = attachments or {}
        self.formulas: list[str] = []
        self.typed: list[str] = []
        self.mark = secrets.token_hex(16)

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return self._set_aside(body, "inline", f"${body}$")

    def block_math(self, body: str) -> str:
        """A formula on lines of its own."""
        return self._set_aside(body, "block", f"$${body}$$")

    def latex_environment(self, name: str, body: str) -> str:
        """An environment such as align."""
        whole = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return self._set_aside(whole, "block", whole)

    def _set_aside(self, body: str, display: str, typed: str) -> str:
        try:
            drawn = convert_formula(body, display)
        except FormulaError:
            drawn = f'<code class="formula">{escape(unescape(typed))}</code>'
        self.formulas.append(drawn)
        self.typed.append(typed)
        return f'<span {FORMULA}="{self.mark}-{len(self.formulas) - 1}"></span>'

    def insert_formulas(self, html: str) -> str:
        """Sanitised HTML with the formulas in their places.

        In an attribute the quotes of the empty element would be escaped, so it is
        found only where an element may stand.
        """
        return self._places.sub(lambda place: self.formulas[int(place[1])], html)

    @property
    def _places(self) -> re.Pattern[str]:
        return re.compile(rf'<span {FORMULA}="{self.mark}-(\d+)"></span>')

    def image(self, text: str, url: str, title: str | None = None) -> str:
        """An attached picture; one from elsewhere is a link, which nothing loads."""
        if embed_picture(url, self.pictures) or not is_web_address(url):
            return str(HTMLRenderer.image(self, text, url, title))
        return str(self.link(f"Picture: {text or url}", url, title))

    def inline_html(self, html: str) -> str:
        """One tag."""
        return escape_unknown_tags(html)

    def block_html(self, html: str) -> str:
        """Lines of HTML."""
        return f"{escape_unknown_tags(html)}\n"

    def heading(self, text: str, level: int, **attrs: Any) -> str:
        """A heading that says something."""
        return str(super().heading(text, level, **attrs)) if text.strip() else ""

    def link(self, text: str, url: str, title: str | None = None) -> str:
        """A link that can be seen."""
        return str(super().link(text if text.strip() else escape(url), url, title))

    def task_list_item(self, text: str, *, checked: bool = False) -> str:
        """An item with its box as a character: there are no controls in a text."""
        return f"<li>{'☑' if checked else '☐'} {text}</li>\n"

    def table_cell(
        self, text: str, align: str | None = None, *, head: bool = False
    ) -> str:
        """A cell of a table; its alignment without a style."""
        name = "th" if head and text.strip() else "td"
        side = f' align="{align}"' if align else ""
        formula = self._places.fullmatch(text.strip())
        if head and formula:
            self._add_words(int(formula[1]))
        return f"<{name}{side}>{text}</{name}>\n"

    def _add_words(self, number: int) -> None:
        """Put words beside a formula that is a column's only name."""
        words = f'<span class="aloud">{escape(self.typed[number].strip("$ "))}</span>'
        drawn = self.formulas[number].replace("<math ", '<math aria-hidden="true" ', 1)
        self.formulas[number] = words + drawn

    def block_mermaidjs(self, code: str) -> str:
        """A diagram's text, as code: no script draws it here."""
        return str(HTMLRenderer.block_code(self, code))


def render(source: str, attachments: Any = None, *, given: bool = False) -> str:
    """Markdown as HTML that is safe to show, with its formulas drawn.

    `attachments` are those of the cell. In a `given` text, which no student can have
    written, pictures may also lie beside the page.
    """
    renderer = MathRenderer(attachments)
    html = str(MarkdownWithMath(renderer=renderer).render(source))
    safe = sanitize(html, renderer.pictures, beside=given)
    safe = safe.replace("<table>", WIDE).replace("</table>", "</table></div>")
    return renderer.insert_formulas(safe)


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """nbconvert's filter of that name: the text of the template's cell, as `render`."""
    cell = context.get("cell") or {}
    return render(source, cell.get("attachments"), given=bool(cell) and _is_given(cell))


def comment2html(source: str) -> str:
    """A marker's comment, as `render`."""
    return render(source)


def _is_given(cell: Any) -> bool:
    """Whether a cell of a rebuilt notebook is the release's, word for word."""
    metadata = cell.get("metadata", {})
    marks = metadata.get("nbgrader", {})
    own = metadata.get("unrolled", {}).get("own")
    return not (own or marks.get("solution") or marks.get("task"))
