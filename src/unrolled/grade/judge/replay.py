"""What a check has seen, played again with another function in the student's place.

A check asks functions, and objects that these returned: a model is made, loaded and
called, an iterator is drawn from. All of it is repeated here, in order, with a
candidate under the exercise's name and the reference under all others; the candidate
agrees if every answer that hangs on it is the one that was observed.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np

from unrolled.grade.protocol.copies import find_changed_arrays
from unrolled.grade.protocol.quiet import silence_output
from unrolled.grade.session import Call, StudentObject
from unrolled.grade.session.recorded_calls import ObjectRef, copy_arguments

RTOL, ATOL = 1e-6, 1e-9
MAX_ITEMS = 10_000
_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.ndarray, np.generic)


def calls_of(calls: Sequence[Call], name: str) -> list[Call]:
    """The calls that hang on the exercise `name`.

    Those of the function itself, of what it returned, and of objects that were handed
    to it: a model that `train` has trained.
    """
    touched: set[int] = set()
    found = []
    for call in calls:
        if call.name == name or (call.target and call.target.key in touched):
            found.append(call)
            touched |= {m.key for m in _find_refs(call.before)}
            touched |= {o._key for o in _find_objects(call.result)}
    return found


def _walk_parts(value: Any) -> Iterator[Any]:
    """The value, and all that lies in its containers."""
    yield value
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for inner in value:
        yield from _walk_parts(inner)


def _find_refs(value: Any) -> list[ObjectRef]:
    return [part for part in _walk_parts(value) if type(part) is ObjectRef]


def _find_objects(value: Any) -> list[StudentObject]:
    return [part for part in _walk_parts(value) if isinstance(part, StudentObject)]


def matches_recording(
    name: str,
    calls: Sequence[Call],
    names: Mapping[str, Any],
    *,
    exception: type[BaseException] | None = None,
) -> bool:
    """Whether what `names` has under `name` does all that was observed.

    The others of `names` are the reference's. `exception` stands for whatever the
    candidate raises, if it is given.
    """
    stage = Replay(names, exception)
    judged = {id(call) for call in calls_of(calls, name)}
    for call in calls:
        if id(call) in judged:
            if not stage.matches_call(call):
                return False
        elif call.target or _find_refs(call.before) or _find_objects(call.result):
            # It leaves behind what later ones need.
            with contextlib.suppress(Exception), silence_output():
                stage.repeat(call)
    return True


@dataclass
class Replay:
    """The names and objects of a replay."""

    names: Mapping[str, Any]
    exception: type[BaseException] | None = None
    made: dict[int, Any] = field(default_factory=dict)

    def matches_call(self, call: Call) -> bool:
        """Whether repeating the call shows what was observed."""
        if call.before is None:
            return False
        args, kwargs = copy_arguments(*call.before)
        try:
            with silence_output():
                result = self._perform(
                    call, self._resolve_refs(args), self._resolve_refs(kwargs)
                )
        except Exception as error:
            # The nearest built-in type is all that the student's process tells.
            kinds = (c for c in type(error).__mro__ if c.__module__ == "builtins")
            return call.error == (self.exception or next(kinds)).__name__
        if call.error is not None or not self._same(call.result, result):
            return False
        return call.after is None or _has_same_changes(call, args)

    def repeat(self, call: Call) -> None:
        """Do it again, for what it leaves behind."""
        args, kwargs = copy_arguments(*(call.before or ((), {})))
        result = self._perform(
            call, self._resolve_refs(args), self._resolve_refs(kwargs)
        )
        self._same(call.result, result)

    def _perform(self, call: Call, args: Any, kwargs: Any) -> Any:
        own = call.target is None
        target = self.names[call.name] if own else self._resolve_refs(call.target)
        return _VERBS[call.verb](target, *args, **kwargs)

    def _resolve_refs(self, value: Any) -> Any:
        if type(value) is ObjectRef:
            return self.names[value.name] if value.name else self.made[value.key]
        if not _find_refs(value):  # arrays stay the same: changes in place are seen
            return value
        if type(value) is dict:
            return {key: self._resolve_refs(inner) for key, inner in value.items()}
        plain = type(value) in (list, tuple)
        return type(value)(map(self._resolve_refs, value)) if plain else value

    def _same(self, observed: Any, played: Any) -> bool:
        """Whether the results are the same; objects are noted, not compared."""
        if isinstance(observed, StudentObject):
            self.made[observed._key] = played
            return not isinstance(played, _PLAIN)
        if type(observed) is list and isinstance(played, Iterator):
            played = list(islice(played, MAX_ITEMS))
        if type(observed) is not type(played) or not _find_objects(observed):
            return same(observed, played)
        if len(observed) != len(played):
            return False
        if type(observed) is dict:
            observed = [observed[key] for key in played if key in observed]
            played = list(played.values())
        return all(map(self._same, observed, played))


_VERBS: dict[str, Callable[..., Any]] = {
    "call": lambda target, *args, **kwargs: target(*args, **kwargs),
    "attribute": getattr,
    "item": lambda target, key: target[key],
    "iterate": iter,
    "next": next,
    "value": lambda target: target,
}


def _has_same_changes(call: Call, args: tuple[Any, ...]) -> bool:
    """Whether the same arrays were changed, even by a bit, to the same values."""
    before = list(copy_arguments(*call.before)[0]) if call.before else []
    observed, played = list(call.after or ()), list(args)
    touched = [p for p, _ in find_changed_arrays(before, observed)]
    return touched == [p for p, _ in find_changed_arrays(before, played)] and same(
        played, observed
    )


def same(a: Any, b: Any) -> bool:
    """Equal up to rounding, container by container; only plain values are equal."""
    a, b = _normalize_value(a), _normalize_value(b)
    if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
        return _is_same_array(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a is b or (type(a) in (str, bytes, bool, set, ObjectRef) and a == b))


def _normalize_value(value: Any) -> Any:
    """Numbers and tensors as arrays, ordered dicts as dicts; all else as it is."""
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return value.detach().cpu().numpy()
    if type(value) in (int, float, complex) or isinstance(value, np.generic):
        return np.asarray(value)
    return dict(value) if isinstance(value, dict) else value


def _is_same_array(a: Any, b: Any) -> bool:
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray)):
        return False
    if a.shape != b.shape:
        return False
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return bool(np.array_equal(a, b))
    low = np.float32 in (a.dtype, b.dtype)
    rtol, atol = (1e-4, 1e-5) if low else (RTOL, ATOL)
    with np.errstate(all="ignore"):
        return bool(np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True))
