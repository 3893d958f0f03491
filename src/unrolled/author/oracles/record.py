"""Run the hidden part of a check with another oracle, and watch what it expects."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from unrolled.assignment import Check, Reference
from unrolled.assignment.seeds import derive_cell_seed
from unrolled.author.oracles.conditioning import Limit, flatten
from unrolled.grade.protocol.copies import copy_value
from unrolled.grade.protocol.quiet import silence_output
from unrolled.lab import check as checks
from unrolled.lab.checks.describe import is_tensor
from unrolled.lab.checks.values import Tolerance

Ask = Callable[[str, tuple[Any, ...], dict[str, Any]], Any]
_WATCHED = ("array", "close", "equal", "that", "unchanged")


class Snapshot:
    """A value as it was, and the identities of all that it is made of.

    `arrays` are those of its arrays and tensors, which are never shared by chance.
    """

    def __init__(self, value: Any) -> None:
        self._alive = value  # or another object may get the identity of this one
        parts = list(list_parts(value))
        self.parts = frozenset(map(id, parts))
        arrays = (p for p in parts if type(p) is np.ndarray or is_tensor(p))
        self.arrays = frozenset(map(id, arrays))
        try:
            self.value = copy_value(value)
        except Exception:  # a tensor with a history
            self.value = value


@dataclass(frozen=True)
class Comparison:
    """What check.close or check.equal was given as right, and what it allowed."""

    want: Snapshot
    limit: Limit


@dataclass(frozen=True)
class OracleCall:
    """One call of an oracle's function, and what came back."""

    name: str
    outcome: Snapshot


@dataclass
class RecordedRun:
    """What one run of a hidden part asked of its oracle, and what it compared with.

    `error` says why the run came to no end.
    """

    calls: list[OracleCall] = field(default_factory=list)
    comparisons: list[Comparison] = field(default_factory=list)
    error: str = ""


class _RecordingOracle:
    """Stands for the oracle: its functions are asked through `ask`, and noted."""

    def __init__(self, reference: Reference, ask: Ask, run: RecordedRun) -> None:
        self.__dict__.update(_reference=reference, _ask=ask, _run=run)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.__dict__["_reference"].oracle, name)
        if not callable(value):
            return value

        def asked(*args: Any, **kwargs: Any) -> Any:
            outcome = self.__dict__["_ask"](name, args, kwargs)
            self.__dict__["_run"].calls.append(OracleCall(name, Snapshot(outcome)))
            return outcome

        return asked


def run_hidden_part(
    check: Check, reference: Reference, seed: int, ask: Ask, *, checking: bool = False
) -> RecordedRun:
    """Run a check, visible and hidden part, with the reference's functions.

    The oracle is asked through `ask`. What the hidden part compares with is noted;
    it is compared only where `checking`.
    """
    assert check.hidden is not None
    run, graded = RecordedRun(), check.names & reference.find_graded_names()
    names = reference.fresh(check.names) | {n: reference.names[n] for n in graded}
    try:
        with silence_output(), _record_comparisons(RecordedRun(), checking=checking):
            exec(check.visible, names)
        names["rng"] = np.random.default_rng(derive_cell_seed(seed, check.grade_id))
        names["oracle"] = _RecordingOracle(reference, ask, run)
        names["expected"] = reference.expected
        with silence_output(), _record_comparisons(run, checking=checking):
            exec(check.hidden, names)
    except Exception as error:
        run.error = " ".join(f"{type(error).__name__}: {error}".split())[:300]
    return run


@contextlib.contextmanager
def _record_comparisons(run: RecordedRun, *, checking: bool) -> Iterator[None]:
    """Note what check.close and check.equal compare with, wherever they are called."""
    real = {name: getattr(checks, name) for name in _WATCHED}
    for name, function in real.items():
        setattr(checks, name, _wrap_check(name, function, run, checking=checking))
    try:
        yield
    finally:
        for name, function in real.items():
            setattr(checks, name, function)


def _wrap_check(
    name: str, function: Callable[..., None], run: RecordedRun, *, checking: bool
) -> Callable[..., None]:
    signature = inspect.signature(function)

    def watched(*args: Any, **kwargs: Any) -> None:
        if name in ("close", "equal"):
            given = signature.bind(*args, **kwargs)
            given.apply_defaults()
            run.comparisons.append(_make_comparison(given.arguments))
        if checking:
            function(*args, **kwargs)

    return watched


def _make_comparison(given: Mapping[str, Any]) -> Comparison:
    want = Snapshot(given["expected"])
    if "rtol" not in given:
        return Comparison(want, Limit(None))
    single = any(
        isinstance(part, np.ndarray) and part.dtype.char == "f"
        for part in flatten(given["got"])
    )
    return Comparison(want, Limit(Tolerance(given["rtol"], given["atol"]), single))


def list_parts(value: Any) -> Iterator[Any]:
    """An object and all that is in it, without None and truth values."""
    if value is None or type(value) is bool:
        return
    yield value
    inner = value.values() if isinstance(value, Mapping) else value
    if isinstance(value, list | tuple | Mapping):
        for part in inner:
            yield from list_parts(part)
