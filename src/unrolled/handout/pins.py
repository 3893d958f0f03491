"""Which packages a student installs, each in the version that the tests ran with."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, metadata, requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import unrolled
from unrolled.errors import UserError

EXTRA = "lab"
FILE = "constraints.txt"


def read_pins() -> dict[str, str]:
    """Exact versions by normalised name, from the file that this package came with.

    Raises UserError if it is missing: an installation that was taken apart.
    """
    package = Path(unrolled.__file__).parent
    for path in (package.parents[1] / FILE, package / FILE):
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            matches = [re.match(r"([\w.-]+)==(\S+)", line) for line in lines]
            return {canonicalize_name(m[1]): m[2] for m in matches if m}
    raise UserError(f"{package / FILE} is missing: install this package again.")


def list_student_packages() -> tuple[str, ...]:
    """The names that students install: the package's own needs and those of `lab`."""
    needs = (Requirement(r) for r in _read_requirements())
    named = (
        r for r in needs if r.marker is None or r.marker.evaluate({"extra": EXTRA})
    )
    return tuple(sorted({canonicalize_name(r.name) for r in named}))


def _read_requirements() -> list[str]:
    """This package's requirements, from a clone's own file where there is one.

    What an editable installation knows of them may be older.
    """
    path = Path(unrolled.__file__).parents[2] / "pyproject.toml"
    if not path.is_file():
        return requires("unrolled") or []
    project = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
    extra = project["optional-dependencies"][EXTRA]
    return [*project["dependencies"], *(f"{r}; extra == '{EXTRA}'" for r in extra)]


def find_dependencies(names: Iterable[str]) -> set[str]:
    """The names and all that they need, on whatever system: markers are not asked."""
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name not in needed:
            needed.add(name)
            waiting += [
                r.name
                for r in map(Requirement, _list_requirements(name))
                if _is_unconditional(r)
            ]
    return needed


def _list_requirements(name: str) -> list[str]:
    try:
        return metadata(name).get_all("Requires-Dist") or []
    except PackageNotFoundError:  # of another system: pip finds out what it needs
        return []


def _is_unconditional(requirement: Requirement) -> bool:
    """Whether it is needed without an extra."""
    return requirement.marker is None or "extra" not in str(requirement.marker)


def build_requirement_files(wheel: str) -> dict[str, bytes]:
    """requirements.txt, what is installed, and constraints.txt, all the pins of it.

    The last line of what is installed is the wheel, a file beside it.
    """
    known, names = read_pins(), list_student_packages()
    needed = sorted(find_dependencies(names) & known.keys())
    named = "".join(f"{n}=={known[n]}\n" for n in names)
    pinned = "".join(f"{n}=={known[n]}\n" for n in needed)
    return {"requirements.txt": f"{named}./{wheel}\n".encode(), FILE: pinned.encode()}
