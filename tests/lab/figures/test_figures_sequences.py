"""Do the figures on sequences show what they are given, and what is said?"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest
from support.axes import labels, rows, texts, ticks, title

from unrolled.lab.figures import sequences, unrolling


def test_one_hot_vectors_stand_in_columns_and_are_counted(ax: Any) -> None:
    """Is time to the right, a blank visible, and a wrong column told?"""
    x = np.eye(3)[[2, 0, 2, 1]]
    sequences.draw_one_hot(ax, x, "b bc", " cb")
    assert np.array_equal(ax.images[0].get_array(), x.T)
    assert ticks(ax) == ["b", "_", "b", "c"] and rows(ax) == [
        "_",
        "c",
        "b",
    ]
    assert title(ax) == "4 letters, 3 numbers each, one 1 in each column"
    x[0] = 1
    sequences.draw_one_hot(ax, x, "b bc", " cb")
    assert title(ax).endswith("1 to 3 ones in each column")


@pytest.mark.parametrize("D", [1, 3])
def test_a_sequence_is_a_line_or_a_map(ax: Any, D: int) -> None:
    """Are the values there, with their sizes in the title and their names?"""
    values = np.arange(4.0 * D).reshape(4, D)
    sequences.draw_sequence(ax, values, "day", "height (m)")
    if D == 1:
        assert list(ax.lines[0].get_ydata()) == [0, 1, 2, 3]
    else:
        assert np.array_equal(ax.images[0].get_array(), values.T)
    assert labels(ax) == ("day", "height (m)")
    assert title(ax) == f"T = 4 steps, D = {D} number{'s' if D > 1 else ''} a step"


def test_a_picture_stands_upright(ax: Any) -> None:
    """Is the first row at the top?"""
    picture = np.eye(8)
    sequences.draw_rows(ax, picture)
    low, high = ax.get_ylim()
    assert np.array_equal(ax.images[0].get_array(), picture) and low > high
    assert title(ax) == "T = 8 steps, D = 8 numbers a step"


def test_neighbours_are_paired_and_correlated(ax: Any) -> None:
    """Is each value set against the next, and the correlation the true one?"""
    sequences.draw_neighbours(ax, np.array([1.0, 2.0, 4.0, 3.0]), "Here")
    pairs = ax.lines[0].get_xydata()
    assert pairs.tolist() == [[1, 2], [2, 4], [4, 3]]
    r = np.corrcoef([1, 2, 4], [2, 4, 3])[0, 1]
    assert title(ax) == f"Here: correlation {r:.2f}"


def test_hits_are_bars_with_numbers(ax: Any) -> None:
    """Are the shares drawn and told?"""
    sequences.draw_hits(ax, ["a", "b"], [0.5, 0.125])
    assert [bar.get_width() for bar in ax.patches] == [0.5, 0.125]
    assert texts(ax) == ["50%", "12%"]
    assert title(ax) == "50% right in order, 12% after shuffling"


def test_parameters_say_from_where_on(ax: Any) -> None:
    """Does the title name the first length at which the one is larger?"""
    sequences.draw_parameters(ax, [1, 2, 3], [5, 10, 15], 10)
    assert title(ax) == "The feedforward network is the larger one from T = 3 on"
    assert texts(ax) == ["feedforward", "recurrent"]
    assert labels(ax) == ("length T of the sequence (steps)", "number of parameters")
    sequences.draw_parameters(ax, [1, 2], [5, 10], 10)
    assert title(ax).endswith("nowhere up to T = 2")


@pytest.mark.parametrize(
    ("shape", "states", "inputs", "outputs", "arrows"),
    [
        ("many-to-one", 4, 3, 1, 7),
        ("many-to-many, in step", 4, 3, 3, 9),
        ("one-to-many", 4, 1, 3, 9),
        ("many-to-many, read first", 7, 4, 3, 15),
    ],
)
def test_each_shape_has_its_nodes_and_arrows(
    ax: Any, shape: str, states: int, inputs: int, outputs: int, arrows: int
) -> None:
    """Are states, inputs and outputs as many as the shape has at T = 3?"""
    unrolling.draw_shape(ax, shape, 3)
    heights = [round(circle.get_center()[1]) for circle in ax.patches]
    assert [heights.count(y) for y in (1, 0, 2)] == [states, inputs, outputs]
    assert len([text for text in ax.texts if not text.get_text()]) == arrows
    assert title(ax).startswith(f"{shape}: ")


def test_opinions_carry_their_names_apart(ax: Any) -> None:
    """Has each verdict its line and label, and the title the surest at the end?"""
    outputs = np.array([[0.9, 0.1, 0.2], [0.01, 0.0, 0.95]])
    unrolling.draw_opinions(ax, outputs, ["so", "bad"], ["love", "tolerate", "hate"])
    drawn = np.array([line.get_ydata() for line in ax.lines]).T
    assert np.array_equal(drawn, outputs) and ticks(ax) == ["so", "bad"]
    assert texts(ax) == ["love", "tolerate", "hate"]
    ends = sorted(text.get_position()[1] for text in ax.texts)
    assert min(np.diff(ends)) > 0.08 and title(ax) == "In the end: hate (0.95)"
    assert len({line.get_linestyle() for line in ax.lines}) == 3


def test_states_are_signed_and_named(ax: Any) -> None:
    """Is the map symmetric about 0, with the steps below?"""
    h = np.array([[0.5, -1.0, 0.0], [0.1, 0.2, 0.3]])
    unrolling.draw_states(ax, h, ["the", "film"], "A title")
    assert np.array_equal(ax.images[0].get_array(), h.T)
    assert ax.images[0].get_clim() == (-1, 1) and title(ax) == "A title"
    assert ticks(ax) == ["the", "film"] and rows(ax) == ["1", "3"]


def test_a_caption_frames_what_is_written(ax: Any) -> None:
    """Is the surest letter of each output framed, and the picture beside it?"""
    outputs = np.array([[0.1, 0.8], [0.7, 0.2], [0.0, 0.9]])
    unrolling.draw_caption(ax, np.eye(8), outputs, "ab", "bab")
    left, right = ax.child_axes
    assert np.array_equal(left.images[0].get_array(), np.eye(8))
    assert np.array_equal(right.images[0].get_array(), outputs.T)
    frames = [tuple(frame.get_center()) for frame in right.patches]
    assert frames == [(0, 1), (1, 0), (2, 1)] and title(ax) == "It writes “bab”"


def test_a_translation_is_parted_between_reading_and_writing(ax: Any) -> None:
    """Is there a gap behind the last letter read, and has the end a sign?"""
    states = np.linspace(-1, 1, 30).reshape(6, 5)
    unrolling.draw_translation(ax, states, "one", "ei", unit_rows=4)
    drawn = np.ma.filled(ax.images[0].get_array().astype(float), np.nan).T
    assert np.isnan(drawn[3]).all()
    assert np.array_equal(np.delete(drawn, 3, axis=0), states[:, :4])
    assert ticks(ax) == ["o", "n", "e", "", "e", "i", "."]
    assert title(ax) == "It reads “one” | then it writes “ei”"


def test_crossing_lines_join_the_parts(ax: Any) -> None:
    """Does each part lead to its translation?"""
    unrolling.draw_crossing(ax, [("a", "A"), ("b", "B")], [1, 0])
    places = {text.get_text(): text.get_position()[0] for text in ax.texts}
    ends = [list(line.get_xdata()) for line in ax.lines]
    assert ends == [[places["a"], places["A"]], [places["b"], places["B"]]]
    assert places["A"] > places["B"]


def test_no_figure_computes_a_network() -> None:
    """Could a student find a solution in the figures?"""
    source = inspect.getsource(sequences) + inspect.getsource(unrolling)
    assert not any(
        word in source for word in ("tanh", "exp(", " @ ", "np.eye", "step(")
    )
