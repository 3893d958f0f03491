"""Libraries that take seconds to import, and that only some notebooks use.

The warm process imports them before it forks a student's process, where the
instructor's notebook imports them in the way in which they are kept warm, or, for
what is the same however it is imported, where the student does. Most of what a
student's process costs goes with that: a second of CPU time for PyTorch, one and a
half for Keras or for what PyTorch imports when the first optimizer is made.
"""

from __future__ import annotations

import contextlib
import gc
import importlib.util
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class _SlowLibrary:
    """What a notebook must say, all of it, and the environment of the import.

    Under that environment the import is the same as the notebook's own; `use` is
    called after it.
    """

    patterns: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    use: Callable[[], None] = lambda: None


def _use_torch() -> None:
    """One forward and backward pass in one thread, and the seeding, which is slow."""
    import torch

    torch.set_num_threads(1)
    weights = torch.ones(2, 2, dtype=torch.float64, requires_grad=True)
    torch.autograd.grad(torch.tanh(weights @ weights).sum(), weights)
    torch.manual_seed(0)


_SLOW_LIBRARIES = {
    "torch": _SlowLibrary(
        (r"^[ \t]*(?:import|from)\b[^#\n]*\btorch\b",), use=_use_torch
    ),
    "torch._dynamo": _SlowLibrary((r"\btorch\.optim\b",)),  # by the first optimizer
    "keras": _SlowLibrary(
        (r"^(?:import|from) keras\b", r'KERAS_BACKEND"\W+"torch"'),
        {"KERAS_BACKEND": "torch"},
    ),
}


def find_slow_imports(
    source: Mapping[str, Any], own: Iterable[str] = ()
) -> tuple[str, ...]:
    """Those that the code of an instructor's notebook imports.

    And those that the `own` cells of a student import, if the environment does not
    matter; they come in the order in which they are imported.
    """
    cells = [c["source"] for c in source["cells"] if c["cell_type"] == "code"]
    text, students = "\n".join(cells), "\n".join(own)
    return tuple(
        name
        for name, slow in _SLOW_LIBRARIES.items()
        if _is_mentioned(text, slow)
        or (_is_mentioned(students, slow) and not slow.environment)
    )


def _is_mentioned(text: str, slow: _SlowLibrary) -> bool:
    return all(re.search(words, text, re.MULTILINE) for words in slow.patterns)


def find_env_dependent(names: Iterable[str]) -> set[str]:
    """Those whose import depends on the environment.

    A notebook that does not import them in the same way must not find them there.
    """
    return {
        name
        for name in names
        if name in _SLOW_LIBRARIES and _SLOW_LIBRARIES[name].environment
    }


def find_missing_libraries(names: Sequence[str]) -> list[str]:
    """Those of the libraries that are installed, and not imported yet."""
    return [
        name
        for name in names
        if name in _SLOW_LIBRARIES and name not in sys.modules
        if importlib.util.find_spec(name.split(".")[0])
    ]


def import_libraries(names: Sequence[str]) -> None:
    """Import libraries that are missing, and leave nothing else behind.

    An import that fails ends the process: half of a library is worse than none.
    """
    gc.disable()  # what an import makes stays: to look for garbage takes a tenth of it
    for name in names:
        with _set_environment(_SLOW_LIBRARIES[name].environment):
            importlib.import_module(name)
            _SLOW_LIBRARIES[name].use()
    tempfile.tempdir = None  # a child's own is another
    gc.freeze()
    gc.enable()


@contextlib.contextmanager
def _set_environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Variables for as long as an import takes."""
    before = dict(os.environ)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
