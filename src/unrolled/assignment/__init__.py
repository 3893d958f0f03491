"""What an assignment is made of: cells, material, reference, catalogue."""

from unrolled.assignment.catalogue import Misconception, Style
from unrolled.assignment.cells import Cell, read_cells, read_sources
from unrolled.assignment.labels import list_labels
from unrolled.assignment.load import load_material, load_reference
from unrolled.assignment.material import HINTS_FILE, Material, Notebook
from unrolled.assignment.reference import Check, Reference
from unrolled.assignment.workdir import open_workdir

__all__ = [
    "HINTS_FILE",
    "Cell",
    "Check",
    "Material",
    "Misconception",
    "Notebook",
    "Reference",
    "Style",
    "list_labels",
    "load_material",
    "load_reference",
    "open_workdir",
    "read_cells",
    "read_sources",
]
