"""A class of any size from the known solutions of a lesson, each in a hand of its own.

Honest students take one of the known right solutions or mistakes of each exercise and
write it their way: other names, steps with names of their own, operands the other way
round, a line to look at a shape. A copy is another student's file with what a copier
changes. All is made from a seed, as text; nothing is run.
"""

from __future__ import annotations

import ast
import copy
import json
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.assignment import Material, Notebook
from unrolled.assignment.catalogue import read_right_solutions, read_wrong_solutions
from unrolled.assignment.cells import find_defined_names, read_sources
from unrolled.author.verify import make_solved_notebook

MISTAKES = 0.15  # the share of exercises that a student has wrong
WORDS = ("old", "new", "prev", "tmp", "acc", "val", "out", "part", "left", "right")
COMMENTS = (
    "# as in the lecture",
    "# see above",
    "# check this again",
    "# the equation",
)


def make_names(rng: random.Random, count: int) -> list[str]:
    """Names of variables that all differ."""
    return [f"{rng.choice(WORDS)}_{rng.choice(WORDS)}{n or ''}" for n in range(count)]


def choose_solutions(material: Material, rng: random.Random) -> dict[str, str]:
    """A known solution for each exercise; nothing where it is the reference's."""
    chosen: dict[str, str] = {}
    exercises = read_sources(material.source_cells, "exercise")
    right = _group(read_right_solutions(material.misconceptions))
    wrong = _group(read_wrong_solutions(material.misconceptions))
    for name in exercises:
        pool = wrong if rng.random() < MISTAKES else right
        text = rng.choice(["", *pool.get(name, ())])
        if text:
            chosen[name] = text
    return chosen


def _group(solutions: Mapping[str, str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for text in solutions.values():
        groups.setdefault(find_defined_names(text)[0], []).append(text)
    return groups


def write_honest(
    material: Material, rng: random.Random, chosen: Mapping[str, str] | None = None
) -> Notebook:
    """A submission by somebody with a hand of their own."""
    if chosen is None:
        chosen = choose_solutions(material, rng)
    notebook = make_solved_notebook(material, dict(chosen))
    for cell in find_exercises(notebook):
        cell["source"] = write_by_hand(cell["source"], rng)
    return notebook


def find_exercises(notebook: Notebook) -> list[dict[str, Any]]:
    """The cells of code that students fill in."""
    return [
        cell
        for cell in notebook["cells"]
        if cell["cell_type"] == "code"
        and cell["metadata"].get("nbgrader", {}).get("solution")
    ]


def write_by_hand(source: str, rng: random.Random) -> str:
    """The same solution, in somebody's own steps."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = _write_body(node, rng)
    return ast.unparse(_Swap(rng, 0.3).visit(_rename(tree, rng)))


def _write_body(function: ast.FunctionDef, rng: random.Random) -> list[ast.stmt]:
    """Steps with names of their own, and perhaps a look at a shape."""
    made: list[ast.stmt] = []
    for statement in function.body:
        value = getattr(statement, "value", None)
        if isinstance(statement, ast.Assign | ast.Return) and value is not None:
            made += _name_steps(statement, rng, chance=0.4)
        made.append(statement)
    if function.args.args and rng.random() < 0.4:
        name = rng.choice(function.args.args).arg
        look = rng.choice(
            (
                f"assert {name} is not None",
                f"shape_of_it = np.shape({name})",
                f"assert np.all(np.isfinite({name}))",
                f"{name} = np.asarray({name})",
                f"how_many = len({name})",
            )
        )
        made.insert(1 if ast.get_docstring(function) else 0, ast.parse(look).body[0])
    return made


def _name_steps(
    statement: ast.stmt, rng: random.Random, *, chance: float
) -> list[ast.stmt]:
    """Take parts of a statement's value out, each into a line of its own before it."""
    kinds = (ast.BinOp, ast.Call)
    taken: list[ast.stmt] = []

    class Take(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if isinstance(node, ast.Lambda | ast.ListComp | ast.GeneratorExp):
                return node
            node = self.generic_visit(node)
            if isinstance(node, kinds) and rng.random() < chance:
                name = f"step_{rng.randrange(10**6)}"
                taken.append(ast.parse(f"{name} = {ast.unparse(node)}").body[0])
                return ast.Name(name, ast.Load())
            return node

    statement.value = Take().visit(statement.value)  # type: ignore[attr-defined]
    return taken


class _Swap(ast.NodeTransformer):
    """Turns some sums and products round."""

    def __init__(self, rng: random.Random, chance: float) -> None:
        self.rng = rng
        self.chance = chance

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.op, ast.Add | ast.Mult) and self.rng.random() < self.chance:
            node.left, node.right = node.right, node.left
        return node


def _rename(tree: ast.AST, rng: random.Random) -> ast.AST:
    """Give all local variables other names; arguments keep theirs."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            nodes = [n for n in ast.walk(function) if isinstance(n, ast.Name)]
            arguments = {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
            stored = {n.id for n in nodes if isinstance(n.ctx, ast.Store)} - arguments
            names = dict(zip(sorted(stored), make_names(rng, len(stored)), strict=True))
            for node in nodes:
                node.id = names.get(node.id, node.id)
    return tree


# What a copier changes: each takes the text of an exercise.


def change_names(source: str, rng: random.Random) -> str:
    """Other names for all variables."""
    return ast.unparse(_rename(ast.parse(source), rng))


def change_comments(source: str, rng: random.Random) -> str:
    """A comment of one's own behind every second line, and no docstring."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node):
            node.body = node.body[1:] or node.body
    lines = ast.unparse(tree).split("\n")
    return "\n".join(
        f"{line}  {rng.choice(COMMENTS)}" if n % 2 and line else line
        for n, line in enumerate(lines)
    )


def insert_prints(source: str, rng: random.Random) -> str:
    """A print before each second statement of a function."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            mixed = [
                [ast.parse(f"print('{rng.random()}')").body[0], s] for s in node.body
            ]
            node.body = [s for pair in mixed for s in pair]
    return ast.unparse(tree)


def split_statements(source: str, rng: random.Random) -> str:
    """Steps into lines of their own."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            made: list[ast.stmt] = []
            for statement in node.body:
                if isinstance(statement, ast.Assign | ast.Return) and statement.value:
                    made += _name_steps(statement, rng, chance=0.5)
                made.append(statement)
            node.body = made
    return ast.unparse(_rename(tree, rng))


def turn_loops(source: str, rng: random.Random) -> str:
    """`while` in the place of each `for` over a range."""
    del rng

    class Turn(ast.NodeTransformer):
        def visit_For(self, node: ast.For) -> Any:
            self.generic_visit(node)
            if not ast.unparse(node.iter).startswith("range(") or node.orelse:
                return node
            assert isinstance(node.iter, ast.Call)
            if len(node.iter.args) > 2:
                return node
            bounds = [ast.unparse(a) for a in node.iter.args]
            begin = bounds[0] if len(bounds) == 2 else "0"
            name = ast.unparse(node.target)
            body = "\n    ".join(ast.unparse(ast.Module(node.body, [])).split("\n"))
            return ast.parse(
                f"{name} = {begin}\nwhile {name} < {bounds[-1]}:\n    {body}\n"
                f"    {name} += 1"
            ).body

    return ast.unparse(ast.fix_missing_locations(Turn().visit(ast.parse(source))))


Disguise = Callable[[str, random.Random], str]


def copy_of(
    notebook: Notebook,
    rng: random.Random,
    disguises: Sequence[Disguise],
    *,
    reorder: bool = False,
) -> Notebook:
    """Another student's submission, with what the copier changed."""
    made: Notebook = copy.deepcopy(notebook)
    for cell in find_exercises(made):
        for disguise in disguises:
            cell["source"] = disguise(cell["source"], rng)
    if reorder:
        made["cells"].reverse()
    return made


def write_class(
    folder: Path, material: Material, notebooks: Mapping[str, Notebook]
) -> None:
    """Put each student's notebook into `folder/STUDENT/ASSIGNMENT/`."""
    for student, notebook in notebooks.items():
        place = folder / student / material.assignment
        place.mkdir(parents=True)
        path = place / f"{material.notebook}.ipynb"
        path.write_text(json.dumps(notebook), encoding="utf-8")
