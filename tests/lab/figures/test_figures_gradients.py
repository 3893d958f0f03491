"""Do the figures on gradients show what they are given, and is what's said true?"""

from __future__ import annotations

import contextlib
import inspect
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from support.axes import texts, title
from support.lesson import LESSONS, load_lesson_cells, reference_namespace

from unrolled.lab.figures import clipping, gradients, style
from unrolled.lab.models import gradient_flow, loss_cliff

FOLDER = LESSONS / "04_gradients"
CELLS = [c for c in load_lesson_cells(FOLDER) if c.kind != "check"]
TEXT = "\n".join(cell.source for cell in CELLS)
PROSE = " ".join(re.sub(r'"\n +"|(\n)# ', r"\1", TEXT).split())


@pytest.fixture
def pair() -> Iterator[Any]:
    """Two axes side by side."""
    with style.context():
        yield Figure(layout="constrained").subplots(1, 2)


@pytest.fixture(scope="module")
def lesson() -> Iterator[Any]:
    """The names of the solved lesson, with those of its demonstrations.

    The trainings are left out: their own test runs them.
    """
    names = reference_namespace(FOLDER)
    names |= dict.fromkeys(("show", "explore"), lambda *args, **settings: None)
    with style.context(), contextlib.chdir(FOLDER):
        for cell in CELLS:
            trains = "accuracy(" in cell.source
            if cell.kind == "show" and not trains:
                exec(cell.source, names)
    plt.close("all")
    yield SimpleNamespace(**names)


def told(*sentences: str) -> bool:
    """Whether the lesson or an alt text says all this."""
    missing = [sentence for sentence in sentences if sentence not in PROSE]
    assert missing == []
    return True


NORMS = np.array([0.001, 0.01, 0.1, 1.0])


def test_jacobians_share_one_signed_scale(pair: Any) -> None:
    """Are both drawn as they are, on one scale that is symmetric about 0?"""
    J = np.array([[1.0, -3.0], [0.5, 0.0]])
    gradients.draw_jacobians(pair, J, 2 * J)
    images = [ax.images[0] for ax in pair]
    assert np.array_equal(images[0].get_array(), J)
    assert [image.get_clim() for image in images] == [(-6, 6)] * 2
    assert [title(ax) for ax in pair] == ["your J", "measured"]
    assert pair[0].get_xlabel() == "old unit j" and pair[0].get_ylabel() == "new unit i"


def test_errors_are_counted_against_the_norms(ax: Any) -> None:
    """Do lines run from the last state back, and are those above the norms told?"""
    gradients.draw_walk(ax, np.stack([NORMS / 2, NORMS * 2]), NORMS)
    assert list(ax.lines[0].get_ydata()) == [0.5, 0.05, 0.005, 0.0005]
    assert list(ax.lines[-1].get_ydata()) == list(NORMS[::-1])
    assert title(ax) == "1 of 2 real errors stay at or below your norms"
    assert ax.get_yscale() == "log"


@pytest.mark.parametrize(("radius", "outside"), [(1.0, 0), (0.9, 2), (2.0, 0)])
def test_eigenvalues_outside_are_counted(ax: Any, radius: float, outside: int) -> None:
    """Is a circle that is too small found out, a too large one drawn?"""
    values = np.array([0.6 + 0.8j, 0.6 - 0.8j, 0.1])
    gradients.draw_eigenvalues(ax, values, radius, "W")
    assert title(ax) == f"W: {outside} outside the circle of {radius:g}"
    assert ax.patches[0].radius == radius
    assert ax.get_xlim()[1] > radius


def test_the_law_tells_the_largest_deviation(ax: Any) -> None:
    """Is a norm that is off by a tenth told as such?"""
    exact = 0.5 ** np.arange(3.0)[::-1]
    gradients.draw_law(ax, {0.5: exact, 1.0: np.array([1.1, 1.0, 1.0])})
    assert title(ax).endswith("off by at most 1e-01")
    assert len(texts(ax)) == 2 and len(ax.lines) == 4


def test_the_dial_shows_norms_beside_the_law(ax: Any) -> None:
    """Are measured norms and rho to the k drawn, and the last value told?"""
    gradients.draw_norms(ax, NORMS, 0.5)
    law, measured = ax.lines[1], ax.lines[2]
    assert list(law.get_ydata()) == [1, 0.5, 0.25, 0.125]
    assert list(measured.get_ydata()) == list(NORMS[::-1])
    assert title(ax) == "After 3 steps back: 1.0e-03"
    assert sorted(texts(ax)) == ["$\\rho^k$", "measured"]


def test_the_dial_survives_what_is_off_the_scale(ax: Any) -> None:
    """Norms of 0 or far outside: is there a figure all the same?"""
    gradients.draw_norms(ax, np.array([0.0, 0.0, 1.0]), 3.0)
    assert title(ax) == "After 2 steps back: 0.0e+00"


def test_names_at_the_ends_do_not_overlap(ax: Any) -> None:
    """Do curves that end together get names one above the other?"""
    gradients.draw_curves(ax, {"a": NORMS, "b": NORMS * 1.01, "c": NORMS * 5})
    places = sorted(np.log10(text.xy[1]) for text in ax.texts)
    low, high = np.log10(ax.get_ylim())
    assert texts(ax) == ["a", "b", "c"]
    assert min(np.diff(places)) > (high - low) / 15
    assert title(ax) == "c: 5 at its highest, 0.005 at the end"


def test_starts_are_ranked(ax: Any) -> None:
    """Does the title name them from most to least?"""
    gradients.draw_starts(ax, {"a": NORMS, "b": NORMS * 9})
    assert title(ax) == "What is left at the end: b, a (most to least)"


def test_the_gradient_of_the_cliff_is_its_slope() -> None:
    """Is what `slopes` gives the slope of `loss`, on both sides of the wall?"""
    for w, b in ((1.6, 0.3), (1.2, -0.1), (0.7, 0.0), (1.05, 0.02)):
        found, eps = loss_cliff.slopes(w, b), 1e-6
        measured_w = (loss_cliff.loss(w + eps, b) - loss_cliff.loss(w - eps, b)) / (
            2 * eps
        )
        measured_b = (loss_cliff.loss(w, b + eps) - loss_cliff.loss(w, b - eps)) / (
            2 * eps
        )
        np.testing.assert_allclose(found["w"], measured_w, rtol=1e-4, atol=1e-8)
        np.testing.assert_allclose(found["b"], measured_b, rtol=1e-4, atol=1e-8)


def test_a_descent_goes_against_what_clip_returns() -> None:
    """Does each step use the clipped gradient, and are sizes those before it?"""
    path, sizes = loss_cliff.descend(
        lambda grads: {n: 0 * g for n, g in grads.items()}, 3
    )
    assert np.array_equal(path, np.tile(loss_cliff.START, (4, 1))) and len(sizes) == 3
    path, sizes = loss_cliff.descend(lambda grads: grads, 2, learning_rate=0.5)
    first = loss_cliff.slopes(*loss_cliff.START)
    right = np.array(loss_cliff.START) - 0.5 * np.array([first["w"], first["b"]])
    np.testing.assert_allclose(path[1], right, rtol=1e-15)
    assert np.isclose(sizes[0], np.hypot(first["w"], first["b"]))


def test_errors_are_sent_back_by_torch() -> None:
    """Is the size of an error right where it can be told by hand?"""
    x, W_xh, b_h = np.zeros((3, 1)), np.zeros((1, 2)), np.zeros(2)
    sizes = gradient_flow.sizes_of_errors(x, W_xh, np.diag([2.0, 0.5]), b_h, np.eye(2))
    np.testing.assert_allclose(sizes, [[4.0, 2.0, 1.0], [0.25, 0.5, 1.0]], rtol=1e-15)


def test_cliff_and_descents_are_drawn(ax: Any, pair: Any) -> None:
    """Are the paths on the map, and both ends told?"""
    still = lambda grads: {n: 0 * g for n, g in grads.items()}  # noqa: E731
    runs = {
        "free": loss_cliff.descend(lambda grads: grads, 60),
        "still": loss_cliff.descend(still, 60),
    }
    clipping.draw_cliff(ax, {name: path for name, (path, _) in runs.items()})
    assert texts(ax) == ["free", "still"] and len(ax.lines) == 2
    clipping.draw_descents(pair, runs)
    assert title(pair[0]) == "The largest gradient has size 403"
    assert title(pair[1]).startswith("Loss at the end: free 0.490, still ")


def test_angles_are_told(ax: Any) -> None:
    """Does the title name the largest angle of each way?"""
    clipping.draw_angles(ax, np.array([1.0, 10.0]), {"x": [0, 0], "y": [44.2, 3]})
    assert title(ax) == "Degrees turned: x at most 0, y at most 44"
    assert texts(ax) == ["x", "y"] and ax.get_xscale() == "log"


def test_a_claimed_horizon_is_drawn_where_it_is_claimed(ax: Any) -> None:
    """Does a wrong horizon stand at its wrong place, beside the true crossing?"""
    clipping.draw_horizon(ax, NORMS, 0.05, 3)
    assert list(ax.lines[-1].get_xdata()) == [3, 3]
    assert title(ax) == "It sees 3 steps back"
    assert texts(ax) == ["threshold 0.05", "your horizon"]


def test_recall_names_how_far_each_radius_gets(ax: Any) -> None:
    """Are curves named directly, and the last good distances told by radius?"""
    curves = {0.6: [1.0, 1.0, 0.1], 0.4: [1.0, 0.2, 0.1], 1.0: [1.0, 1.0, 1.0]}
    clipping.draw_recall(ax, [4, 8, 16], curves, {0.4: 7, 0.6: 13, 1.0: 98})
    assert title(ax) == "Learned up to k = 4 at 0.4, 8 at 0.6, 16 at 1"
    names = ["radius 0.6", "horizon 13", "radius 0.4", "horizon 7", "radius 1"]
    assert texts(ax) == [*names, "chance"]
    dotted = [line.get_xdata()[0] for line in ax.lines if line.get_linestyle() == ":"]
    assert dotted == [13, 7]


def test_recall_of_a_network_that_learns_nothing(ax: Any) -> None:
    """Is 0 told, and the name still drawn?"""
    clipping.draw_recall(ax, [4, 8], {0.1: [0.1, 0.1]}, {0.1: 1})
    assert title(ax) == "Learned up to k = 0 at 0.1"
    assert "radius 0.1" in texts(ax)


def test_no_figure_holds_a_solution() -> None:
    """Could a student find an exercise solved in what the notebook imports?"""
    for module in (gradients, clipping, loss_cliff, gradient_flow):
        source = inspect.getsource(module)
        assert not any(w in source for w in ("eigvals", "linalg.norm", "qr(", "svd"))


def test_words_on_the_walk_back_are_true(lesson: Any) -> None:
    """Ten digits, two billionths, twelve digits: are they those that are measured?"""
    told("agree to ten digits or so", "at most two billionths are left")
    assert np.abs(lesson.yours - lesson.measured).max() < 1e-9
    told("new unit 4 has ended up at 0.95")
    assert round(float(lesson.h_after[4]), 2) == 0.95
    assert np.abs(lesson.h_after).argmax() == 4
    assert np.abs(lesson.yours).max(axis=1).argmin() == 4
    assert 1e-9 < lesson.norms[0] < 2e-9
    told("Twelve digits are right, at least", "factor of more than a hundred thousand")
    for rho, norms in lesson.curves.items():
        exact = rho ** np.arange(60.0)[::-1]
        assert np.abs(norms / exact - 1).max() < 1e-12
    assert (1.1 / 0.9) ** 59 > 1e5


def dial(lesson: Any, radius: float, inputs: float, kind: str = "orthogonal") -> float:
    """The norm at the first state, as the dial shows it."""
    W = lesson.rescale_spectral_radius(lesson.kinds[kind], radius)
    h = lesson.rnn_states(
        inputs * lesson.unit_inputs, lesson.W_xh_demo, W, np.zeros(32)
    )
    return float(lesson.gradient_norms(h, W)[0])


def test_words_on_the_dial_are_true(lesson: Any) -> None:
    """Saturation, chain, and the same radius: is it as the text has it?"""
    told("$1.2^{59}$, about 47,000", "a number with 29 digits", "holds exactly")
    assert round(1.2**59, -3) == 47000 and len(str(3**59)) == 29
    assert np.isclose(dial(lesson, 1.2, 0.0), 1.2**59, rtol=1e-10)
    told("the gradient vanishes even at a radius of 1, or of 1.2")
    assert dial(lesson, 1.0, 0.5) < 1e-5 and dial(lesson, 1.2, 0.5) < 1e-3
    told("next to nothing is left, less than $10^{-80}$")
    assert dial(lesson, 3.0, 0.1, "chain") < 1e-80
    told(
        "first a small rise to 1.4",
        "The chain does so for 14 steps, until the error is 17 times as long",
        "the chain has too few of them, one for each group of four",
    )
    chain = lesson.same_radius["chain"][::-1]
    assert round(chain.max()) == 17 and chain.argmax() == 14
    assert round(lesson.same_radius["Gaussian"].max(), 1) == 1.4
    radii = [lesson.spectral_radius(W) for W in lesson.kinds.values()]
    assert lesson.spectral_radius(lesson.kinds["chain"]) == 1.0 and min(radii) > 0.9


def test_words_on_the_wall_are_true(lesson: Any) -> None:
    """Is the explosion at step 51, of size 403, and does clipping save it?"""
    told("For 51 steps all goes well", "gradient is 403 instead of about 1")
    assert lesson.i == 51 and round(lesson.sizes[51]) == 403
    assert 0.5 < lesson.sizes[50] < 1.1
    told("throws $b$ from near 0 to above 8", "its gradient even reaches 578")
    assert abs(lesson.wild[51, 1]) < 0.01 and 8 < lesson.wild[52, 1] < 8.1
    assert round(lesson.tame_sizes.max()) == 578 and lesson.sizes[60:].max() < 1e-6
    told("it jumps to 0.49 and stays", "ends with a loss of 0.001")
    assert round(float(loss_cliff.loss(*lesson.wild[-1])), 2) == 0.49
    assert round(float(loss_cliff.loss(*lesson.tame[-1])), 3) == 0.001
    told("Anything from 1 to 30 brings it home", "At 100 or more")
    told("at 0.1 or 0.3 it's so tight", "with a learning rate of 0.02")
    for limit, home in (
        (1, 1),
        (3, 1),
        (10, 1),
        (30, 1),
        (100, 0),
        (1000, 0),
        (0.3, 0),
        (0.1, 0),
    ):

        def clip(grads: Any, limit: float = limit) -> Any:
            return lesson.clip_by_norm(grads, limit)[0]

        path, _ = loss_cliff.descend(clip)
        assert (loss_cliff.loss(*path[-1]) < 0.01) == bool(home)
        assert limit > 0.3 or abs(path[-1, 1]) < 0.01
    told("By value it turns by up to 44 degrees", "is 5.8 for $w$ and -403 for $b$")
    told("by value 44 up to a limit of 3, then falling to 3 at 100")
    turned = [round(angle) for angle in lesson.angles["by value"]]
    assert turned[:4] == [44] * 4 and turned[-1] == 3
    assert max(lesson.angles["by norm"]) < 1e-5
    assert round(float(lesson.at_wall["w"]), 1) == 5.8


def test_words_on_the_map_are_true(lesson: Any) -> None:
    """Is every count that the text takes from the recorded map the one in the file?"""
    accuracy = np.array(lesson.recorded["accuracy"])
    radii, ks = np.array(lesson.radii), np.array(lesson.distances)
    assert accuracy.shape == (13, 15, 6) and accuracy.size == 1170
    told("1170 times, for 13 radii, 15 distances and six seeds each")
    learned = (accuracy > 0.9).sum(axis=2)
    at_0_6 = dict(zip(ks.tolist(), learned[radii == 0.6][0].tolist(), strict=True))
    assert [at_0_6[k] for k in (12, 14, 16, 18, 20, 24)] == [6, 5, 6, 3, 4, 1]
    told("six of six networks have learned 12 words, five 14, six 16, three 18")
    reach = np.floor(np.log(1e-5) / np.log(np.minimum(radii, 1 - 1e-9)))
    right = ((learned > 3) == (ks <= reach[:, None]))[radii <= 1]
    assert (int(right.sum()), right.size) == (129, 135)
    told("129 of the 135 fields up to a radius of 1", "reaches over 51 words")
    assert reach[radii == 0.8] == 51
    at_0_8 = learned[radii == 0.8][0][ks >= 16]
    assert np.mean(at_0_8 < 6) == 1 and at_0_8.min() >= 3 and at_0_8.max() <= 5
    assert (learned[radii == 1][0] < 6).sum() > 0 and np.all(learned[radii >= 1.3] == 6)
    told("from 16 on", "all of the networks at 1.3 and 1.4 learn all distances")
    assert 0.9e7 < 1.4**48 < 1.1e7 and told("a gradient ten million times too large")


def test_words_on_the_three_starts_are_true(lesson: Any) -> None:
    """Does the identity keep most, whoever draws the others, and learn least?"""
    told("The identity keeps most of the gradient", "none of its six networks")
    ks = np.array(lesson.distances)
    learned = {
        n: (np.array(lesson.recorded[n]) > 0.9).sum(axis=1) for n in lesson.starts
    }
    assert np.all(learned["identity"][ks >= 28] == 0)
    assert min(learned[n][ks >= 28].min() for n in ("orthogonal", "Gaussian")) >= 3
    x = 0.3 * lesson.unit_inputs

    def left(W: Any) -> float:
        h = lesson.rnn_states(x, lesson.W_xh_demo, W, np.zeros(32))
        return float(lesson.gradient_norms(h, W)[-33])

    kept = left(np.eye(32))
    assert kept > left(lesson.rescale_spectral_radius(lesson.gauss_start, 1.0))
    assert all(kept > left(lesson.orthogonal_init(32, seed)) for seed in range(20))


def test_the_theorem_holds_and_the_radius_promises_nothing(lesson: Any) -> None:
    """Does nothing exceed the bound of the theorem, and a radius of 0.5 explode?"""
    told("with the radius 0.5 and $\\sigma = 2.5$", "300 random networks of 8 units")
    assert np.isclose(lesson.spectral_radius(lesson.W_two), 0.5, atol=1e-6)
    assert np.isclose(np.linalg.norm(lesson.W_two, 2), 2.5)
    calm, flat = lesson.held.values()
    assert np.isclose(calm.max(), 2.5) and calm[0] < 2e-7 and flat[0] > 1e5
    assert len(lesson.shares) == 300 and max(lesson.shares) <= 1 + 1e-9
    for seed in range(5):
        rng = np.random.default_rng(100 + seed)
        assert max(lesson.closest_to_bound(0.95, rng) for _ in range(30)) <= 1 + 1e-9


def test_the_map_counts_where_the_horizon_is_right(ax: Any) -> None:
    """Are shares drawn as they are, and is a wrong horizon told by the count?"""
    learned = np.array([[1.0, 0.0], [1.0, 1.0]])
    clipping.draw_recall_map(ax, ([0.2, 0.4], [2, 4]), learned, [2, 4])
    assert title(ax) == "Your horizon: right on 4 of 4 fields"
    assert np.array_equal(ax.collections[0].get_array(), learned.T)
    ax.clear()
    clipping.draw_recall_map(ax, ([0.2, 0.4], [2, 4]), learned, [0, 4])
    assert title(ax) == "Your horizon: right on 3 of 4 fields"


def test_successes_are_counted_by_start(ax: Any) -> None:
    """Does each start have a line of its own, and the title the counts at the end?"""
    tables = {"a": np.array([[True, True], [True, False]]), "b": np.ones((2, 2), bool)}
    clipping.draw_successes(ax, [2, 4], tables)
    assert title(ax) == "Of 2, at 4 words: a 1, b 2"
    assert [list(line.get_ydata()) for line in ax.lines] == [[2, 1], [2, 2]]


def test_torch_starts_at_the_radius_that_is_told() -> None:
    """Is 0.6 about the radius at which torch.nn.RNN starts?"""
    import torch

    told("`torch.nn.RNN` with 32 units starts at a radius of about 0.6")
    radii = []
    for seed in range(20):
        torch.manual_seed(seed)
        named = dict(torch.nn.RNN(8, 32).named_parameters())
        W = named["weight_hh_l0"].detach().numpy()
        radii.append(np.abs(np.linalg.eigvals(W)).max())
    assert 0.55 < np.mean(radii) < 0.65
