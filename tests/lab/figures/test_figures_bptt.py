"""Do the figures on backpropagation show what they are given, and what is said?"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from support.axes import labels, texts, ticks, title
from support.lesson import LESSONS, load_lesson_cells, reference_namespace

from unrolled.lab.figures import bptt, style

FOLDER = LESSONS / "03_bptt"
CELLS = [c for c in load_lesson_cells(FOLDER) if c.kind != "check"]
TEXT = "\n".join(cell.source for cell in CELLS)
PROSE = " ".join(re.sub(r'"\n +"|(\n)# ', r"\1", TEXT).split())


@pytest.fixture(scope="module")
def lesson() -> Iterator[Any]:
    """The names of the solved lesson, with those of its demonstrations."""
    names = reference_namespace(FOLDER)
    names |= dict.fromkeys(("show", "explore"), lambda *args, **settings: None)
    with style.context():
        for cell in CELLS:
            exec(cell.source if cell.kind == "show" else "", names)
    plt.close("all")
    yield SimpleNamespace(**names)


def heights(ax: Any) -> list[float]:
    """The heights of the bars."""
    return [patch.get_height() for patch in ax.patches]


def test_predictions_are_framed_at_the_targets_and_counted(ax: Any) -> None:
    """Does each target's cell have the frame, and the title count what is right?"""
    p = np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]])
    bptt.draw_predictions(ax, p, "ab", "bc", ["a", "b", "c"])
    assert [tuple(f.get_center().round(9)) for f in ax.patches] == [(0, 1), (1, 2)]
    assert texts(ax) == ["0.50", "0.30", "0.20", "0.10", "0.20", "0.70"]
    assert title(ax) == "1 of 2 next letters are right (framed)"
    assert np.array_equal(ax.images[0].get_array(), p.T)
    assert ax.images[0].get_clim() == (0, 1)
    assert labels(ax) == ("letter read", "letter said next") and ticks(ax) == ["a", "b"]


def test_the_pull_has_signs_and_names_the_lowest(ax: Any) -> None:
    """Are the bars the gradient, each with its number on the side of its sign?"""
    bptt.draw_pull(ax, np.array([0.25, -0.75, 0.5]), "xyz", "after a")
    assert heights(ax) == [0.25, -0.75, 0.5] and ticks(ax) == ["x", "y", "z"]
    assert texts(ax) == ["+0.250", "-0.750", "+0.500"]
    assert [text.get_va() for text in ax.texts] == ["bottom", "top", "bottom"]
    assert title(ax) == "after a: y pulled up (below 0), the others down"
    assert labels(ax) == ("letter", "d loss / d logit")
    bptt.draw_pull(ax, np.array([0.2, 0.1]), "xy", "wrong")
    assert title(ax).startswith("wrong: nothing pulled up")


@pytest.mark.parametrize(("factor", "limit"), [(1, 3.0), (0, 1.0)])
def test_a_gradient_has_a_symmetric_scale(ax: Any, factor: int, limit: float) -> None:
    """Is 0 in the middle of the colours, even where nothing else is?"""
    dh = factor * np.array([[1.0, -3.0], [0.5, 0.0], [2.0, 0.25]])
    bptt.draw_gradient(ax, dh, "abc", "A finding")
    assert np.array_equal(ax.images[0].get_array(), dh.T)
    assert ax.images[0].get_clim() == (-limit, limit) and title(ax) == "A finding"
    assert ticks(ax) == ["a", "b", "c"] and labels(ax) == ("letter read", "hidden unit")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["1", "2"]
    assert ax.figure.axes[1].get_ylabel() == "d loss / d h"


def test_the_best_eps_is_named_at_its_place(ax: Any) -> None:
    """Does the mark stand at the smallest error, on logarithmic axes?"""
    eps, errors = np.array([1e-6, 1e-4, 1e-2]), [1e-3, 1e-8, 1e-5]
    bptt.draw_eps(ax, eps, errors)
    assert (ax.get_xscale(), ax.get_yscale()) == ("log", "log")
    assert np.array_equal(ax.lines[0].get_xydata(), np.c_[eps, errors])
    assert texts(ax) == ["best: about 1e-04", "rounding wins", "the curve wins"]
    assert ax.texts[0].xy == (1e-4, 1e-8)
    assert labels(ax) == ("eps", "largest error of the gradient") and title(ax)


def test_a_pair_shares_its_colours(ax: Any) -> None:
    """Could two matrices of different size in value be mistaken for equal ones?"""
    axes = ax.figure.subplots(1, 2)
    mine = np.array([[0.5, -1.0, 0.0], [0.0, 0.1, 0.2]])
    bptt.draw_pair(axes, mine, -4 * mine, ("mine", "other"))
    for a, factor, name in zip(axes, (1, -4), ("mine", "other"), strict=True):
        assert a.images[0].get_clim() == (-4, 4) and title(a) == name
        assert np.array_equal(a.images[0].get_array(), factor * mine)
        assert ticks(a) == ["1", "2", "3"] and labels(a) == ("to unit", "from unit")
    assert ax.figure.axes[-1].get_ylabel() == "gradient"


@pytest.mark.parametrize("k", [1, 2, 3, 7])
@pytest.mark.parametrize("T", [1, 2, 5, 7])
def test_the_way_back_is_cut_every_k_steps(ax: Any, T: int, k: int) -> None:
    """Are all arrows there but those that would cross a cut, in their directions?"""
    bptt.draw_flow(ax, T, k)
    columns = sorted({patch.center[0] for patch in ax.patches})
    ways: dict[str, list[tuple[float, ...]]] = {"-": [], "--": []}
    for arrow in (text for text in ax.texts if not text.get_text()):
        way = np.sign(np.subtract(arrow.xy, arrow.xyann).round(9))
        middle = np.add(arrow.xy, arrow.xyann)[0] / 2 - 0.2
        step = int(np.searchsorted(columns, middle))
        ways[arrow.arrow_patch.get_linestyle()].append((step, *way))
    cuts = [int(np.searchsorted(columns, line.get_xdata()[0])) for line in ax.lines]
    steps = range(1, T + 1)
    forward = [(t, *way) for t in steps for way in ((0, 1), (0, 1), (1, 0))]
    back = [(t, 0, -1) for t in steps] + [(t, -1, 0) for t in steps if t not in cuts]
    assert cuts == list(range(k + 1, T + 1, k))
    assert (sorted(ways["-"]), sorted(ways["--"])) == (sorted(forward), sorted(back))
    told = f"cut every {k}: {len(cuts) + 1} pieces" if cuts else "no cut"
    assert title(ax).startswith(f"T = {T}, {told}")


def test_every_node_is_named_and_inside_the_picture(ax: Any) -> None:
    """Is nothing cut off, and is each state, input and error there once?"""
    bptt.draw_flow(ax, 7, 2)
    names = [f"${name}_{t}$" for name in "hxE" for t in range(name != "h", 8)]
    assert sorted(texts(ax)) == sorted(names) and len(ax.patches) == len(names)
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    for (x, y), r in ((node.center, node.radius) for node in ax.patches):
        assert left <= x - r and x + r <= right and low <= y - r and y + r <= high


def test_the_trace_tells_how_much_is_left(ax: Any) -> None:
    """Is the ratio computed from the sizes, and each size told as a number?"""
    bptt.draw_trace(ax, np.array([2e-4, 1e-2, 5e-2]), "abc")
    assert heights(ax) == [2e-4, 1e-2, 5e-2] and ax.get_yscale() == "log"
    assert texts(ax) == ["2.0e-04", "1.0e-02", "5.0e-02"] and ticks(ax) == list("abc")
    assert title(ax) == "2 steps back, 250 times smaller"
    assert labels(ax) == ("letter read", "size of the gradient")


def test_the_sum_is_that_of_the_entry_asked_most(ax: Any) -> None:
    """Is the entry the one with most in it, even where the parts cancel?"""
    parts = [np.array([[1.0, 0.0], [0.0, 5.0]]), np.array([[2.0, 0.0], [0.0, -4.5]])]
    bptt.draw_sum(ax, parts, parts[0] + parts[1], "ab")
    assert heights(ax) == [5.0, -4.5, 0.5]
    assert ax.get_ylabel() == "d loss / d W_hh[1, 1]"
    assert ticks(ax) == ["output 1\n(a)", "output 2\n(b)", "sum"] and title(ax)


def test_cosines_are_drawn_over_k_and_told(ax: Any) -> None:
    """Are the lengths of the pieces named, and the first and last value told?"""
    bptt.draw_cosines(ax, [1, 4, 16], [0.5, 0.75, 1.0])
    assert list(ax.lines[0].get_ydata()) == [0.5, 0.75, 1.0]
    assert ax.get_xscale() == "log" and ticks(ax) == ["1", "4", "16"]
    assert title(ax) == "From 0.50 at k = 1 to 1.00 at k = 16"
    assert labels(ax) == ("steps k in a piece", "cosine with the full gradient")


def test_losses_carry_what_was_said(ax: Any) -> None:
    """Do milestones stand on the curve, one behind its end on the last loss?"""
    bptt.draw_losses(ax, [2.0, 1.0, 0.5], {0: "hh", 1: "ho", 3: "hi"})
    curve, evenly, *dots = ax.lines
    assert list(curve.get_ydata()) == [2.0, 1.0, 0.5]
    assert set(evenly.get_ydata()) == {np.log(4)}
    assert [tuple(*dot.get_xydata()) for dot in dots] == [(0, 2), (1, 1), (3, 0.5)]
    assert texts(ax) == ["guessing evenly", "“hh”", "“ho”", "“hi”"]
    assert title(ax).endswith("it says “hi”") and ax.get_ylim()[0] == 0
    assert labels(ax) == ("training steps", "loss (nats per letter)")


def test_no_figure_computes_a_network() -> None:
    """Could a student find a solution in the figures?"""
    source = inspect.getsource(bptt)
    assert not any(word in source for word in ("tanh", "exp(", "@ ", "** 2"))


def told(*sentences: str) -> bool:
    """Whether the lesson or an alt text says all this."""
    return all(sentence in PROSE for sentence in sentences)


def test_words_on_the_first_gradients_are_true(lesson: Any) -> None:
    """Is the pull below 0 at l alone, and a measured one best at the default eps?"""
    assert told("In every column h is the most probable", "The bars add up to 0")
    assert told('it\'s negative at "l" alone', "most wanted wrong letter most of all")
    pull, p = lesson.dlogits_hello[0, 1], lesson.softmax(lesson.logits_hello[0, 1])
    assert not lesson.logits_hello.argmax(axis=-1).any()
    assert list(np.flatnonzero(pull < 0)) == [2] and abs(pull.sum()) < 1e-15
    assert pull.argmax() == np.delete(p, 2).argmax() == 0
    assert told("The default $10^{-5}$ sits at the bottom", "a V. From the right")
    errors, default = np.array(lesson.errors), lesson.numeric_gradient.__defaults__
    assert np.isclose(lesson.eps_tried[errors.argmin()], 1e-5) and default == (1e-5,)
    assert np.all(np.diff(errors[:9]) < 0) and np.all(np.diff(errors[9:]) > 0)
    np.testing.assert_allclose(np.diff(np.log10(errors[10:])), 2, atol=0.03)
    assert told("About $10^{-11}$: that's what", "is about $10^{-10}$ or less")
    assert 1e-12 < errors.min() < 1e-10
    np.testing.assert_allclose(lesson.dW_hh, lesson.measured, rtol=0, atol=1e-10)


def test_words_on_the_way_back_are_true(lesson: Any) -> None:
    """Are the ratios, the bars and the cosines those that the text tells?"""
    trace = np.linalg.norm(lesson.dx_last[0], axis=-1)
    ratios = trace[1:] / trace[:-1]
    assert told(f"{trace[-1] / trace[0]:.0f} times smaller", "it shrank every time")
    assert told(f"here {ratios.min():.0f} to {ratios.max():.0f} times")
    parts, total = np.array(lesson.per_step), lesson.total
    assert told(
        "The first bar is 0, the others are positive", "what the first step asks"
    )
    assert not parts[0].any() and np.all(parts[1:, 1, 2] > 0)
    assert np.all(np.sign(parts[1:]) == np.sign(total))
    np.testing.assert_allclose(parts.sum(axis=0), total, rtol=1e-12)
    assert told("turns towards the full one", "1, which it reaches at k = 40")
    assert np.all(np.diff(lesson.cosines) > 0) and lesson.ks[-1] == 40
    assert np.isclose(lesson.cosines[-1], 1, 1e-12) and lesson.cosines[-2] < 1


def test_words_on_the_training_are_true(lesson: Any) -> None:
    """Are first and last loss, and what is said meanwhile, as the text has it?"""
    first, *_, last = lesson.losses
    assert told(f"it falls from {first:.2f} to about {last:.2f}, and is below")
    assert lesson.losses[4] > np.log(4) > lesson.losses[5]  # after five updates
    assert told(f"{lesson.said[0]} at the start, {lesson.said[400]} at the end")
    assert told('first "{}", then "{}"'.format(*lesson.says(lesson.trained)[2:]))
