"""The examples below deploy/, and the hub's plan that they must agree with."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import yaml

from unrolled.course.model import load_course
from unrolled.hub.plan import HubPlan, make_plan

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PLAN: HubPlan = make_plan(load_course(ROOT))


def text(name: str) -> str:
    """A file below deploy/."""
    return (DEPLOY / name).read_text(encoding="utf-8")


def compose(**variables: str) -> Any:
    """compose.yaml as Compose reads it, with variables of the environment."""

    def value(found: re.Match[str]) -> str:
        return variables.get(found[1], found[2])

    whole = re.sub(r"\$\{(\w+):-([^}]*)\}", value, text("compose/compose.yaml"))
    return yaml.safe_load(whole)


def dockerfile(course: str = "") -> str:
    """The container file, for the course's id or another."""
    return text("image/Dockerfile").replace("${COURSE}", course or PLAN.course)


def documents(name: str) -> list[Any]:
    """The documents of a YAML file below deploy/."""
    return list(yaml.safe_load_all(text(name)))


def tool(name: str) -> str | None:
    """A program that a test uses where it is installed."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def public(path: Path) -> bool:
    """Whether every account may enter a folder or run a program."""
    path = path.resolve()
    return all(p.stat().st_mode & 0o001 for p in (path, *path.parents))


def public_python() -> tuple[str, str] | None:
    """A Python like this one that every account may run, and its PYTHONPATH."""
    packages = [p for p in sys.path if p.endswith("site-packages")]
    seen = [str(ROOT / "src"), *packages]
    same = Path(f"/usr/bin/python{sys.version_info[0]}.{sys.version_info[1]}")
    for candidate in (Path(sys.base_prefix) / "bin/python3", same):
        if (
            candidate.exists()
            and public(candidate)
            and all(public(Path(p)) for p in seen)
        ):
            return str(candidate), os.pathsep.join(seen)
    return None
