"""The pictures in docs/canvas.md are what the commands say today.

`DRAW=1 pytest tests/canvas/test_screens.py` draws them anew.
"""

from __future__ import annotations

import os
import re

from support.screens import COMMANDS, IMAGES, ROOT, TOKEN, pictures, texts


def test_the_pictures_are_still_true() -> None:
    """Do the real commands say what the pictures show?"""
    for name, svg in pictures():
        if os.environ.get("DRAW"):
            (IMAGES / f"{name}.svg").write_text(svg, encoding="utf-8")
        kept = (IMAGES / f"{name}.svg").read_text(encoding="utf-8")
        assert texts(kept) == texts(svg), name
        assert TOKEN not in kept and "http" not in re.sub(r'xmlns="[^"]*"', "", kept)


def test_every_picture_is_in_the_guide() -> None:
    """Does docs/canvas.md show each one, with a text for those who cannot see it?"""
    guide = (ROOT / "docs" / "canvas.md").read_text(encoding="utf-8")
    for name in COMMANDS:
        assert re.search(rf"!\[[^\]]{{20,}}\]\(images/{name}\.svg\)", guide), name
