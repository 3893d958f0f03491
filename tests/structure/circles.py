"""Circles of imports: between modules, between folders, between packages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from imports import Import, Tree


@dataclass(frozen=True, kw_only=True)
class Circle:
    """Places that all import each other, with the imports that make it so."""

    members: tuple[str, ...]
    edges: tuple[Import, ...]

    def __str__(self) -> str:
        """The members, then each import with its file and line."""
        lines = [
            f"{one.where}: {one.importer} imports {one.module}" for one in self.edges
        ]
        head = f"{' <-> '.join(self.members)} import each other. Break one of these:"
        return "\n    ".join([head, *lines])


Namer = Callable[[Tree, str], str]


def name_module(_tree: Tree, module: str) -> str:
    """Each module stands for itself."""
    return module


def name_folder(tree: Tree, module: str) -> str:
    """A module stands for its folder; doors, and what lies at the root, for themselves.

    A door shows what lies deeper, and what lies deeper uses the package's own modules:
    that is no circle, as long as nobody inside goes through the door.
    """
    if module in tree.packages:
        return f"{module}.__init__"
    folder = module.rpartition(".")[0]
    return module if folder == tree.name else folder


def name_place(tree: Tree, module: str) -> str:
    """A module stands for its place of the first level, as unrolled.grade."""
    parts = module.split(".")
    return ".".join(parts[:2]) if len(parts) > 1 else f"{tree.name}.__init__"


def find_circles(tree: Tree, namer: Namer = name_module) -> list[Circle]:
    """The strongly connected parts of more than one member, each with its imports."""
    graph = build_graph(tree, namer)
    reach = {start: _reach(graph, start) for start in graph}
    knots = {
        frozenset(other for other in reach[name] if name in reach[other])
        for name in graph
        if name in reach[name]
    }
    return [
        Circle(
            members=tuple(sorted(knot)),
            edges=tuple(
                one
                for one in tree.own_imports
                if {namer(tree, one.importer), namer(tree, one.module)} <= knot
                and namer(tree, one.importer) != namer(tree, one.module)
            ),
        )
        for knot in sorted(knots, key=sorted)
    ]


def build_graph(tree: Tree, namer: Namer) -> dict[str, set[str]]:
    """Who imports whom, by the names that the namer gives; nobody imports itself."""
    graph: dict[str, set[str]] = {namer(tree, module): set() for module in tree.modules}
    for one in tree.own_imports:
        graph[namer(tree, one.importer)].add(namer(tree, one.module))
    return {name: targets - {name} for name, targets in graph.items()}


def _reach(graph: Mapping[str, set[str]], start: str) -> set[str]:
    """All that can be reached by at least one step."""
    reached: set[str] = set()
    waiting = list(graph[start])
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            waiting.extend(graph[name])
    return reached
