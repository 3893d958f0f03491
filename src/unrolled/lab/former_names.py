"""Names that notebooks in students' hands import, from before the lab had folders.

`from unrolled.lab import corpora` and `import unrolled.lab.corpora` go on working; both
give the module of today, and nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType

_LAB = __name__.rpartition(".")[0]
FORMER = {
    "calling": "checks.call",
    "causes": "checks.causes",
    "cliff": "models.loss_cliff",
    "compare": "checks.containers",
    "controls": "widgets.controls",
    "corpora": "datasets.corpora",
    "describe": "checks.describe",
    "digits": "datasets.digits",
    "display": "widgets.display",
    "drain": "checks.call",
    "explorer": "widgets.explore",
    "failure": "checks.errors",
    "ladder": "checks.array",
    "networks": "models.networks",
    "number_words": "datasets.number_words",
    "passes": "models.gradient_flow",
    "plain": "checks.plain_values",
    "progress": "widgets.progress",
    "published": "datasets.published_losses",
    "reader": "models.year_reader",
    "recall": "models.recall",
    "reviews": "datasets.reviews",
    "signals": "datasets.signals",
    "style": "figures.style",
    "text": "datasets.encoding",
    "trace": "datasets.timing_trace",
    "value_causes": "checks.causes",
    "values": "checks.values",
    "weights": "models.weights",
    "yardsticks": "models.baselines",
}


class FormerNames(MetaPathFinder, Loader):
    """Finds the module of today under its former name."""

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        """How a former name is loaded; None for any other module."""
        package, _, name = fullname.rpartition(".")
        known = package == _LAB and name in FORMER
        return ModuleSpec(fullname, self) if known else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """The module of today itself, so that there is only one."""
        name = FORMER[spec.name.rpartition(".")[2]]
        module = importlib.import_module(f"{_LAB}.{name}")
        spec.loader_state = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        """It has run already; the import has put the former name's spec into it."""
        former = module.__spec__
        assert former is not None
        module.__spec__ = former.loader_state


def keep_former_names() -> None:
    """Let the former names be imported, last of all ways, once in a process."""
    if not any(isinstance(finder, FormerNames) for finder in sys.meta_path):
        sys.meta_path.append(FormerNames())
