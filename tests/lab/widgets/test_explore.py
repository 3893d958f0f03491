"""Figures with sliders: the live widget and the static panels."""

from typing import Any, Never

import ipywidgets as widgets
import pytest
from matplotlib import pyplot as plt

from unrolled.errors import UserError
from unrolled.lab import explore
from unrolled.lab.widgets import display
from unrolled.lab.widgets.controls import make_control
from unrolled.lab.widgets.display import compute_page_size
from unrolled.lab.widgets.explore import (
    WIDGET_VIEW,
    Picture,
    make_widget,
    render,
    render_multiples,
)


def draw(ax: Any, k: Any, cell: Any = "rnn") -> None:
    if cell == "broken":
        raise ValueError("no <cell> of that kind")
    ax.plot([0, k])
    ax.set_title(cell)


PICTURE = Picture(draw, (3.0, 2.0), "A line, steeper for a larger k")
CONTROLS = [make_control("k", (0, 4)), make_control("cell", ["rnn", "lstm", "broken"])]


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bundles that a front end would get."""
    bundles = []
    monkeypatch.setattr(
        display, "publish_display_data", lambda d, metadata: bundles.append(d)
    )
    monkeypatch.setattr(display.InteractiveShell, "initialized", lambda: True)
    return bundles


def parts(view: Any) -> Any:
    """The controls, the note and the image of a live view."""
    *inputs, note, words, image = view.children
    assert type(image) is widgets.Image
    assert PICTURE.alt in words.value
    return inputs, note, image


def test_one_bundle_holds_widget_picture_and_words(sent: Any) -> None:
    """Are the live view, the HTML, the PNG and the words one display?"""
    told: object = explore(  # type: ignore[func-returns-value]
        draw, alt=PICTURE.alt, size=(3, 2), k=(0, 4)
    )
    assert told is None
    (data,) = sent
    assert list(data) == [WIDGET_VIEW, "text/html", "image/png", "text/plain"]
    assert set(data[WIDGET_VIEW]) == {"version_major", "version_minor", "model_id"}
    assert data["text/plain"] == PICTURE.alt


def test_moving_a_slider_redraws() -> None:
    """Does the picture follow the slider, there and back?"""
    (slider, _), _, image = parts(make_widget(PICTURE, CONTROLS))
    before = image.value
    assert before == render(PICTURE, {"k": 2, "cell": "rnn"})
    slider.value = 3
    assert image.value == render(PICTURE, {"k": 3, "cell": "rnn"}) != before
    slider.value = 2
    assert image.value == before


def test_choosing_redraws() -> None:
    """Does the picture follow the drop-down list?"""
    (_, choice), _, image = parts(make_widget(PICTURE, CONTROLS))
    before = image.value
    choice.value = "lstm"
    assert image.value != before


def test_an_error_is_told_where_the_picture_was() -> None:
    """Does a failing draw say why, escaped, and go away when it draws again?"""
    (_, choice), note, image = parts(make_widget(PICTURE, CONTROLS))
    choice.value = "broken"
    assert note.value == (
        '<p role="alert">No figure for k = 2, cell = broken: '
        "ValueError: no &lt;cell&gt; of that kind</p>"
    )
    assert image.layout.display == "none"
    choice.value = "rnn"
    assert (note.value, image.layout.display) == ("", None)


def test_an_unwritten_function_is_told_in_its_words() -> None:
    """Does a widget on an unwritten exercise say so, and nothing else?"""

    def stub(ax: Any, k: Any) -> Any:
        raise NotImplementedError("rnn_step is not written yet")

    picture = Picture(stub, (3, 2), PICTURE.alt)
    _, note, _ = parts(make_widget(picture, CONTROLS[:1]))
    assert "k = 2: rnn_step is not written yet</p>" in note.value


def test_the_first_picture_is_there_at_once() -> None:
    """Is the widget's picture drawn before anything is moved?"""
    _, note, image = parts(make_widget(PICTURE, CONTROLS))
    assert bytes(image.value).startswith(b"\x89PNG")
    assert (note.value, image.width) == ("", "288")


def test_panels_stand_side_by_side_while_they_fit() -> None:
    """Are narrow panels in one row, and wide ones in a column?"""
    narrow = compute_page_size(render_multiples(PICTURE, CONTROLS))
    assert narrow[0] == 3 * 288
    wide = compute_page_size(render_multiples(Picture(draw, (8.0, 2.0), "x"), CONTROLS))
    assert wide[0] == 768
    assert wide[1] > 2 * narrow[1]


def test_panels_show_different_values() -> None:
    """Do the panels depend on the values that are chosen for them?"""
    some = render_multiples(PICTURE, CONTROLS, {"k": [1, 2]})
    assert some != render_multiples(PICTURE, CONTROLS, {"k": [1, 3]})
    assert some != render_multiples(PICTURE, CONTROLS, {"k": [1]})


def test_a_failing_panel_leaves_the_others() -> None:
    """Is a panel that cannot be drawn a text, and no crash?"""
    static = {"cell": ["rnn", "broken"]}
    assert render_multiples(PICTURE, CONTROLS, static).startswith(b"\x89PNG")


@pytest.mark.parametrize("raised", [KeyError("a$b$"), RuntimeError(), ValueError("$")])
def test_any_message_can_be_written_in_a_panel(raised: Any) -> None:
    """Does a message with dollars or without words do no harm?"""

    def bad(ax: Any, k: Any) -> Never:
        raise raised

    assert render_multiples(Picture(bad, (3, 2), "x"), CONTROLS[:1])


def test_draw_may_use_the_figure() -> None:
    """May a draw function add a colour bar, live and in panels?"""

    def heat(ax: Any, k: Any) -> None:
        ax.figure.colorbar(ax.imshow([[0, k]]), ax=ax)

    picture = Picture(heat, (3, 2), "x")
    assert render(picture, {"k": 1}) != render(PICTURE, {"k": 1})
    drawn = render_multiples(picture, CONTROLS[:1])
    failed = render_multiples(Picture(lambda ax, k: 1 / 0, (3, 2), "x"), CONTROLS[:1])
    assert len(drawn) > 0
    assert drawn != failed


def test_nothing_is_left_open(sent: Any) -> None:
    """Does exploring leave no figure behind for the front end to show again?"""
    before = plt.get_fignums()
    explore(draw, alt="x", size=(3, 2), k=(0, 4))
    assert plt.get_fignums() == before


@pytest.mark.parametrize(
    ("alt", "controls"), [("", {"k": (0, 4)}), ("x", {}), ("x", {"k": (4, 0)})]
)
def test_an_authors_slip_is_told(sent: Any, alt: str, controls: Any) -> None:
    """Are missing words, no control and a wrong control refused?"""
    with pytest.raises(UserError, match="explore: "):
        explore(draw, alt=alt, **controls)
    assert sent == []
