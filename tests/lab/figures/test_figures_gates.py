"""Do the figures on gates show what they are given, and is what is said true?"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib import colormaps
from support.axes import labels, rows, texts, ticks, title
from support.lesson import LESSONS, load_lesson_cells, reference_namespace

from unrolled.lab.figures import gate_diagrams, gates, style
from unrolled.lab.models import recall, year_reader

FOLDER = LESSONS / "05_gates"
CELLS = [c for c in load_lesson_cells(FOLDER) if c.kind != "check"]
TEXT = "\n".join(cell.source for cell in CELLS)
PROSE = " ".join(re.sub(r'"\n +"|(\n)# ', r"\1", TEXT).split())


@pytest.fixture(scope="module")
def lesson() -> Iterator[Any]:
    """The names of the solved lesson, with those of its demonstrations.

    The networks of the recall task aren't trained here; see test_recall.
    """
    names = reference_namespace(FOLDER)
    names |= dict.fromkeys(("show", "explore"), lambda *args, **settings: None)
    with style.context():
        for cell in CELLS:
            text = cell.source if cell.kind == "show" else ""
            text = re.sub(r"recall\.accuracy\(.*\) for", "1.0 for", text)
            exec(text, names)
    plt.close("all")
    yield SimpleNamespace(**names)


def told(*sentences: str) -> bool:
    """Whether the lesson or an alt text says all this."""
    return all(sentence in PROSE for sentence in sentences)


def test_leaks_end_where_they_are_said_to(ax: Any) -> None:
    """Has each weight a line from either start, and its last value told?"""
    high = {"w = 1": np.array([0.7, 0.5, 0.25]), "w = 2": np.array([0.7, 0.8, 0.9])}
    low = {name: run - 0.5 for name, run in high.items()}
    gates.draw_leaks(ax, high, low)
    assert len(ax.lines) == 4 and texts(ax) == [
        "w = 1: ends at 0.25",
        "w = 2: ends at 0.90",
    ]
    assert [line.get_linestyle() for line in ax.lines] == ["-", "--"] * 2
    assert title(ax) == "None of 2 weights keeps both 0.7 and 0.2"
    assert labels(ax) == ("steps", "state")


def test_cells_are_read_as_years_and_labels_kept_apart(ax: Any) -> None:
    """Does the title tell the years at the word, and do equal ends not overlap?"""
    cells = {
        "one": np.array([[0.2], [0.7], [0.0]]),
        "two": np.array([[0.2], [0.5], [0.0]]),
    }
    gates.draw_cells(ax, ["a", "b", "c"], cells, "b")
    assert title(ax) == "After “b” the memory says 2014 (one), 2010 (two)"
    assert texts(ax) == ["one: 2000", "two: 2000"] and ticks(ax) == ["a", "b", "c"]
    heights = [text.get_position()[1] for text in ax.texts]
    assert heights[1] - heights[0] > 1
    assert list(ax.lines[0].get_ydata()) == [2004, 2014, 2000]


def test_four_gates_are_named_on_their_curves(ax: Any) -> None:
    """Does each letter stand at a point of its own curve?"""
    x = np.linspace(-1, 1, 21)
    four = [x / 2, x**3, -x, np.sin(x)]
    gates.draw_sweep(ax, x, four)
    assert texts(ax) == list("ifgo")
    for text, curve in zip(ax.texts, four, strict=True):
        place = int(np.argmin(np.abs(x - text.xy[0])))
        assert text.xy == (x[place], curve[place])
    assert labels(ax) == ("input", "gate") and title(ax)


def test_a_step_tells_the_largest_of_both(ax: Any) -> None:
    """Are the largest cell and state those handed in?"""
    x = np.linspace(-2, 2, 5)
    gates.draw_step(ax, x, 3 * x, x / 4)
    assert title(ax) == "The cell reaches 6, what is shown of it 0.5"
    assert texts(ax) == ["new cell $c_t$", "shown, $h_t$"]


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([1.0, 0.7, 0.49, 0.3], "half is gone after 2 steps"),
        ([1.0, 0.9], "more than half is left"),
    ],
)
def test_the_half_life_is_counted(ax: Any, kept: list[float], said: str) -> None:
    """Is the first step below one half told, and nothing where there's none?"""
    gates.draw_kept(ax, np.array(kept), 2.0)
    assert title(ax) == f"bias 2: {said}"
    assert labels(ax) == ("steps", "left of the value")


@pytest.mark.parametrize(("factor", "said"), [(1.0, "exactly"), (0.9, "not")])
def test_what_passes_is_compared_with_the_gate(
    ax: Any, factor: float, said: str
) -> None:
    """Does the title stay true where the function is wrong?"""
    f = np.array([0.0, 0.5, 1.0])
    gates.draw_passes(ax, f, factor * f)
    assert title(ax) == f"What arrives is {said} the share f (dotted)"


def test_ways_back_name_the_one_with_most_left(ax: Any) -> None:
    """Is the axis logarithmic, and the largest last value told?"""
    gates.draw_ways_back(ax, {"plain": [1.0, 0.1], "LSTM, bias 5": [1.0, 0.8]})
    assert title(ax) == "2 steps back, the error is largest in LSTM, bias 5: 0.8"
    assert ax.get_yscale() == "log" and texts(ax) == ["plain", "LSTM, bias 5"]


def test_the_blend_tells_its_ends(ax: Any) -> None:
    """Are the values at z = 0 and z = 1 those of the state?"""
    gates.draw_blend(ax, np.array([0.0, 1.0]), np.array([-0.5, 0.8]), old=0.8, new=-0.5)
    assert title(ax) == "The new state: -0.5 at z = 0, 0.8 at z = 1"
    assert texts(ax) == ["old state 0.8", "candidate -0.5"]


def test_counts_are_bars_from_the_top(ax: Any) -> None:
    """Is the first bar on top, each with its number and its ratio?"""
    gates.draw_counts(ax, {"rnn": 1000, "gru": 3010, "lstm": 4000})
    assert [patch.get_width() for patch in ax.patches] == [1000, 3010, 4000]
    assert texts(ax) == ["1,000", "3,010, 3.01 times rnn", "4,000, 4.00 times rnn"]
    assert title(ax) == "lstm: 4.00 times as many as rnn" and ax.yaxis_inverted()


def test_recall_curves_share_a_colour_by_cell(ax: Any) -> None:
    """Is a second LSTM dashed in the same colour, and are only good ones named?"""
    curves = {"plain": [1.0, 0.1], "LSTM": [1.0, 0.12], "LSTM, bias": [1.0, 1.0]}
    gates.draw_recall(ax, [2, 32], curves, 0.125)
    plain, first, second, chance = ax.lines
    assert first.get_color() == second.get_color() != plain.get_color()
    assert second.get_linestyle() == "--" and list(chance.get_ydata()) == [0.125] * 2
    assert title(ax) == "Right over 9 times in 10 at 32 words: LSTM, bias"
    heights = sorted(
        text.get_position()[1] for text in ax.texts if text.get_text() in curves
    )
    assert min(np.diff(heights)) > 0.08 and ticks(ax) == ["2", "32"]


def test_no_network_is_named_where_none_is_good(ax: Any) -> None:
    """Does the title say so?"""
    gates.draw_recall(ax, [2, 4], {"GRU": [0.3, 0.2]}, 0.125)
    assert title(ax).endswith("none")


def made(T: int, H: int) -> dict[str, Any]:
    """Gates, cells and states of made-up numbers."""
    rng = np.random.default_rng(0)
    found = {name: rng.uniform(size=(T, H)) for name in "ifo"}
    return found | {name: rng.uniform(-2, 2, size=(T, H)) for name in "gch"}


def test_the_inside_of_a_unit_has_six_rows_in_their_colours(ax: Any) -> None:
    """Are gates in viridis from 0 to 1, and signed rows symmetric about 0?"""
    seen = made(4, 3)
    seen["f"][:, 1] = [0.1, 0.9, 0.2, 0.05]
    seen["c"][0, 1] = 0.0
    gates.draw_inside(ax, seen, ["x", "y", "z", "x"], unit=1)
    picture = ax.images[0].get_array()
    assert rows(ax) == list(gates.MEANING.values()) and picture.shape == (6, 4, 3)
    assert np.allclose(picture[1, 0], colormaps[style.SEQUENTIAL](0.1)[:3])
    assert np.allclose(picture[4, 0], colormaps[style.DIVERGING](0.5)[:3])
    assert title(ax) == "Unit 2 drops what it held at “x”, “z”"
    assert len(texts(ax)) == 24 and texts(ax)[4] == "0.10"


def test_a_unit_that_never_drops_is_said_to(ax: Any) -> None:
    """Does the title say so where no gate closes?"""
    seen = made(2, 1) | {"f": np.ones((2, 1))}
    gates.draw_inside(ax, seen, ["a", "b"], unit=0)
    assert title(ax) == "Unit 1 never drops what it holds"


def test_rows_of_all_units_tell_their_key(ax: Any) -> None:
    """Has each unit a row, and is the meaning of the colours told?"""
    values = made(3, 5)["c"]
    gates.draw_rows(ax, values, ["a", "b", "c"], "c", "cell c")
    assert rows(ax) == list("12345") and title(ax) == "cell c (red above 0, blue below)"
    assert labels(ax) == ("word read", "unit")


def test_fused_weights_have_four_blocks_each(ax: Any) -> None:
    """Are W_xh, W_hh, b_h and a_t cut alike, D, H, 1 and 1 rows high?"""
    gate_diagrams.draw_fused(ax, D=3, H=2)
    boxes = [p for p in ax.patches if not p.get_fill()]
    assert [box.get_height() for box in boxes[::4]] == [3, 2, 1, 1]
    assert {box.get_width() for box in boxes} == {2}
    assert [t for t in texts(ax) if t in list("ifgo")] == list("ifgo") * 4


@pytest.mark.parametrize(
    ("draw", "letters", "signs"),
    [
        (gate_diagrams.draw_lstm, "figo", "×+××"),
        (gate_diagrams.draw_gru, "rzn", "×+××"),
    ],
)
def test_diagrams_name_all_their_parts(
    ax: Any, draw: Any, letters: str, signs: str
) -> None:
    """Are all gates and operations there, and on the top way one × and one + only?"""
    draw(ax)
    said = texts(ax)
    assert all(letter in said for letter in letters)
    assert sorted(t for t in said if t in "×+") == sorted(signs)
    top = [t.get_text() for t in ax.texts if t.get_position()[1] == 3.0]
    assert sorted(t for t in top if t in ("×", "+")) == ["+", "×"]


def test_no_figure_computes_a_gate() -> None:
    """Could a student find a solution in the figures?"""
    for module in (gates, gate_diagrams, year_reader):
        source = inspect.getsource(module)
        assert not any(w in source for w in ("tanh(", "exp(", "sigmoid", "np.split"))


def test_words_on_leak_and_memory_are_true(lesson: Any) -> None:
    """Do the lines end, and the years stand, where the text says?"""
    assert told("stands still, but at 0.50", "0.7 sinks to 0.09")
    for runs in (lesson.leaks, lesson.leaks_low):
        assert round(runs["w = 1.1"][-1], 2) == 0.5 and runs["w = 0.9"][50] < 0.005
    assert round(lesson.leaks["w = 1"][-1], 2) == 0.09
    place = lesson.words.index("2010")
    years = {n: 2000 + 20 * c[place, 0] for n, c in lesson.cells.items()}
    assert np.allclose(list(years.values()), [2014, 2010])
    assert np.allclose(lesson.seen["c"][:, 0], lesson.cells["with forget gate"][:, 0])
    assert told("bias 5: after 104 steps") and lesson.kept(5.0)[103] > 0.5
    assert lesson.kept(5.0)[104] < 0.5 < lesson.kept(12.0)[-1]


def test_words_on_the_way_back_are_true(lesson: Any) -> None:
    """Is the error of the plain network gone, and that of the open gate still there?"""
    plain, zero, one, five = (way[-1] for way in lesson.ways.values())
    assert told("$10^{-28}$ of the error is left in the plain network")
    assert np.isclose(np.log10(plain), -28, atol=0.2) and plain < zero < 1e-20
    assert told("for the plain network to 8e-29", "to 3e-23", "to 2e-9")
    assert np.allclose(np.log10([zero, one]), np.log10([3e-23, 2e-9]), atol=0.1)
    assert told("it stays between 0.8 and 6", "It even grows, to 6")
    assert min(lesson.ways["LSTM, bias 5"]) > 0.8 and round(five) == 6
    assert told("after 32 steps about $10^{-7}$ of the error is left")
    assert np.isclose(np.log10(lesson.ways["LSTM, bias 0"][31]), -7, atol=0.2)
    assert np.allclose(lesson.read["z takes the new"], 0)
    assert told("The two lines are one")
    assert np.allclose(lesson.both["GRU"], lesson.both["cell of the LSTM"])


def test_words_on_the_learned_gates_are_true(lesson: Any) -> None:
    """Do three units close at years and stops, and is what they hold refreshed?"""
    seen, words = lesson.reading, lesson.sentence
    marks = [t for t, w in enumerate(words) if w in (*year_reader.YEARS, ".")]
    others = [t for t in range(1, len(words)) if t not in marks]
    assert told("The forget gates of units 1, 2 and 3", "Units 4 and 5 have found")
    assert (
        seen["f"][marks][:, :3].max() < 0.25 < seen["f"][marks][:, 3:].max(axis=0).min()
    )
    assert told("the input gates stand open nearly all") and np.median(seen["i"]) > 0.9
    assert (
        told("stays below 1, at about 0.8")
        and abs(seen["f"][others, 1].mean() - 0.8) < 0.1
    )
    signs = np.sign(seen["c"])
    assert np.array_equal(np.sign(seen["g"])[others, 1], signs[others, 1])
    assert list(signs[[1, 5, 7, 14], 1]) == [-1, 1, -1, 1]
    assert signs[1, 2] == -1 and signs[7, 2] == 1
    network, read_out = lesson.network, lesson.read_out
    assert year_reader.accuracy(network, read_out) > 0.99


def test_the_learned_memory_lasts_a_hundred_words(lesson: Any) -> None:
    """Is the year still said a hundred words later, as the question has it?"""
    import torch

    assert told("when the year was named a hundred words ago")
    rng = np.random.default_rng(3)
    for year, name in enumerate(year_reader.YEARS):
        fillers = rng.choice(year_reader.WORDS[len(year_reader.YEARS) + 1 :], 100)
        x = torch.tensor(year_reader.encode([name, *fillers])[None]).float()
        with torch.no_grad():
            assert lesson.read_out(lesson.network(x)[0])[0, -1].argmax() == year


def test_texts_hold_a_year_until_the_next_mark() -> None:
    """Is the answer the last year named, or none after a full stop?"""
    ids, answers = year_reader.texts(20, 50, np.random.default_rng(0))
    none = len(year_reader.YEARS)
    for row, said in zip(ids, answers, strict=True):
        now = none
        for word, answer in zip(row, said, strict=True):
            name = year_reader.WORDS[word]
            now = year_reader.YEARS.index(name) if name in year_reader.YEARS else now
            now = none if name == "." else now
            assert answer == now
    assert len(set(year_reader.WORDS)) == len(year_reader.WORDS)
    assert year_reader.encode(["."]).argmax() == none


def test_words_on_the_recall_task_are_true() -> None:
    """Over 32 words: does no network find the year as torch starts it?"""
    assert told("None! The GRU gets twice as far", "at 32 words all three guess")
    for cell in ("rnn", "lstm", "gru"):
        assert recall.accuracy(cell, 32, steps=300) < 0.25
    assert recall.accuracy("gru", 16, steps=300) > 0.9
    assert recall.accuracy("lstm", 16, steps=300) < 0.9
    for cell in ("lstm", "gru"):
        assert recall.accuracy(cell, 32, steps=300, forget_bias=3.0) > 0.9
