"""The class that tests of the gradebook copy: built and graded once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from rich_support import make_rich_class

from unrolled.course import Course, load_course


@pytest.fixture(scope="session")
def rich_class(tmp_path_factory: pytest.TempPathFactory) -> Course:
    """Four students, graded: in time, in the grace time, one day and two days late."""
    return make_rich_class(tmp_path_factory.mktemp("rich") / "course")


@pytest.fixture
def rich_course(rich_class: Course, tmp_path: Path) -> Course:
    """A copy of the class for the test's own changes."""
    return load_course(shutil.copytree(rich_class.root, tmp_path / "course"))
