"""The stub that students find in the place of a solution names its exercise."""

from __future__ import annotations

from typing import Any

from nbgrader.preprocessors import ClearSolutions
from nbgrader.utils import is_solution

STUB = '# YOUR CODE HERE\nraise NotImplementedError("{name} is not written yet")'
TEXT = "*Write your answer here.*"


class ExerciseStubs(ClearSolutions):  # type: ignore[misc]
    """nbgrader's ClearSolutions, with a stub for each cell."""

    def preprocess_cell(self, cell: Any, resources: Any, cell_index: int) -> Any:
        """Replace the solution by a stub that says which exercise is missing."""
        if is_solution(cell):
            name = cell.metadata.nbgrader["grade_id"]
            self.code_stub = {"python": STUB.format(name=name)}
            self.text_stub = TEXT
        return super().preprocess_cell(cell, resources, cell_index)
