"""What a student may choose, and what is shown where nobody can."""

from typing import Any

import ipywidgets as widgets
import pytest

from unrolled.errors import UserError
from unrolled.lab.widgets.controls import format_value, list_panels, make_control


@pytest.mark.parametrize(
    ("given", "kind", "first", "samples"),
    [
        ((0, 10), widgets.IntSlider, 5, [0, 5, 10]),
        ((1, 2), widgets.IntSlider, 1, [1, 2]),
        ((0, 10, 5), widgets.IntSlider, 5, [0, 5, 10]),
        ((0, 1.0), widgets.FloatSlider, 0.5, [0.0, 0.5, 1.0]),
        ((0.0, 0.4, 0.1), widgets.FloatSlider, 0.2, [0.0, 0.2, 0.4]),
        ((0, 3, 0.5), widgets.FloatSlider, 1.5, [0.0, 1.5, 3]),
        ((-1.0, 1.0), widgets.FloatSlider, 0.0, [-1.0, 0.0, 1.0]),
        (["rnn", "lstm"], widgets.Dropdown, "rnn", ["rnn", "lstm"]),
        ([True, False], widgets.Dropdown, True, [True, False]),
        ([1, 2, 4, 8, 16, 32], widgets.SelectionSlider, 1, [1, 4, 8, 32]),
        ([3], widgets.SelectionSlider, 3, [3]),
    ],
)
def test_each_form_gives_its_control(
    given: Any, kind: Any, first: Any, samples: Any
) -> None:
    """Which control does each form give, where does it stand, what is sampled?"""
    found = make_control("hidden_size", given)
    widget = found.widget()
    assert type(widget) is kind
    assert widget.value == found.first == first
    assert found.samples == samples


@pytest.mark.parametrize(
    "given",
    [
        *((1, 1), (2, 1), (1, 2, 0), (1, 2, -1), (1,), (1, 2, 3, 4), ("a", "b")),
        *([], 3, "abc", None, (True, False), (0, float("nan"))),
    ],
)
def test_what_is_no_control_is_refused_in_words(given: Any) -> None:
    """Does an author learn which control is wrong, and how to write it?"""
    with pytest.raises(UserError, match=r"control hidden_size is not \(low, high\)"):
        make_control("hidden_size", given)


def test_labels_are_whole_words_and_fit() -> None:
    """Is a parameter called by its words, in a column wide enough for them?"""
    widget = make_control("learning_rate", (0.0, 1.0)).widget()
    assert widget.description == "learning rate"
    assert widget.tooltip == "learning rate"
    assert widget.style.description_width == "9rem"


def test_values_are_labelled_shortly() -> None:
    """Are floats cut to four digits, and other values as they are?"""
    assert [format_value(v) for v in (1 / 3, 2.0, 7, "gru")] == [
        "0.3333",
        "2",
        "7",
        "gru",
    ]


CONTROLS = [make_control("k", (0, 4)), make_control("cell", ["rnn", "lstm"])]


def test_panels_vary_the_first_control() -> None:
    """Do static panels vary the first control, the others as at first?"""
    assert list_panels(CONTROLS, None) == [{"k": k, "cell": "rnn"} for k in (0, 2, 4)]


def test_panels_can_be_chosen() -> None:
    """May an author choose what the panels show, of any control?"""
    assert list_panels(CONTROLS, {"cell": ["lstm"]}) == [{"k": 2, "cell": "lstm"}]
    both = list_panels(CONTROLS, {"k": [1, 3], "cell": ["rnn", "lstm"]})
    assert [(p["k"], p["cell"]) for p in both] == [
        *((1, "rnn"), (1, "lstm"), (3, "rnn"), (3, "lstm")),
    ]


@pytest.mark.parametrize("static", [{"depth": [1]}, {"k": []}])
def test_a_wrong_static_is_refused(static: Any) -> None:
    """Does an author learn of a slip in static?"""
    with pytest.raises(UserError, match="static has no"):
        list_panels(CONTROLS, static)
