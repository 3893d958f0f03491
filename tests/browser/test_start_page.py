"""The page of a handout, START-HERE.html: everybody can read it, by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from support.axe import needs_axe, violations
from support.jupyter import browser_page, needs_browser

from unrolled.course.model import load_course
from unrolled.handout import make_handout

pytestmark = needs_browser
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a handout of the whole course, unpacked."""
    course, place = load_course(ROOT), tmp_path_factory.mktemp("handout")
    make_handout(course, list(course.assignments), place / "a.zip", datetime.now(UTC))
    with ZipFile(place / "a.zip") as archive:
        archive.extractall(place)
    (page,) = place.rglob("START-HERE.html")
    return page


@needs_axe
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_everybody_can_read_the_start_page(
    start: Path, scheme: str, width: int
) -> None:
    """Is no rule of axe-core broken, and nothing wider than the screen?"""
    with browser_page() as page:
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(start.as_uri())
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        light = sum(map(int, ground.strip("rgb()").split(","))) > 3 * 128
        assert light == (scheme == "light")
