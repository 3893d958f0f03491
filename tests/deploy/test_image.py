"""deploy/image: what is in which image, and that the build finds what it copies."""

from __future__ import annotations

import fnmatch
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support.deploy_files import DEPLOY, PLAN, ROOT, dockerfile, documents, text
from traitlets.config import Config

from unrolled.hub.setup.course_folder import FILES, GIVEN
from unrolled.hub.setup.hub_config import _configure_spawner, make_authoring_service

SECRET = ("lessons", "source", "solutions", "src/unrolled/author")


@dataclass
class Stage:
    """One stage of the container file: its base and its instructions in order."""

    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def all(self, kind: str) -> list[str]:
        """The arguments of all instructions of a kind."""
        return [rest for name, rest in self.instructions if name == kind]


def stages() -> dict[str, Stage]:
    """The stages by name."""
    joined = re.sub(r"\\\n", " ", dockerfile())
    found: dict[str, Stage] = {}
    for line in joined.splitlines():
        name, _, rest = line.partition(" ")
        if not line or line.startswith("#"):
            continue
        if name == "FROM":
            base, _, own = rest.partition(" AS ")
            found[own] = stage = Stage(base)
        else:
            stage.instructions.append((name, rest.strip()))
    return found


STAGES = stages()
KNOWN = {"RUN", "COPY", "ENV", "ARG", "USER", "WORKDIR", "ENTRYPOINT", "CMD"}


def from_project(stage: Stage) -> list[str]:
    """What a stage copies from the project."""
    copies = [c.split() for c in stage.all("COPY") if not c.startswith("--from")]
    return [source for words in copies for source in words[:-1]]


@pytest.mark.parametrize("name", STAGES)
def test_a_stage_is_well_formed(name: str) -> None:
    """Are its instructions known, its base a stage or an image by name?"""
    stage = STAGES[name]
    assert {kind for kind, _ in stage.instructions} <= KNOWN
    assert stage.base in STAGES or re.fullmatch(r"debian:\d+", stage.base)


@pytest.mark.parametrize("name", STAGES)
def test_what_is_copied_is_there(name: str) -> None:
    """Does each file that is copied exist, and is it let through to the build?"""
    allowed = [
        line[1:]
        for line in text("image/Dockerfile.dockerignore").splitlines()
        if line.startswith("!")
    ]
    for source in from_project(STAGES[name]):
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, pattern) for pattern in allowed), source


def test_students_get_nothing_that_is_hidden() -> None:
    """Is no lesson, hidden test or solution in the students' image or below it?"""
    students = STAGES["students"]
    assert students.base == "base"
    assert from_project(students) == from_project(STAGES["base"]) == []
    (copied,) = students.all("COPY")
    place = str(PLAN.students_env)
    assert copied == f"--from=build {place} {place}"
    for path in from_project(STAGES["build"]):
        assert path not in SECRET


@pytest.mark.parametrize(("name", "number"), [("students", 65534), ("grader", 199999)])
def test_a_server_never_runs_as_root(name: str, number: int) -> None:
    """Is the last word on who runs it a number that is not root's?"""
    assert STAGES[name].all("USER") == [f"{number}:{number}"]


def test_the_grader_s_image_has_the_whole_course() -> None:
    """Can the course be placed from what the images of staff hold?"""
    for name in ("grader", "hub"):
        has = {*from_project(STAGES[name])}
        has |= {*from_project(STAGES["build"])} if name == "hub" else set()
        assert {*GIVEN, *FILES} <= has


def test_images_set_what_the_hub_sets() -> None:
    """Has the grader's image the environment that `unrolled hub` gives its services?"""
    given = dict(w.split("=", 1) for w in STAGES["grader"].all("ENV")[0].split())
    wanted = make_authoring_service(PLAN)["environment"]
    assert {k: given[k] for k in wanted if k != "PATH"} == {
        k: v for k, v in wanted.items() if k != "PATH"
    }
    for name, place in (("grader", PLAN.staff_env), ("students", PLAN.students_env)):
        assert f"PATH={place}/bin:" in " ".join(STAGES[name].all("ENV"))


def test_a_student_s_server_has_what_the_hub_gives_it() -> None:
    """Has a pod what `unrolled hub` gives a server, from the image or the values?"""
    config = Config()
    _configure_spawner(config, PLAN)
    wanted = config.LocalProcessSpawner.environment
    del wanted["PATH"], wanted["UNROLLED_HUB"]  # the account is made by the latter
    given = dict(w.split("=", 1) for w in STAGES["students"].all("ENV")[0].split())
    (values,) = documents("kubernetes/values.yaml")
    given |= values["singleuser"]["extraEnv"]
    assert {k: given.get(k) for k in wanted} == wanted


def test_versions_come_from_one_place() -> None:
    """Does no container file name a version of a Python package itself?"""
    assert "==" not in text("image/Dockerfile")
    assert "pip install" not in text("image/Dockerfile")
    assert (
        '"-c", project / "constraints.txt"'
        in (ROOT / "src/unrolled/hub/setup/install.py").read_text()
    )


def test_the_installer_needs_only_python_and_what_was_copied(tmp_path: Path) -> None:
    """With the files of the build alone, and no package, does the installer load?"""
    for source in from_project(STAGES["build"]):
        target = tmp_path / source
        target.parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copyfile
        copy(ROOT / source, target)
    code = (
        "import runpy; found = runpy.run_path('deploy/image/install.py');"
        "plan = found['make_plan'](found['load_course'](found['PROJECT']));"
        "print(plan.staff_env)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.stdout.strip() == str(PLAN.staff_env), done.stderr


def test_compose_builds_a_stage_that_exists() -> None:
    """Is the stage there, from the project's folder, with its entry point?"""
    (compose,) = documents("compose/compose.yaml")
    build = compose["services"]["hub"]["build"]
    assert (DEPLOY / "compose" / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]) == DEPLOY / "image/Dockerfile"
    stage = STAGES[build["target"]]
    assert "deploy/compose/entrypoint.sh" in from_project(stage)
    command = stage.all("CMD")[0].replace("$COURSE", PLAN.course)
    assert f"{PLAN.staff_env}/bin/python" in command
