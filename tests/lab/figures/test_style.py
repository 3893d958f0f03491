"""The look of the figures."""

from typing import Any, cast

import matplotlib as mpl
import numpy as np
import pytest

from unrolled.lab.figures import style

COLOURS = [style.STATE, style.GRADIENT, style.CONTEXT, style.THIRD, style.FOURTH]

# Machado, Oliveira and Fernandes (2009), severity 1.0, on linear RGB.
DEUTERANOPIA = np.array(
    [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ]
)
PROTANOPIA = np.array(
    [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ]
)


def linear(colour: str) -> Any:
    value = np.array(mpl.colors.to_rgb(colour))
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: Any) -> Any:
    """CIE L*a*b* of linear RGB (D65)."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722]]
    to_xyz.append([0.0193, 0.1192, 0.9505])
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("seen", [np.eye(3), DEUTERANOPIA, PROTANOPIA])
def test_state_gradient_and_context_look_different_to_everyone(seen: Any) -> None:
    """Are the three colours apart for the colour-blind, too?"""
    seen_as = [lab(seen @ linear(c)) for c in COLOURS[:3]]
    for i in range(3):
        for j in range(i):
            assert np.linalg.norm(seen_as[i] - seen_as[j]) > 20


@pytest.mark.parametrize("colour", [style.STATE, style.GRADIENT, style.CONTEXT])
def test_lines_stand_out_from_white(colour: str) -> None:
    """Is the contrast against white at least 3 to 1 (WCAG 1.4.11)?"""
    luminance = linear(colour) @ np.array([0.2126, 0.7152, 0.0722])
    assert 1.05 / (luminance + 0.05) >= 3


def test_colours_are_those_of_the_course() -> None:
    """Do state, gradient and context have the promised colours?"""
    assert COLOURS[:3] == ["#0072B2", "#D55E00", "#6B7280"]
    assert style.SEQUENTIAL == "viridis"
    assert style.DIVERGING in mpl.colormaps


def test_series_differ_in_more_than_colour() -> None:
    """Does every series of the cycle have its own line style?"""
    cycle: list[Any] = list(cast("Any", style.SETTINGS["axes.prop_cycle"]))
    assert len({str(c["linestyle"]) for c in cycle}) == len(cycle)
    assert [c["color"] for c in cycle] == COLOURS


def test_use_sets_the_style_for_good() -> None:
    """Does use() apply to the figures that follow?"""
    with mpl.rc_context():
        style.use()
        assert mpl.rcParams["axes.spines.top"] is False


def test_context_leaves_no_trace() -> None:
    """Is the style gone after the block?"""
    with mpl.rc_context({"axes.spines.top": True}):
        with style.context():
            assert mpl.rcParams["axes.spines.top"] is False
        assert mpl.rcParams["axes.spines.top"] is True


def test_nobody_can_change_the_style_by_accident() -> None:
    """Are the settings read-only?"""
    with pytest.raises(TypeError):
        cast("Any", style.SETTINGS)["font.size"] = 20


@pytest.mark.parametrize(
    ("values", "limit"),
    [([-1, 3], 3.0), ([[0.5, -2]], 2.0), ([0, 0], 1.0), ([np.nan, -4, np.inf], 4.0)],
)
def test_signed_colours_are_symmetric_about_zero(values: Any, limit: Any) -> None:
    """Is 0 always in the middle of the diverging map?"""
    kind = {"cmap": style.DIVERGING, "vmin": -limit, "vmax": limit}
    assert style.get_signed_limits(values) == kind
