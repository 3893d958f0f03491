"""Figures with alternative text."""

import base64
import re
import subprocess
import sys
from typing import Any

import pytest
from matplotlib import pyplot as plt

from unrolled.lab import show
from unrolled.lab.widgets import display

ALT = 'A line that "rises" & falls <b>'


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The bundles and the metadata that a front end would get."""
    bundles = []
    monkeypatch.setattr(
        display,
        "publish_display_data",
        lambda d, metadata: bundles.append((d, metadata)),
    )
    monkeypatch.setattr(display.InteractiveShell, "initialized", lambda: True)
    return bundles


def figure() -> Any:
    fig, ax = plt.subplots(figsize=(3, 2))
    ax.plot([1, 3, 2])
    return fig


def test_one_bundle_serves_every_reader(sent: Any) -> None:
    """Are HTML, PNG and words in one bundle, all with the same picture?"""
    show(figure(), alt=ALT)
    ((data, metadata),) = sent
    assert list(data) == ["text/html", "image/png", "text/plain"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert data["image/png"] in data["text/html"]
    assert data["text/plain"] == ALT
    assert metadata["image/png"]["alt"] == ALT


def test_the_words_are_escaped(sent: Any) -> None:
    """Can no alternative text break out of its attribute?"""
    show(figure(), alt=ALT)
    html = sent[0][0]["text/html"]
    assert 'alt="A line that &quot;rises&quot; &amp; falls &lt;b&gt;"' in html
    assert html.count("<") == 1


def test_words_over_several_lines_become_one(sent: Any) -> None:
    """May alt be written over several lines in the source?"""
    show(figure(), alt="A line\n      that rises")
    assert sent[0][0]["text/plain"] == "A line that rises"


def test_the_figure_is_closed(sent: Any) -> None:
    """Is the figure closed, so that it is not shown a second time?"""
    fig = figure()
    show(fig, alt=ALT)
    assert not plt.fignum_exists(fig.number)


@pytest.mark.parametrize("alt", ["", "  \n"])
def test_a_figure_without_words_is_refused(sent: Any, alt: str) -> None:
    """Is alternative text obligatory?"""
    fig = figure()
    with pytest.raises(ValueError, match="alt is empty"):
        show(fig, alt=alt)
    plt.close(fig)


def test_the_size_on_the_page_is_in_inches_of_css(sent: Any) -> None:
    """Is a figure of 3 inches about 288 CSS pixels wide, at any resolution?"""
    png = display.render_png(figure())
    plt.close("all")
    assert display.compute_page_size(png) == (288, 192)
    assert re.findall(r'width="(\d+)"', display.make_image_tag(png, ALT)) == ["288"]


def test_the_same_figure_gives_the_same_bytes() -> None:
    """Is a rendered figure reproducible?"""
    assert display.render_png(figure()) == display.render_png(figure())
    plt.close("all")


def test_plain_python_prints_the_words() -> None:
    """Does a script without IPython get the words, and no noise on stderr?"""
    code = """
from unrolled.lab import explore, show, style
import matplotlib; matplotlib.use("Agg")
import matplotlib.pyplot as plt
style.use()
fig, ax = plt.subplots()
show(fig, alt="A square")
explore(lambda ax, k: ax.plot([0, k]), alt="A line", k=(1, 3))
from IPython import get_ipython
assert get_ipython() is None
"""
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=300)
    assert (done.stdout, done.stderr) == ("A square\nA line\n", "")


def test_ipython_without_a_kernel_stays_calm() -> None:
    """Does a shell without front end run the same code without complaint?"""
    code = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
done = shell.run_cell('''
from unrolled.lab import explore
explore(lambda ax, k: ax.plot([0, k]), alt="A line", k=(1, 3))
''')
assert done.success
"""
    run = [sys.executable, "-W", "error", "-c", code]
    done = subprocess.run(run, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.strip() == "A line"
    assert done.stderr == ""
