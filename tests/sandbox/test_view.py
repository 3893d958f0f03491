"""Which folders of the machine does student code see?"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from unrolled.sandbox import view
from unrolled.sandbox.view import list_python_paths


@pytest.mark.parametrize(
    ("folder", "seen"),
    [("src", "src/unrolled"), ("site-packages", "site-packages")],
)
def test_what_lies_beside_the_package(
    folder: str, seen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Are libraries seen that are installed beside it, and is a clone's src/ not?

    On a hub the staff's Python finds its libraries in the students' environment.
    """
    package = tmp_path / folder / "unrolled"
    package.mkdir(parents=True)
    (tmp_path / folder / "numpy").mkdir()
    monkeypatch.setattr(view, "__file__", str(package / "sandbox" / "view.py"))
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / folder)])
    inside = [p for p in list_python_paths() if p.is_relative_to(tmp_path.resolve())]
    assert inside == [tmp_path.resolve() / seen]
