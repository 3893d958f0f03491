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
from support.lesson import (
    LESSONS,
    load_lesson_cells,
    reference_namespace,
    split_check,
)

from unrolled.lab.figures import bptt, error_flow, style

FOLDER = LESSONS / "03_bptt"
ALL = load_lesson_cells(FOLDER)
CELLS = [c for c in ALL if c.kind != "check"]
TEXT = "\n".join(cell.source for cell in CELLS)
PROSE = " ".join(re.sub(r'"\n +"|(\n)# ', r"\1", TEXT).split())


@pytest.fixture(scope="module")
def lesson() -> Iterator[Any]:
    """The names of the solved lesson, with those of its demonstrations.

    The visible checks run, too: what they leave behind must change no figure.
    """
    names = reference_namespace(FOLDER)
    names |= dict.fromkeys(("show", "explore"), lambda *args, **settings: None)
    made: dict[str, Any] = {}
    with style.context():
        for cell in ALL:
            before = dict(names)
            if cell.kind == "check":
                exec(split_check(cell.source)[0], names)
            elif cell.kind == "show":
                exec(cell.source, names)
                made |= {n: v for n, v in names.items() if before.get(n) is not v}
    plt.close("all")
    yield SimpleNamespace(**names | made)


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


def test_the_yardsticks_and_the_twin_are_drawn(ax: Any) -> None:
    """Does each yardstick have its line and name, and the twin its own curve?"""
    twin = ([2.0, 1.8, 1.5, 1.4], "ab")
    losses = [2.0, 1.0, 0.5, 0.4]
    bptt.draw_losses(ax, losses, {0: "hh"}, {"some": 1.2, "more": 0.7}, twin)
    _, some, more, other, _ = ax.lines
    assert (set(some.get_ydata()), set(more.get_ydata())) == ({1.2}, {0.7})
    assert list(other.get_ydata()) == twin[0] and other.get_linestyle() == "--"
    assert texts(ax) == ["some", "more", "without memory: “ab”", "“hh”"]
    words = bptt.describe_acts(losses, {0: "hh", 4: "hi"}, *twin)
    assert "from 2.00 to 0.40" in words and "hh after 0, hi after 4 steps" in words
    assert "ends at 1.40 and says ab" in words


@pytest.mark.parametrize(
    ("apart", "words"),
    [({0: 0.01, 10: 0.3, 20: 0.5}, "part at about step 10"), ({0: 0.0}, "stay")],
)
def test_the_step_at_which_states_part_is_told(
    ax: Any, apart: dict[int, float], words: str
) -> None:
    """Is the first step named at which they are a tenth apart?"""
    bptt.draw_parting(ax, apart)
    assert list(ax.lines[0].get_ydata()) == list(apart.values())
    assert words in title(ax) and labels(ax) == ("training steps", "apart by")


def test_readings_have_a_curve_and_an_end_each(ax: Any) -> None:
    """Is each length named at its curve, and the best held against the longest?"""
    bptt.draw_readings(ax, {2: [3.0, 1.0], 9: [3.0, 2.5]})
    assert [list(line.get_ydata()) for line in ax.lines] == [[3.0, 1.0], [3.0, 2.5]]
    assert texts(ax) == ["k = 2: 1.00", "k = 9: 2.50"]
    assert title(ax) == "After 2 readings k = 2 ends at 1.00, k = 9 at 2.50"
    words = bptt.describe_readings({2: [3.0, 1.0], 9: [3.0, 2.5]})
    assert "1.00 with k = 2, 2.50 with k = 9" in words


@pytest.mark.parametrize("module", [bptt, error_flow])
def test_no_figure_computes_a_network(module: Any) -> None:
    """Could a student find a solution in the figures?"""
    source = inspect.getsource(module)
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
    """Are the steps of the three acts, and what is paid in each, as the text has it?"""
    lines, losses = lesson.yardsticks, np.array(lesson.curve)
    guessing, frequencies, best = (f"{nats:.3f}" for nats in lines.values())
    assert told(f"| $\\log 4 = {guessing}$", f"| {frequencies} |", f"2 = {best}$ |")
    said, steps, params = [], [], lesson.params
    for n in range(401):
        if lesson.says(params) not in said:
            said.append(lesson.says(params))
            steps.append(n)
        params, _ = lesson.train(lesson.hello, params, 1, 0.1)
    assert said == ["hhhh", "llll", "elll", "ello"]
    below = [int(np.argmax(losses < nats)) for nats in lines.values()]
    assert told(f"Within {below[0]} steps the loss is below that of guessing")
    assert steps[1] == below[0] and told(f"From step {steps[2]} on it says")
    assert told(f"step {steps[3]} on the network says", f"at step {below[2]} it falls")
    assert told(f"steps it pays {lesson.twin_losses[-1]:.3f}", "won't get below 0.347")
    assert lesson.twin_says == "elll" and min(lesson.twin_losses) > np.log(2) / 2
    late, early = lesson.apart[120], lesson.apart[0]
    assert told("over a hundred steps nothing happens") and abs(late - early) < 0.02
    assert told('first "{}", then "{}"'.format(*lesson.says(lesson.trained)[2:]))


def test_words_on_the_two_states_are_true(lesson: Any) -> None:
    """Is the distance of the two states after an l the one that is told?"""
    gap = np.abs(lesson.h_of[0][2] - lesson.h_of[0][3]).max()
    first, second = lesson.h_of[400][2:, 2]
    assert told(f"by more than {gap:.3f}", f"{first:.2f} against {second:.2f}")
    assert told(f"third one does by {first - second:.1f}")


def test_words_on_the_way_by_hand_are_true(lesson: Any) -> None:
    """Are the numbers of the pencil those of the functions?"""
    inside, h = lesson.inside, lesson.h_one.ravel()
    back, start = lesson.to_h_1.item(), lesson.to_h_0.item()
    _, dh_0, dW_xh, dW_hh, db_h = lesson.rnn_backward(
        np.array([[[0.2], [1.0]]]), lesson.cache_one
    )
    assert dh_0.item() == start
    assert told(f"(1 - {h[1]:.3f}²) = {inside[1]:.3f}", f"0.5 = {back:.3f}. There")
    assert told(f"0.2 + {back:.3f} = {0.2 + back:.3f}, so da_1")
    assert told(f"(1 - {h[0]:.3f}²) = {inside[0]:.3f}", f"0.5 = {start:.3f}. dW_hh")
    assert told(f"{inside[0]:.3f} = {dW_hh.item():.3f}, dW_xh")
    assert told(f"{inside[0]:.3f} = {dW_xh.item():.3f}, db_h")
    assert told(f"{inside[0]:.3f} = {db_h.item():.3f}.")
    assert told(f"more than its own output asked for: {0.2 + back:.3f} instead of 0.2")


def test_words_on_the_whole_gradient_are_true(lesson: Any) -> None:
    """Is the network's gradient the measured one and PyTorch's, as near as is told?"""
    assert told("the difference is about $10^{-11}$", "it's below $10^{-15}$")
    for name, gradient in zip(lesson.names, lesson.mine, strict=True):
        slope = lesson.numeric_gradient(
            lambda w, n=name: lesson.loss_with(n, w), lesson.params[name]
        )
        assert 1e-12 < np.abs(gradient - slope).max() < 1e-10
        theirs = lesson.leaves[name].grad.numpy()
        assert np.abs(gradient - theirs).max() < 1e-15
    handed, own = lesson.handed_back(lesson.dh_hello), lesson.dh_hello[0]
    share = handed[1:] / np.linalg.norm(own, axis=-1)[:-1]
    assert told("about a tenth of what a state hears") and np.all(share < 0.2)


def test_words_on_the_writing_are_true(lesson: Any) -> None:
    """Does it say o for ever, and write hard names from every start?"""
    assert lesson.write("h", lesson.trained, lesson.vocabulary) == "hell" + 8 * "o"
    for seed, name in enumerate(
        ("ada", "anna", "mississippi", "zoë", "jean-luc", "bo")
    ):
        text = name + "."
        letters = sorted(set(text))
        ids = [letters.index(letter) for letter in text]
        start = lesson.random_params(np.random.default_rng(seed), len(letters), 16)
        params, _ = lesson.train(ids, start, 400, 0.3)
        assert lesson.write(text[0], params, letters, 20) == text


def test_words_on_the_pieces_are_true(lesson: Any) -> None:
    """Are the ends of five starts within the range that is told?"""
    length = len(lesson.story_ids) - 1
    assert told(
        f"A text of {length} steps in pieces of 10", f"{-(-length // 10)} updates"
    )
    for rate, k, low, high in (
        (0.1, 5, 0.9, 1.25),
        (0.1, length, 2.8, 3.6),
        (0.3, 5, 2.0, 3.1),
    ):
        ends = []
        for seed in range(5):
            rng = np.random.default_rng(seed)
            params = lesson.random_params(rng, len(lesson.signs), 24)
            for _ in range(60):
                params, losses = lesson.train_in_pieces(
                    lesson.story_ids, params, k, rate
                )
            ends.append(np.mean(losses))
        assert abs(min(ends) - low) < 0.15 and abs(max(ends) - high) < 0.15
        assert told(f"{low:g} and {high:g}")
