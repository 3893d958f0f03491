"""From a failed check to the misconception behind it.

What a check asked is played again on every catalogued misconception of the exercise,
in the judge. One that gives the same answers to all of it, where the reference gives
another to at least one, explains the failure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from unrolled.assignment import Misconception, Reference
from unrolled.errors import UserError
from unrolled.grade.judge.replay import calls_of, matches_recording
from unrolled.grade.session import Call


class BrokenCatalogueError(UserError):
    """A `matches` of the catalogue asks for what is not there."""


def explain(
    calls: Sequence[Call], exercise: str, reference: Reference, *, strict: bool = False
) -> tuple[Misconception, ...]:
    """The misconceptions of `exercise` that agree with all that hangs on it.

    Where `strict`, a `matches` that misses a name or a module is a
    BrokenCatalogueError; else it is a no, and the student gets no hint from it.
    """
    return tuple(
        m
        for m in reference.catalogue.of(exercise)
        if _is_cause(m, calls, reference, strict=strict)
    )


def is_compatible(
    m: Misconception, calls: Sequence[Call], reference: Reference
) -> bool:
    """Whether `m` agrees with all of these calls that hang on its exercise."""
    return m.matches is not None or _matches_calls(m, calls, reference)


def is_right(calls: Sequence[Call], exercise: str, reference: Reference) -> bool:
    """Whether the reference answers all of these calls alike."""
    return matches_recording(_find_target(exercise, reference), calls, reference.names)


def _is_cause(
    m: Misconception, calls: Sequence[Call], reference: Reference, *, strict: bool
) -> bool:
    """Whether `m`, and not the reference, is what these calls show."""
    name = _find_target(m.exercise, reference)
    if not any(call.name == name for call in calls):
        return False
    if m.matches is not None:
        return _is_matched(m, calls_of(calls, name), strict=strict)
    return _matches_calls(m, calls, reference) and not matches_recording(
        name, calls, reference.names
    )


def _is_matched(m: Misconception, calls: Sequence[Call], *, strict: bool) -> bool:
    """What `matches` decides; on answers that it did not foresee, that's a no."""
    try:
        return bool(m.matches and m.matches(calls))
    except Exception as error:
        # In grading, an answer's own function may raise these, too.
        if strict and isinstance(error, ImportError | NameError):
            raise BrokenCatalogueError(
                f"`matches` of {m.name} cannot run: {error}"
            ) from error
        return False


def _matches_calls(
    m: Misconception, calls: Sequence[Call], reference: Reference
) -> bool:
    name = _find_target(m.exercise, reference)
    data = not callable(reference.names[name])
    wrong = m.function() if data else m.function
    names = {**reference.names, name: wrong}
    return matches_recording(name, calls, names, exception=m.exception)


def _find_target(exercise: str, reference: Reference) -> str:
    """What an exercise is called: its own name, or the first that it defines."""
    names = reference.defines.get(exercise, ())
    return exercise if exercise in names else (names[0] if names else "")


def agrees(function: Callable[..., Any], call: Call) -> bool:
    """Whether `function` does on a call's arguments what was observed.

    For `matches` of a catalogue; nothing of ours calls it.
    """
    return matches_recording(call.name, [call], {call.name: function})
