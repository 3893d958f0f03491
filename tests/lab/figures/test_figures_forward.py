"""Do the figures on the forward pass show what they are given, in words, too?"""

from __future__ import annotations

import inspect
import io
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Rectangle
from support.axes import texts, title

from unrolled.lab.figures import forward


def circles(ax: Any) -> int:
    """The number of nodes of a drawn network."""
    return sum(isinstance(patch, Circle) for patch in ax.patches)


def test_the_title_tells_the_ratio_of_the_last_length(ax: Any) -> None:
    """Is the finding computed from the numbers that are drawn?"""
    forward.draw_weights(ax, [1, 10, 50], [20, 200, 1000], 40)
    assert title(ax) == "At 50 letters, 25 times as many parameters"
    assert [list(line.get_ydata()) for line in ax.lines] == [[20, 200, 1000], [40] * 3]
    assert {ax.get_xscale(), ax.get_yscale()} == {"log"}
    assert len(texts(ax)) == 2


def test_letters_with_two_followers_are_named(ax: Any) -> None:
    """Is it the l of hello, and only it, that is asked for two answers?"""
    forward.draw_targets(ax, "hello")
    assert title(ax).endswith(": l")
    colours = {patch.get_edgecolor() for patch in ax.patches[4:]}
    assert len(colours) == 1 and ax.patches[0].get_edgecolor() not in colours


def test_a_text_without_conflict_marks_nothing(ax: Any) -> None:
    """Is nothing marked where each letter has one follower?"""
    forward.draw_targets(ax, "abcab")
    assert title(ax).endswith("no letter")
    assert len({patch.get_edgecolor() for patch in ax.patches}) == 1


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("T", [1, 4, 8])
def test_unfolding_adds_states_and_no_matrices(ax: Any, T: int, layers: int) -> None:
    """Are there T columns beside the folded one, with the same few names of weights?"""
    forward.draw_unrolled(ax, T, layers)
    assert circles(ax) == (T + 1) * (layers + 2) + layers
    names = {text for text in texts(ax) if text.startswith("$W")}
    assert len(names) == 2 * layers + 1
    assert f"$h_{{{T}}}$" in texts(ax) or layers > 1


def test_the_title_counts_in_words(ax: Any) -> None:
    """Is a single step said in the singular?"""
    forward.draw_unrolled(ax, 1)
    assert title(ax) == "T = 1: 1 state, and every weight matrix used once"
    ax.clear()
    forward.draw_unrolled(ax, 4, 3)
    assert title(ax) == "T = 4: 12 states, and every weight matrix used 4 times"


def test_every_node_is_inside_the_picture(ax: Any) -> None:
    """Is nothing cut off, however far the network is unfolded?"""
    for T in (1, 6, 8):
        ax.clear()
        forward.draw_unrolled(ax, T)
        for patch in ax.patches:
            if isinstance(patch, Circle):
                (x, y), r = patch.center, patch.radius
                assert ax.get_xlim()[0] <= x - r and x + r <= ax.get_xlim()[1]
                assert ax.get_ylim()[0] <= y - r and y + r <= ax.get_ylim()[1]


def test_states_are_drawn_with_their_letters_and_numbers(ax: Any) -> None:
    """Does a small heat map carry letters, numbers and a symmetric scale?"""
    h = np.array([[0.5, -1.0], [0.25, 0.125], [0.0, 0.75]])
    forward.draw_states(ax, h, "abc", "A finding")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c"]
    assert texts(ax) == ["0.500", "0.250", "0.000", "-1.000", "0.125", "0.750"]
    assert ax.images[0].get_clim() == (-1, 1)
    assert ax.get_ylabel() and ax.get_xlabel() and title(ax) == "A finding"
    assert len(ax.figure.axes) == 2


def test_a_large_heat_map_has_no_numbers(ax: Any) -> None:
    """Are numbers left out where they would not fit, and the bar where not wanted?"""
    forward.draw_states(ax, np.zeros((5, 8)), "hello", "A finding", bar=False)
    assert texts(ax) == [] and len(ax.figure.axes) == 1


def test_right_answers_are_boxed(ax: Any) -> None:
    """Does a box stand around each letter that follows, and the title say the bets?"""
    p = np.array([[0.2, 0.8], [0.7, 0.3], [0.4, 0.6]])
    forward.draw_probabilities(ax, p, "abb", ["a", "b"])
    boxes = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    centres = [(round(b.get_x() + 0.46), round(b.get_y() + 0.44)) for b in boxes]
    assert centres == [(0, 1), (1, 1)]
    assert title(ax).endswith("b, a, b")


def test_the_right_bar_is_told_in_words(ax: Any) -> None:
    """Is the right answer marked by more than a colour?"""
    values = np.array([0.1, 0.6, 0.3])
    forward.draw_bars(ax, values, ["x", "y", "z"], "A finding", right="z")
    assert texts(ax) == ["0.100", "0.600", "0.300\nright answer"]
    assert [p.get_height() for p in ax.patches] == [0.1, 0.6, 0.3]


def test_bars_without_a_right_answer_are_plain(ax: Any) -> None:
    """Can scores be drawn, under their own label?"""
    values = np.array([1.5, 2.5])
    forward.draw_bars(ax, values, ["x", "y"], "A finding", label="logit")
    assert ax.get_ylabel() == "logit" and texts(ax) == ["1.500", "2.500"]


def test_steps_at_which_runs_are_apart_are_counted(ax: Any) -> None:
    """Does a gap in any unit count, and one below the limit not?"""
    runs = np.zeros((2, 5, 3))
    runs[1, 1, 2], runs[1, 2, 0], runs[1, 4, 1] = 0.06, 0.04, -0.5
    forward.draw_runs(ax, runs)
    assert title(ax) == "The states are apart at 2 of 5 steps"
    assert len({line.get_linestyle() for line in ax.lines}) == 2


def test_gaps_have_labels_that_do_not_overlap(ax: Any) -> None:
    """Is each curve named at its end, and are the names a decade apart at least?"""
    gaps = {0.5: np.array([1.0, 1e-3, 0.0]), 2: np.full(3, 5.0), 4: np.full(3, 6.0)}
    forward.draw_gaps(ax, gaps, "A finding")
    heights = {text.get_text(): np.log10(text.xy[1]) for text in ax.texts}
    assert list(heights) == ["scale 0.5", "scale 2", "scale 4"]
    assert heights["scale 4"] - heights["scale 2"] > 0.99
    assert ax.get_yscale() == "log"
    assert min(ax.lines[0].get_ydata()) == 1e-17


def test_the_reach_of_a_memory_is_counted(ax: Any) -> None:
    """Does the first miss end a row's memory, though later ones are right by luck?"""
    right = np.array([[1.0, 0.4, 0.9], [1.0, 0.8, 0.3]])
    forward.draw_memory(ax, [0.5, 4], right, chance=0.25)
    assert title(ax) == "More than half right: up to 1 letter"
    assert [line.get_xdata()[0] for line in ax.lines] == [0.5, 1.5]
    assert ax.images[0].get_clim() == (0.25, 1)


def test_drawing_is_pure(ax: Any) -> None:
    """Does the same call give the same picture and leave its arrays alone?"""
    h = np.random.default_rng(1).uniform(-1, 1, (4, 3))
    before, pictures = h.copy(), []
    for _ in range(2):
        figure, file = Figure(layout="constrained"), io.BytesIO()
        forward.draw_states(figure.subplots(), h, "hell", "A finding")
        figure.savefig(file, format="png", metadata={"Software": None})
        pictures.append(file.getvalue())
    assert pictures[0] == pictures[1]
    assert np.array_equal(h, before)


def test_no_figure_computes_a_network() -> None:
    """Could a student find a solution in the figures?"""
    source = inspect.getsource(forward)
    assert "tanh" not in source and "exp(" not in source and "@ " not in source
