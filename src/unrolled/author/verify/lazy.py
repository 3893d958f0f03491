"""Sample submissions whose solutions do nothing (None, zeros, the arguments)."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from pathlib import Path

from unrolled.assignment import Material, Notebook, Reference, read_sources
from unrolled.assignment.cells import find_defined_names
from unrolled.author.report import Case
from unrolled.author.verify import lazy_kit
from unrolled.author.verify.cases import examine

MOST_POINTS = 2.0
SEEDS = 3  # a stand-in does nothing with its input: more draws tell little more
STUB = "stub without its raise"
KINDS = (STUB, *lazy_kit.KINDS)
_RAISE = re.compile(r"^(\s*)raise NotImplementedError\(.*\)$", re.MULTILINE)


def check_lazy_solution(
    material: Material, reference: Reference, kind: str, seeds: Sequence[int]
) -> Case:
    """All exercises done in the same lazy way earn next to nothing."""
    earned: dict[str, float] = {}
    notebook = make_lazy_notebook(material, kind)
    for _, verdicts in examine(material, reference, notebook, seeds[:SEEDS]):
        earned |= {v.grade_id: v.max_score for v in verdicts if v.passed}
    points = sum(earned.values())
    cells = ", ".join(f"{name} ({worth:g})" for name, worth in earned.items())
    problems = (f"earns {points:g} points: {cells}",) if points > MOST_POINTS else ()
    return Case(material.assignment, "lazy", kind, problems)


def make_lazy_notebook(material: Material, kind: str) -> Notebook:
    """The release with every exercise done in a lazy way."""
    if kind != STUB:
        return material.fill_release(_make_stand_ins(material, kind))
    stubs = read_sources(material.release_cells, "exercise")
    return material.fill_release(
        {name: _RAISE.sub(r"\1pass", text) for name, text in stubs.items()}
    )


def _make_stand_ins(material: Material, kind: str) -> dict[str, str]:
    """The text of each exercise: the right solution under another name, and a lazy one.

    Given cells that use a solution run once more, with the right one, so that what
    a later solution takes from them works.
    """
    graded = {
        n
        for text in read_sources(material.source_cells, "exercise").values()
        for n in find_defined_names(text)
    }
    texts: dict[str, str] = {}
    prefix = [Path(lazy_kit.__file__).read_text(encoding="utf-8")]
    renaming = NameReplacer(graded)
    for cell in material.source_cells:
        if not cell.runs:
            continue
        right = renaming.text(cell.source)
        if cell.role == "exercise":
            names = find_defined_names(cell.source)
            lazies = [f"{n} = lazy({kind!r}, right_{n})" for n in names]
            texts[cell.grade_id] = "\n\n".join([*prefix, right, *lazies])
            prefix = []
        elif renaming.used:
            prefix.append(right)
    return texts


class NameReplacer(ast.NodeTransformer):
    """Puts other names in the place of those that exercises define."""

    def __init__(self, graded: set[str]) -> None:
        self.graded = graded
        self.used = False

    def text(self, source: str) -> str:
        """The source with other names; `used` says whether there were any."""
        self.used = False
        return ast.unparse(self.visit(ast.parse(source)))

    def _replace_name(self, name: str) -> str:
        if name not in self.graded:
            return name
        self.used = True
        return f"right_{name}"

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self._replace_name(node.id)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.ClassDef) -> ast.AST:
        node.name = self._replace_name(node.name)
        return self.generic_visit(node)

    visit_ClassDef = visit_FunctionDef
