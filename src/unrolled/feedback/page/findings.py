"""Takes apart what checks say: what was compared, got, expected, and where."""

from __future__ import annotations

import re
from collections import defaultdict

from unrolled.feedback.page.model import Finding

_AT = r"(?:,? at \[(?P<at>[\d, ]+)\](?: \((?P<axes>[^()]*)\))?)?"
_MORE = r"(?:; (?P<more>.*))?$"
_SHAPE = r"(?:\d+ ax[ei]s, )?shape \([^)]*\)|one number|dtype \w+"
_PATTERNS = tuple(
    re.compile(rf"(?P<name>.+?): {pattern}")
    for pattern in (
        rf"got (?P<got>.+?), expected (?P<want>.+?){_AT}$",
        rf"(?P<got>\S+), (?P<want>not a finite number),?{_AT}{_MORE}",
        rf"expected (?P<want>.+?), got (?P<got>[^;]+?){_MORE}",
        rf"(?P<got>{_SHAPE}), expected (?P<want>[^;]+?){_MORE}",
    )
)
_EXTENT = re.compile(r"(\d+) of (\d+) values(?: differ)?(?:; (.*))?$")
_LINE = re.compile(r"\(line (\d+) of your cell of (\w+)")
_GUESS = "Likely cause: "
_FINITE = "not a finite number"


def parse_message(message: str) -> Finding:
    """A check's message in parts; what cannot be taken apart is whole in `text`."""
    lines = message.split("\n")
    guess = " ".join(x.removeprefix(_GUESS) for x in lines if x.startswith(_GUESS))
    lines = [line for line in lines if line and not line.startswith(_GUESS)]
    text = "\n".join(lines)
    place = _LINE.search(text)
    line, cell = (int(place[1]), place[2]) if place else (0, "")
    first = lines[0] if lines else ""
    match = next(filter(None, (p.match(first) for p in _PATTERNS)), None)
    if match is None:
        return Finding(text=text, guess=guess, line=line, cell=cell)
    parts = defaultdict(str, match.groupdict(""))
    rest = [*filter(None, [parts["more"]]), *lines[1:]]
    extents = [found for found in map(_EXTENT.fullmatch, rest) if found]
    remarks = [x for x in rest if not _EXTENT.fullmatch(x)]
    remarks += [found[3] for found in extents if found[3]]
    want = parts["want"]
    return Finding(
        text=text,
        name=parts["name"],
        got=parts["got"],
        expected="a finite number" if want == _FINITE else want,
        index=tuple(int(i) for i in parts["at"].split(",") if i.strip()),
        axes=_read_axes(parts["axes"]),
        wrong=int(extents[0][1]) if extents else 0,
        size=int(extents[0][2]) if extents else 0,
        remark="; ".join(remarks),
        guess=guess,
        line=line,
        cell=cell,
    )


def _read_axes(text: str) -> tuple[str, ...]:
    """The names in "N=0, H=1"."""
    return tuple(part.partition("=")[0].strip() for part in text.split(",") if part)
