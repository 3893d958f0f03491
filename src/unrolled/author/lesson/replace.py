"""Another function in the place of an exercise's."""

from __future__ import annotations

import ast

from unrolled.assignment.cells import find_defined_names


def replace_function(cell: str, exercise: str, function: str) -> str:
    """The text of a solution cell with its function, class or data replaced."""
    names = find_defined_names(cell)
    target = exercise if exercise in names else names[0]
    for node in ast.parse(cell).body:
        if target in find_defined_names(ast.unparse(node)):
            lines = cell.split("\n")
            end = node.end_lineno or len(lines)
            text = function.replace(f"def {exercise}(", f"def {target}(", 1)
            if isinstance(node, ast.Assign | ast.AnnAssign):
                text += f"\n\n{target} = {target}()"
            return "\n".join([*lines[: node.lineno - 1], text, *lines[end:]])
    raise ValueError(f"the cell of {exercise} defines no {target}")
