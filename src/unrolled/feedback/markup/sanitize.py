"""HTML that a student may have caused, cut down to what only shows something.

What is rendered is sanitised, never the Markdown: two parsers always read one text
in two ways. The list says what may stay; whatever is not on it goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import unquote, urlsplit

import nh3
from pygments.token import STANDARD_TYPES

SCHEMES = frozenset({"http", "https", "mailto"})
PICTURES = ("image/png", "image/jpeg")
PREFIX = "attachment:"
FORMULA = "data-formula"  # marks the place of a formula, see mathml.py
_TAG_NAMES = """
a abbr b blockquote br caption cite code dd del details dfn div dl dt em figcaption
figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q s samp small span strike
strong sub summary sup table tbody td tfoot th thead tr tt u ul var
"""
TAGS = frozenset(_TAG_NAMES.split())
_ATTRIBUTES = {
    "a": {"href", "title"},
    "abbr": {"title"},
    "details": {"open"},
    "img": {"alt", "height", "src", "title", "width"},
    "ol": {"start"},
    "span": {FORMULA},
    "td": {"align", "colspan", "rowspan"},
    "th": {"align", "colspan", "rowspan", "scope"},
}
# Sizes are numbers: of cells as many as a table may have, of pictures as on a screen.
_NUMBERS = {"colspan": 100, "rowspan": 100, "start": 10**6, "width": 4000}
_NUMBERS["height"] = _NUMBERS["width"]
# The colours of code. No other class: the page's scripts know their buttons by them.
_CLASSES = {
    "code": {"formula"},
    "div": {"highlight"},
    "span": {name for name in STANDARD_TYPES.values() if name},
}
_TAG = re.compile(r"<(?=/?([A-Za-z][^\s/>]*)|[!?])")
# No scheme, no host, no way up: a picture that lies beside the page.
_BESIDE = re.compile(
    r"[\w-][\w. -]*(?:/[\w-][\w. -]*)*\.(?:png|jpe?g)\Z", re.IGNORECASE
)

Attachments = Mapping[str, Mapping[str, str]]
Filter = Callable[[str, str, str], str | None]


def sanitize(html: str, attachments: Attachments, *, beside: bool = False) -> str:
    """HTML with nothing in it that runs, leads astray, or asks the network.

    Links lead to http, https and mail addresses. A picture is one of `attachments`
    (name to MIME type to base64), PNG or JPEG; or, if `beside`, a file of these kinds
    that lies beside the page. Neither ids nor names nor styles stay.
    """
    return nh3.clean(
        html,
        tags=set(TAGS),
        attributes=_ATTRIBUTES,
        allowed_classes=_CLASSES,
        attribute_filter=_make_attribute_filter(attachments, beside=beside),
        url_schemes={*SCHEMES, PREFIX.rstrip(":")},
        link_rel="noopener noreferrer",
    )


def _make_attribute_filter(attachments: Attachments, *, beside: bool) -> Filter:
    """What becomes of an attribute that is on the list; None drops it."""

    def decide(tag: str, name: str, value: str) -> str | None:
        if name == "href":
            return value if is_web_address(value) else None
        if name == "src":
            file = value if beside and _BESIDE.match(value) else None
            return embed_picture(value, attachments) or file
        if name in _NUMBERS:
            whole = value.isascii() and value.isdigit()
            return value if whole and int(value[:9]) <= _NUMBERS[name] else None
        return value

    return decide


def is_web_address(address: str) -> bool:
    """Whether a link's address is one of the web or of mail, and said in full."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    if parts.scheme not in SCHEMES:
        return False
    return parts.scheme == "mailto" or bool(parts.netloc)


def embed_picture(address: str, attachments: Attachments) -> str | None:
    """An attached picture (``attachment:NAME``) as a data: address, or None."""
    if not address.startswith(PREFIX):
        return None
    name = address.removeprefix(PREFIX)
    bundle = attachments.get(name) or attachments.get(unquote(name)) or {}
    for kind in PICTURES:
        content = "".join(str(bundle.get(kind, "")).split())
        if content and re.fullmatch(r"[A-Za-z0-9+/]+=*", content):
            return f"data:{kind};base64,{content}"
    return None


def escape_unknown_tags(html: str) -> str:
    """HTML whose tags that would be dropped are text, for readers to see.

    That is a courtesy to who wrote ``List<int>``, and no protection: see `sanitize`.
    """
    return _TAG.sub(lambda t: "<" if (t[1] or "").lower() in TAGS else "&lt;", html)
