"""The three files that name versions say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
CONDA_NAMES = {"pytorch": "torch"}


def constraints() -> dict[str, str]:
    """Exact versions by normalised name."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {normal(name): version for name, version in pins}


def normal(name: str) -> str:
    """A package name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pyproject() -> dict[str, list[Requirement]]:
    """Requirements by extra; the student's own under ""."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = {"": project["dependencies"], **project["optional-dependencies"]}
    return {k: [Requirement(r) for r in v] for k, v in groups.items()}


def environment() -> dict[str, str]:
    """Versions in environment.yml under PyPI's names, python left out."""
    document = yaml.safe_load((ROOT / "environment.yml").read_text())
    pins = [d.split("=") for d in document["dependencies"] if isinstance(d, str)]
    return {CONDA_NAMES.get(p[0], p[0]): p[1] for p in pins if len(p) == 2}


def test_constraints_satisfy_pyproject() -> None:
    """Does every requirement have an exact version, inside its range?"""
    pins = constraints()
    for requirement in (r for group in pyproject().values() for r in group):
        assert requirement.specifier.contains(pins[normal(requirement.name)])


def test_environment_has_the_students_packages_at_the_same_versions() -> None:
    """Does conda's file install what the student's extras name, as CI tests it?"""
    found = environment()
    python = found.pop("python")
    assert python == "3.11"
    wanted = {normal(r.name) for group in ("", "lab") for r in pyproject()[group]}
    assert set(found) == wanted
    assert found == {name: constraints()[name] for name in found}


def test_environment_is_well_formed() -> None:
    """Is the channel named, and the course package itself installed by pip?"""
    document = yaml.safe_load((ROOT / "environment.yml").read_text())
    assert document["channels"][0] == "conda-forge"
    assert {"pip": ["."]} in document["dependencies"]


def test_students_do_not_install_the_grader() -> None:
    """Is the student's package light: nothing of the graders' or developers'?"""
    light = {normal(r.name) for r in pyproject()[""]}
    assert light == {"ipython", "ipywidgets", "matplotlib", "numpy"}
