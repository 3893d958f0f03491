"""Draw the packages of src and who imports whom: docs/images/packages.svg.

    python tests/structure/picture.py             print the picture
    python tests/structure/picture.py --write     write it

Each box is a package or a loose module of the first level, with the first line of its
docstring. An arrow goes to what is imported. An arrow that others imply is left out:
where a imports b, and b imports c, a may import c, too. The layout is the usual one
in layers: levels by the longest way down, long arrows bent around the boxes, the order
on a level by the middle of the neighbours, few crossings.
"""

from __future__ import annotations

import argparse
import ast
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from itertools import pairwise
from pathlib import Path
from statistics import fmean

from circles import build_graph, name_place
from imports import ROOT, Tree, read_tree

PICTURE = ROOT / "docs" / "images" / "packages.svg"
# The version, the way into cli, and how doors open: no reader looks for those here.
LEFT_OUT = ("__init__", "__main__", "doors")

# In pixels.
BOX, TALL = 204, 68
BEND = 16  # the room that a long arrow takes beside a box
GAP, LEVEL_GAP, MARGIN, FOOT = 18, 46, 20, 28
LETTERS, LINES = 31, 3  # what fits into a box

LEGEND = (
    "An arrow goes to what is imported. One that others imply is left out. "
    "A dashed box is a single module."
)
SWEEPS = 24  # over all levels, to put each box near its neighbours
STYLE = """
  text { font-family: system-ui, "DejaVu Sans", sans-serif; fill: #1f2328 }
  .paper { fill: #ffffff }
  .name { font-size: 14px; font-weight: 600 }
  .words { font-size: 11px; fill: #59636e }
  .package { fill: #f3f6fa; stroke: #57606a }
  .module { fill: #ffffff; stroke: #57606a; stroke-dasharray: 4 3 }
  .arrow { fill: none; stroke: #57606a; stroke-width: 1.2 }
  .tip { fill: #57606a }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .paper { fill: #0d1117 }
    .words { fill: #9da7b1 }
    .package { fill: #1b222c; stroke: #8b949e }
    .module { fill: #0d1117; stroke: #8b949e }
    .arrow { stroke: #8b949e }
    .tip { fill: #8b949e }
  }
"""

TIP = """<marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8"
  markerHeight="8" orient="auto"><path class="tip" d="M0 0 8 4 0 8z"/></marker>"""

Graph = Mapping[str, set[str]]
Bend = tuple[str, str, int]  # an arrow's two ends, and the level that it crosses
Node = str | Bend


@dataclass(frozen=True, kw_only=True)
class Place:
    """What is written into a box."""

    name: str
    words: tuple[str, ...]
    is_package: bool


@dataclass(kw_only=True)
class Layout:
    """Where everything is: levels from the bottom up, middles along a level."""

    rows: list[list[Node]]
    chains: list[list[Node]]
    middles: dict[Node, float] = field(default_factory=dict)

    def list_neighbours(self) -> dict[Node, list[Node]]:
        """The nodes that a node has an arrow's piece with."""
        near: dict[Node, list[Node]] = {node: [] for row in self.rows for node in row}
        for chain in self.chains:
            for upper, lower in pairwise(chain):
                near[upper].append(lower)
                near[lower].append(upper)
        return near


# What there is to draw.


def read_places(tree: Tree) -> dict[str, Place]:
    """The places of the first level, by their whole names."""
    inner = {module.split(".")[1] for module in tree.modules if "." in module}
    return {
        f"{tree.name}.{name}": Place(
            name=name,
            words=_read_words(tree.modules[f"{tree.name}.{name}"]),
            is_package=f"{tree.name}.{name}" in tree.packages,
        )
        for name in sorted(inner.difference(LEFT_OUT))
    }


def _read_words(path: Path) -> tuple[str, ...]:
    """The first line of a module's docstring, in as many lines as a box has."""
    syntax = ast.parse(path.read_text(encoding="utf-8"))
    line, *_ = (ast.get_docstring(syntax) or "").splitlines() or [""]
    words = line.replace("`", "").rstrip(".")
    return tuple(textwrap.wrap(words, LETTERS, max_lines=LINES, placeholder=" …"))


def read_arrows(tree: Tree) -> dict[str, set[str]]:
    """Who imports whom on the first level, without what others imply."""
    graph, places = build_graph(tree, name_place), read_places(tree)
    return reduce_graph({name: graph[name] & places.keys() for name in places})


def reduce_graph(graph: Graph) -> dict[str, set[str]]:
    """A graph without the arrows that lead where others lead, too.

    ValueError for a circle: `test_structure.py` says where it is.
    """
    below: dict[str, set[str]] = {}
    for name in sort_upwards(graph):
        below[name] = set().union(*({low} | below[low] for low in graph[name]))
    return {
        name: {low for low in lows if not any(low in below[other] for other in lows)}
        for name, lows in graph.items()
    }


def sort_upwards(graph: Graph) -> list[str]:
    """All names, each after those that it imports."""
    done: list[str] = []
    left = sorted(graph)
    while left:
        ready = [name for name in left if graph[name] <= set(done)]
        if not ready:
            raise ValueError(f"a circle among {', '.join(left)}: nothing can be drawn")
        done += ready
        left = [name for name in left if name not in ready]
    return done


# Where it stands.


def lay_out(arrows: Graph) -> Layout:
    """Find a place for each box and each bend."""
    levels = find_levels(arrows)
    layout = _make_rows(arrows, levels)
    _sort_rows(layout)
    _set_middles(layout)
    return layout


def find_levels(arrows: Graph) -> dict[str, int]:
    """The level of each name: above all that it imports, as near to them as can be.

    A name that more import than it imports goes up to those, to save long arrows.
    """
    levels: dict[str, int] = {}
    upwards = sort_upwards(arrows)
    for name in upwards:
        levels[name] = max((levels[low] + 1 for low in arrows[name]), default=0)
    for name in reversed(upwards):
        above = [levels[high] for high, lows in arrows.items() if name in lows]
        if len(above) > len(arrows[name]):
            levels[name] = min(above) - 1
    return levels


def _make_rows(arrows: Graph, levels: Mapping[str, int]) -> Layout:
    """Put boxes into rows, and a bend wherever an arrow crosses one."""
    rows: list[list[Node]] = [[] for _ in range(max(levels.values()) + 1)]
    chains: list[list[Node]] = []
    for name in sorted(levels):
        rows[levels[name]].append(name)
    for high, lows in sorted(arrows.items()):
        for low in sorted(lows):
            crossed = range(levels[high] - 1, levels[low], -1)
            bends: list[Bend] = [(high, low, level) for level in crossed]
            for bend in bends:
                rows[bend[2]].append(bend)
            chains.append([high, *bends, low])
    return Layout(rows=rows, chains=chains)


def _sort_rows(layout: Layout) -> None:
    """Put each row in the order of its neighbours' middles; keep the best order."""
    near = layout.list_neighbours()
    best, fewest = [list(row) for row in layout.rows], count_crossings(layout)
    for sweep in range(SWEEPS):
        heights = range(len(layout.rows))
        for height in heights if sweep % 2 else reversed(heights):
            _sort_row(layout, height, near, step=-1 if sweep % 2 else 1)
        crossings = count_crossings(layout)
        if crossings < fewest:
            best, fewest = [list(row) for row in layout.rows], crossings
    layout.rows = best


def _sort_row(
    layout: Layout, height: int, near: Mapping[Node, list[Node]], *, step: int
) -> None:
    """Sort a row by where its neighbours on the next row stand."""
    if not 0 <= height + step < len(layout.rows):
        return
    beside = layout.rows[height + step]
    share = {node: (at + 0.5) / len(beside) for at, node in enumerate(beside)}
    row = layout.rows[height]

    def find_middle(node: Node) -> float:
        found = [share[other] for other in near[node] if other in share]
        return sum(found) / len(found) if found else (row.index(node) + 0.5) / len(row)

    layout.rows[height] = sorted(row, key=find_middle)


def count_crossings(layout: Layout) -> int:
    """How many pieces of arrows cross."""
    at = {node: place for row in layout.rows for place, node in enumerate(row)}
    height = {node: number for number, row in enumerate(layout.rows) for node in row}
    pieces: dict[int, list[tuple[int, int]]] = {}
    for chain in layout.chains:
        for upper, lower in pairwise(chain):
            pieces.setdefault(height[lower], []).append((at[upper], at[lower]))
    return sum(
        (one[0] - other[0]) * (one[1] - other[1]) < 0
        for row in pieces.values()
        for number, one in enumerate(row)
        for other in row[:number]
    )


def _set_middles(layout: Layout) -> None:
    """Move all nodes to the middle of their neighbours, as far as there is room."""
    near = layout.list_neighbours()
    for row in layout.rows:
        wanted = [float(place * (BOX + GAP)) for place in range(len(row))]
        wanted = [x - sum(wanted) / len(wanted) for x in wanted]
        layout.middles.update(zip(row, space_out(row, wanted), strict=True))
    for sweep in range(SWEEPS):
        for row in layout.rows if sweep % 2 else reversed(layout.rows):
            wanted = [
                sum(layout.middles[other] for other in near[node]) / len(near[node])
                if near[node]
                else layout.middles[node]
                for node in row
            ]
            layout.middles.update(zip(row, space_out(row, wanted), strict=True))


def space_out(row: Sequence[Node], wanted: Sequence[float]) -> list[float]:
    """The middles nearest to those wanted at which a row keeps its order and gaps.

    Neighbours that want to stand too near, or past each other, form a group, which
    stands where its members want it on the average.
    """
    shifts = [0.0]
    for left, right in pairwise(row):
        shifts.append(shifts[-1] + (_measure(left) + _measure(right)) / 2 + GAP)
    groups: list[list[float]] = []
    for x, shift in zip(wanted, shifts, strict=True):
        groups.append([x - shift])
        while len(groups) > 1 and fmean(groups[-2]) > fmean(groups[-1]):
            groups[-2:] = [groups[-2] + groups[-1]]
    bases = [fmean(group) for group in groups for _ in group]
    return [base + shift for base, shift in zip(bases, shifts, strict=True)]


def _measure(node: Node) -> int:
    """How wide a node is."""
    return BOX if isinstance(node, str) else BEND


# The picture.


def draw(tree: Tree) -> str:
    """The whole picture as SVG."""
    places, arrows = read_places(tree), read_arrows(tree)
    layout = lay_out(arrows)
    left = min(x - _measure(node) / 2 for node, x in layout.middles.items()) - MARGIN
    right = max(x + _measure(node) / 2 for node, x in layout.middles.items()) + MARGIN
    layout.middles = {node: x - left for node, x in layout.middles.items()}
    wide, tall = right - left, _find_top(layout, 0) + TALL + MARGIN + FOOT
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide:.0f} {tall:.0f}"'
        f' width="{wide:.0f}" height="{tall:.0f}" role="img" aria-labelledby="t d">',
        f'<title id="t">The packages of {tree.name}</title>',
        f'<desc id="d">{escape(_describe(places, arrows))}</desc>',
        f"<style>{STYLE}</style>",
        TIP,
        '<rect class="paper" width="100%" height="100%" rx="8"/>',
        *_draw_arrows(layout),
        *_draw_boxes(layout, places),
        f'<text class="words" x="{MARGIN}" y="{tall - MARGIN:.0f}">{LEGEND}</text>',
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _describe(places: Mapping[str, Place], arrows: Graph) -> str:
    """The picture in words, for those who do not see it."""
    return " ".join(
        f"{places[high].name} imports {', '.join(places[low].name for low in lows)}."
        for high, lows in ((high, sorted(lows)) for high, lows in arrows.items())
        if lows
    )


def _find_top(layout: Layout, height: int) -> float:
    """Where the boxes of a level begin; levels are counted from the bottom."""
    return MARGIN + (len(layout.rows) - 1 - height) * (TALL + LEVEL_GAP)


def _draw_boxes(layout: Layout, places: Mapping[str, Place]) -> Iterator[str]:
    for height, row in enumerate(layout.rows):
        for node in row:
            if isinstance(node, str):
                middle, top = layout.middles[node], _find_top(layout, height)
                yield from _draw_box(places[node], middle, top)


def _draw_box(place: Place, middle: float, top: float) -> Iterator[str]:
    """A box with its name and its words."""
    kind = "package" if place.is_package else "module"
    yield (
        f'<rect class="{kind}" x="{middle - BOX / 2:.1f}" y="{top:.1f}" '
        f'width="{BOX}" height="{TALL}" rx="6"/>'
    )
    first = top + (TALL - 13 * len(place.words)) / 2 + 5
    for number, line in enumerate((place.name, *place.words)):
        yield (
            f'<text class="{"words" if number else "name"}" text-anchor="middle" '
            f'x="{middle:.1f}" y="{first + 13.5 * number:.1f}">{escape(line)}</text>'
        )


def _draw_arrows(layout: Layout) -> Iterator[str]:
    """Each arrow as one smooth line, straight where it passes a row of boxes."""
    height = {node: number for number, row in enumerate(layout.rows) for node in row}
    ports = _find_ports(layout)
    for number, chain in enumerate(layout.chains):
        x, y = ports[number][0], _find_top(layout, height[chain[0]]) + TALL
        path = f"M{x:.1f} {y:.1f}"
        for node in chain[1:]:
            is_end = node is chain[-1]
            to = ports[number][1] if is_end else layout.middles[node]
            top = _find_top(layout, height[node])
            half = (y + top) / 2
            path += f"C{x:.1f} {half:.1f} {to:.1f} {half:.1f} {to:.1f} {top:.1f}"
            path += "" if is_end else f"V{top + TALL:.1f}"
            x, y = to, top + TALL
        yield f'<path class="arrow" d="{path}" marker-end="url(#tip)"/>'


def _find_ports(layout: Layout) -> list[tuple[float, float]]:
    """Where each arrow leaves its upper box and enters its lower one.

    The arrows of a box share its edge in the order of where they come from or go to.
    """
    ports = [[0.0, 0.0] for _ in layout.chains]
    for end, beside in ((0, 1), (-1, -2)):
        edges: dict[Node, list[tuple[float, int]]] = {}
        for number, chain in enumerate(layout.chains):
            edge = edges.setdefault(chain[end], [])
            edge.append((layout.middles[chain[beside]], number))
        for node, edge in edges.items():
            step = min(22.0, (BOX - 24) / len(edge))
            for place, (_, number) in enumerate(sorted(edge)):
                shift = step * (place - (len(edge) - 1) / 2)
                ports[number][end] = layout.middles[node] + shift
    return [(start, stop) for start, stop in ports]


def main() -> None:
    """Print the picture, or write it."""
    parser = argparse.ArgumentParser(description="Draw the packages of src.")
    parser.add_argument("--write", action="store_true", help=f"write {PICTURE.name}")
    picture = draw(read_tree())
    if parser.parse_args().write:
        PICTURE.write_text(picture, encoding="utf-8")
    else:
        print(picture, end="")


if __name__ == "__main__":
    main()
