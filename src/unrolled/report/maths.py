"""Formulas of feedback pages and of formgrader, as MathML: no script, no network.

What a student writes comes through here, too. latex2mathml makes the tree; it is
written out by us, because its own writer would take a tag in a text for a tag.
"""

from __future__ import annotations

from html import escape, unescape
from typing import Any
from xml.etree.ElementTree import Element, tostring

from jinja2 import pass_context
from latex2mathml.converter import convert_to_element
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

LONGEST = 5000  # characters of a formula
_ATTRIBUTES = (
    *("accent", "accentunder", "columnalign", "columnlines", "columnspacing", "depth"),
    *("display", "displaystyle", "fence", "form", "height", "linethickness", "lspace"),
    *("mathcolor", "mathvariant", "maxsize", "minsize", "movablelimits", "notation"),
    *("rowlines", "rowspacing", "rspace", "scriptlevel", "separator", "stretchy"),
    *("symmetric", "voffset", "width", "xmlns"),
)


class CannotConvert(ValueError):
    """A formula that is shown as it was typed."""


def mathml(formula: str, display: str) -> str:
    """A formula as MathML, `display` is "inline" or "block"; CannotConvert says why."""
    text = unescape(formula)  # a submission's < may have been made harmless before
    if len(text) > LONGEST:
        raise CannotConvert(f"longer than {LONGEST} characters")
    try:
        tree = convert_to_element(text, display=display)
    except Exception as error:  # whatever nonsense was typed
        raise CannotConvert(f"{type(error).__name__}: {error}") from error
    for node in tree.iter():
        _tidy(node)
    return tostring(tree, encoding="unicode")


def _tidy(node: Element) -> None:
    """Characters for references, and no attribute that could lead or do anything."""
    node.text = unescape(node.text or "")
    node.tail = unescape(node.tail or "")
    kept = {k: unescape(v) for k, v in node.attrib.items() if k in _ATTRIBUTES}
    node.attrib.clear()
    node.attrib.update(kept)
    if "\\" in node.text and len(node.text) > 1:
        raise CannotConvert(f"{node.text} is unknown")


class MathRenderer(IPythonRenderer):  # type: ignore[misc]
    """nbconvert's own renderer; formulas come out as MathML."""

    def inline_math(self, body: str) -> str:
        """A formula in a line."""
        return _formula(body, "inline", f"${body}$")

    def block_math(self, body: str) -> str:
        """A formula on lines of its own."""
        return _formula(body, "block", f"$${body}$$")

    def latex_environment(self, name: str, body: str) -> str:
        """An environment such as align."""
        whole = f"\\begin{{{name}}}{body}\\end{{{name}}}"
        return _formula(whole, "block", whole)


def _formula(body: str, display: str, typed: str) -> str:
    try:
        return mathml(body, display)
    except CannotConvert:
        return f'<code class="formula">{escape(unescape(typed))}</code>'


@pass_context
def markdown2html(context: Any, source: str) -> str:
    """nbconvert's filter of that name, with formulas as MathML."""
    renderer = MathRenderer(
        escape=False,
        attachments=context.get("cell", {}).get("attachments", {}),
        path=context.get("resources", {}).get("metadata", {}).get("path", ""),
    )
    return str(MarkdownWithMath(renderer=renderer).render(source))
