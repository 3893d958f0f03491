"""What do the checks that students see say to the catalogues' wrong solutions?

A check that guesses wrong sends a student the wrong way, so the causes that a wrong
solution is told stand here, each with what is really wrong with it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from unrolled.assignment.catalogue import Misconception
from unrolled.assignment.load import load_material, load_reference
from unrolled.assignment.reference import Check, Reference
from unrolled.course.model import load_course

COURSE = load_course(Path(__file__).parents[2])
OVERFLOW = "an overflow (exp of a large number?), or a division by 0?"
TEXT = "a str is asked for, no number and no array"
NATS = "log2 where the natural logarithm is meant?"
TRUE = {
    "forward_time_first": "the axes are in the order (T, N, H)",
    "softmax_overflows": OVERFLOW,
    "softmax_one_shift": OVERFLOW,
    "softmax_shifts_by_mean": OVERFLOW,
    "softmax_lost_axis": OVERFLOW,
    "predict_index": TEXT,
    "predict_swapped": TEXT,
    "loss_overflows": OVERFLOW,
    "clip_always_unsafe": OVERFLOW,
    "evaluate_in_bits": NATS,
    "temperature_divides_by_zero": OVERFLOW,
    "temperature_overflows": OVERFLOW,
}
SHAPES = ("not summed", "broadcasting", "was everything summed", "return statement")
OBJECTS = ("PrefetchingLoader", "build_keras_lstm", "CharRNN")


def told(reference: Reference) -> Iterator[tuple[str, str]]:
    """(misconception, message) of each visible check that fails."""
    for wrong in reference.catalogue.misconceptions:
        if wrong.exercise in OBJECTS:
            continue
        for check in reference.checks:
            if check.exercise == wrong.exercise:
                yield wrong.name, failure(check, wrong, reference)


def failure(check: Check, wrong: Misconception, reference: Reference) -> str:
    """What the visible part says with the wrong solution; "" if it passes."""
    names: dict[str, Any] = {**reference.names, **reference.fresh(check.names)}
    defined = reference.defines[wrong.exercise]
    target = wrong.exercise if wrong.exercise in defined else defined[0]
    data = not callable(reference.names[target])
    names[target] = wrong.function() if data else wrong.function
    names |= {n: copy.deepcopy(names[n]) for n in check.names if is_data(names.get(n))}
    try:
        with np.errstate(all="ignore"):
            exec(check.visible, names)
    except Exception as error:
        return str(error)
    return ""


def is_data(value: Any) -> bool:
    """Whether a check may write into it."""
    return isinstance(value, np.ndarray | dict | list)


@pytest.mark.parametrize("assignment", sorted(COURSE.assignments))
def test_no_wrong_solution_is_told_a_false_cause(assignment: str) -> None:
    """Is each cause that a visible check names the true one?"""
    reference = load_reference(load_material(COURSE, assignment))
    for name, message in told(reference):
        _, _, cause = message.partition("Likely cause: ")
        assert cause in ("", TRUE.get(name)), f"{name}: {message}"
        assert not any(words in message for words in SHAPES), f"{name}: {message}"
