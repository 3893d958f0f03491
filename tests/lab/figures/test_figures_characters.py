"""Do figures, texts and helpers of the lesson on character models tell the truth?"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from IPython.core.interactiveshell import InteractiveShell
from support.axes import rows, texts, ticks, title

from unrolled.errors import UserError
from unrolled.lab.checks.call import drain, pairs
from unrolled.lab.checks.errors import CheckFailed
from unrolled.lab.datasets import corpora
from unrolled.lab.figures import characters, heat, style
from unrolled.lab.models import baselines, weights
from unrolled.lab.widgets import progress


def test_counts_are_drawn_from_the_most_frequent_on(ax: Any) -> None:
    """Are the shares per cent of all, and is a space a sign that can be seen?"""
    characters.draw_counts(ax, {"a": 3, " ": 6, "\n": 1}, most=2)
    assert [bar.get_height() for bar in ax.patches] == [60, 30]
    assert ticks(ax) == ["␣", "a"]
    assert title(ax) == "3 different characters, first of all ␣"


def test_batches_stand_in_rows_and_columns(ax: Any) -> None:
    """Is row n of batch k at its place, whatever signs it holds?"""
    characters.draw_batches(ax, [["ab", "c$"], ["d ", "$e"]])
    found = {t.get_text(): t.get_position() for t in ax.texts}
    assert found == {
        "ab": (0.5, 0.5),
        "c$": (0.5, 1.5),
        "d␣": (1.5, 0.5),
        "$e": (1.5, 1.5),
    }
    assert ticks(ax) == ["batch 1", "batch 2"] and rows(ax) == ["row 1", "row 2"]


def test_sizes_are_compared_first_to_last(ax: Any) -> None:
    """Does the title compute the ratio?"""
    characters.draw_sizes(ax, {"rnn": 1000, "lstm": 3500})
    assert title(ax) == "lstm: 3.5 times the parameters of rnn"
    assert texts(ax) == ["1,000", "3,500"]


def test_yardsticks_name_and_mark_the_own(ax: Any) -> None:
    """Is the own one told, and are own bars of another colour than the rest?"""
    characters.draw_yardsticks(ax, {"zip": 2.0, "yours": 2.5}, ["yours"])
    assert title(ax) == "Yours: 2.50 bits per character"
    assert ax.patches[0].get_facecolor() != ax.patches[1].get_facecolor()


def test_training_is_drawn_with_its_running_mean(ax: Any) -> None:
    """Is the mean of the last losses told, with fewer losses than its window too?"""
    characters.draw_training(ax, [4.0, 2.0, 3.0], {"evenly": 4.0})
    raw, mean, line = ax.lines
    assert list(raw.get_ydata()) == [4, 2, 3] and list(mean.get_ydata()) == [3]
    assert set(line.get_ydata()) == {4.0} and texts(ax) == ["evenly"]
    assert title(ax) == "From 4.00 to 3.00 nats per character"


def test_choices_leave_out_what_is_impossible(ax: Any) -> None:
    """Are the bars in falling order, without those of probability 0?"""
    characters.draw_choice(ax, np.array([0.25, 0.0, 0.75]), ["a", "b", "\n"])
    assert [bar.get_height() for bar in ax.patches] == [0.75, 0.25]
    assert ticks(ax) == ["↵", "a"] and title(ax) == "First choice ↵: 75 %"


def test_a_table_frames_the_best_and_prints_bold_what_is_bold(ax: Any) -> None:
    """Is each entry at its place, a missing one a dash, frame and bold apart?"""
    table: characters.Table = {
        8: {("rnn", 1): 2.0, ("gru", 1): 1.5},
        16: {("rnn", 1): None},
    }
    characters.draw_table(ax, table, {8: ("gru", 1)}, {8: ("rnn", 1)})
    assert texts(ax) == ["2.000", "1.500", "-", "-"]
    assert [t.get_weight() for t in ax.texts[:2]] == ["bold", "normal"]
    (frame,) = ax.patches
    assert frame.get_x() == pytest.approx(0.54) and frame.get_y() < 0


def test_models_lie_over_their_number_of_parameters(ax: Any) -> None:
    """Is the lowest named, one layer filled, two open?"""
    points = {("rnn", 1, 8): (100, 2.0), ("lstm", 2, 8): (900, 1.5)}
    characters.draw_by_size(ax, points)
    assert title(ax) == "Lowest: lstm, 2 layers, 8 hidden units"
    assert [line.get_mfc() for line in ax.lines] == [style.CONTEXT, "white"]
    assert texts(ax) == ["rnn 1, H = 8", "lstm 2, H = 8"]


def test_the_heat_map_is_the_text(ax: Any) -> None:
    """Does each character stand on its colour, the next one in a frame at the end?"""
    heat.draw_heat(ax, "ab c", [0.0, 1.0, 2.0, 7.0], "$", width=3)
    assert texts(ax) == ["a", "b", "␣", "c", "$"]
    places = [patch.get_xy() for patch in ax.patches]
    assert [x for x, _ in places] == [0, 1, 2, 0, 1] and places[3][1] > places[2][1]
    light = [sum(patch.get_facecolor()[:3]) for patch in ax.patches]
    assert light[0] > light[1] > light[2] > light[3] and light[4] == 3
    assert title(ax) == (
        "“$” comes next: the last 2 of 4 characters hold 80 % of the influence"
    )
    heat.draw_heat(ax, "ab", [0.0, 0.0], "c")
    assert title(ax) == "it says c, and no character matters"


def test_the_reach_tells_how_much_less(ax: Any) -> None:
    """Is the ratio of first and last told?"""
    heat.draw_reach(ax, [8.0, 4.0, 0.5])
    assert title(ax) == "2 steps back, 16 times less influence"
    assert ax.get_yscale() == "log"


def test_no_figure_computes_a_network() -> None:
    """Could a student find a solution in what the notebook imports?"""
    for module in (characters, heat, weights, baselines, corpora, progress):
        source = inspect.getsource(module)
        assert not any(word in source for word in ("nn.RNN", "softmax", "@ ", "Adam"))


def test_the_texts_are_there() -> None:
    """Is the almanac plain text, and Python's library found, of any version?"""
    assert len(corpora.almanac()) > 20_000 and corpora.almanac().isascii()
    code = corpora.python_library()
    assert code.isascii() and "def heappush(heap, item):" in code
    assert "====" not in code and "\t" not in code
    with pytest.raises(UserError, match="no source text"):
        corpora.python_library(["math"])


def test_a_large_text_comes_from_a_file_or_says_where(tmp_path: Path) -> None:
    """Is the message clear: which file, which folder, what to put there?"""
    with pytest.raises(FileNotFoundError, match=r"war_and_peace\.txt is not there"):
        corpora.large("war_and_peace", tmp_path)
    with pytest.raises(UserError, match="public domain"):
        corpora.large("war_and_peace", tmp_path)
    with pytest.raises(UserError, match="the large corpora are"):
        corpora.large("moby_dick", tmp_path)
    (tmp_path / "linux_kernel.txt").write_bytes(b"int\tx;\xff\r\n")
    assert corpora.large("linux_kernel", tmp_path) == "int x;\n"


def test_yardsticks_are_what_they_say() -> None:
    """Do simple guessers pay what a hand computes?"""
    assert baselines.evenly(4) == math.log(4)
    got = baselines.frequencies("aab", "aab", 2)  # 3/5 for a, 2/5 for b
    assert got == pytest.approx(-(math.log(3 / 5) + math.log(2 / 5)) / 2)
    got = baselines.pairs("aab", "aab", 2)  # after a: a once, b once
    assert got == pytest.approx(math.log(2))
    assert 0 < baselines.zipped("abc" * 200, "abc" * 100) < 0.5


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_shapes_are_those_of_torch(cell: str) -> None:
    """Are names and shapes of the made weights those of torch's own layers?"""
    kind = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    net = torch.nn.ModuleDict({"rnn": kind(4, 3, 2), "read_out": torch.nn.Linear(3, 4)})
    right = {name: tuple(w.shape) for name, w in net.state_dict().items()}
    assert weights.parameter_shapes(cell, 4, 3, 2) == right
    weights.load(net, weights.random_weights(np.random.default_rng(0), cell, 4, 3, 2))


def test_loading_says_what_does_not_fit() -> None:
    """Is the first name or shape that is wrong named in plain words?"""
    made = weights.forgetful_weights("rnn", 4, 3, 1, [0.0] * 4)
    net = torch.nn.ModuleDict({"rnn": torch.nn.RNN(4, 3)})
    with pytest.raises(CheckFailed, match=r"no read_out\.weight"):
        weights.load(net, made)
    net = torch.nn.ModuleDict({"rnn": torch.nn.RNN(4, 3, 2)})
    net["read_out"] = torch.nn.Linear(3, 4)
    with pytest.raises(CheckFailed, match="weight_ih_l1, which is not expected"):
        weights.load(net, made)
    net = torch.nn.ModuleDict({"rnn": torch.nn.LSTM(4, 3)})
    with pytest.raises(CheckFailed, match=r"weight_ih_l0 does not have the shape"):
        weights.load(net, made)
    with pytest.raises(CheckFailed, match=r"must be a torch\.nn\.Module"):
        weights.load(None, made)


def test_an_endless_iterator_is_cut_and_no_pair_is_refused() -> None:
    """Can a student's loop without end, or a yield forgotten, stop a check?"""

    def endless() -> Iterator[tuple[int, int]]:
        while True:
            yield 1, 2

    assert pairs("make_batches", endless(), 3) == [(1, 2)] * 3
    with pytest.raises(CheckFailed, match="is a yield"):
        drain("make_batches", None)
    with pytest.raises(CheckFailed, match=r"item 0 is an int \(7\), expected a pair"):
        pairs("make_batches", iter([7]))
    with pytest.raises(CheckFailed, match="make_batches raised ZeroDivisionError"):
        drain("make_batches", (1 / n for n in (1, 0)))


def test_progress_is_silent_without_a_notebook(
    capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do all items come through, in order, and nothing be written in grading?"""
    # Another test of this process may have run a notebook's cells in a shell.
    monkeypatch.setattr(InteractiveShell, "_instance", None)
    assert list(progress.progress(iter("abc"), 3)) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")


def test_the_bar_counts_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Does the bar follow the items, and say at the end how many there were?"""
    said: list[tuple[str, bool]] = []

    def keep(data: Any, update: bool, **more: Any) -> None:
        said.append((data["text/plain"], update))

    monkeypatch.setattr(InteractiveShell, "initialized", lambda: True)
    monkeypatch.setattr(progress, "publish_display_data", keep)
    assert list(progress.progress(range(4), 4, "rows")) == [0, 1, 2, 3]
    assert said == [("0 of 4 rows", False), ("4 rows in 0 s", True)]
