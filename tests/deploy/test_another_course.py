"""deploy/ for a course with another id: nothing of it lies where `unrolled` was."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.deploy_files import DEPLOY, ROOT, compose, dockerfile, tool

from unrolled.course.model import load_course
from unrolled.hub.plan import HubPlan, make_plan
from unrolled.hub.setup.hub_config import (
    make_authoring_service,
    make_formgrader_service,
    make_grading_service,
)

ID = "recurrent_2027"
SERVICES = {
    "formgrader": make_formgrader_service,
    "authoring": make_authoring_service,
    "grading": make_grading_service,
}
GENERATOR = DEPLOY / "kubernetes" / "for_course.py"


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> HubPlan:
    """The plan of our course under another id."""
    folder = tmp_path_factory.mktemp("course")
    settings = (ROOT / "course.toml").read_text()
    (folder / "course.toml").write_text(
        settings.replace('id = "unrolled"', f'id = "{ID}"')
    )
    shutil.copyfile(ROOT / "nbgrader_config.py", folder / "nbgrader_config.py")
    return make_plan(load_course(folder))


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The files for Kubernetes that the script writes for that id."""
    folder = tmp_path_factory.mktemp("kubernetes") / "own"
    command = [sys.executable, str(GENERATOR), ID, str(folder)]
    subprocess.run(command, check=True, capture_output=True, timeout=600)
    again = subprocess.run(command, capture_output=True, text=True, timeout=600)
    assert again.returncode == 1 and "nothing is written" in again.stderr
    return {
        p.stem: list(yaml.safe_load_all(p.read_text())) for p in folder.glob("*.y*")
    }


def test_compose_keeps_everything_in_volumes(plan: HubPlan) -> None:
    """Do state, exchange and homes of the other course lie in volumes, too?"""
    made = compose(COURSE=ID)
    hub = made["services"]["hub"]
    mounts = {v.split(":")[1]: v.split(":")[0] for v in hub["volumes"]}
    for place in (plan.state, plan.exchange, plan.homes):
        assert mounts[str(place)] in made["volumes"]
    assert hub["build"]["args"]["COURSE"] == ID


def test_the_images_are_the_course_s(plan: HubPlan) -> None:
    """Do paths, account and course of the images follow the id?"""
    text = dockerfile(ID)
    assert "/srv/unrolled/unrolled" not in text and "grader-unrolled" not in text
    for value in (
        f"PATH={plan.students_env}/bin",
        f"PATH={plan.staff_env}/bin",
        f"HOME=/home/{plan.grader} USER={plan.grader}",
        f"UNROLLED_COURSE={plan.course_root}",
        f"UNROLLED_EXCHANGE={plan.exchange}",
        f"COPY --from=build {plan.students_env} {plan.students_env}",
    ):
        assert value in text
    stages = (DEPLOY / "image/Dockerfile").read_text().split("\nFROM ")
    for stage in stages:
        assert "${COURSE}" not in stage or "ARG COURSE=" in stage


@pytest.mark.parametrize("given, code", [(ID, 0), ("unrolled", 1), ("", 0)])
def test_a_container_of_another_course_does_not_start(
    given: str, code: int, plan: HubPlan, tmp_path: Path
) -> None:
    """Is a wrong COURSE told, with the right one, before anything is written?"""
    if sys.version_info < (3, 11) or tool("python3") is None:
        pytest.skip("no python3 on PATH: install Python 3.11")
    settings = (ROOT / "course.toml").read_text()
    settings = settings.replace('id = "unrolled"', f'id = "{ID}"')
    (tmp_path / "course.toml").write_text(settings)
    (tmp_path / "homes").mkdir()
    done = subprocess.run(
        ["sh", str(DEPLOY / "compose/entrypoint.sh"), "echo", "started"],
        cwd=tmp_path,
        env=os.environ | {"COURSE": given, "HOMES": str(tmp_path / "homes")},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == code
    assert ("started" in done.stdout) is (code == 0)
    assert code == 0 or f"COURSE={ID}" in done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_the_grader_s_containers_are_the_course_s(
    name: str, plan: HubPlan, files: dict[str, Any]
) -> None:
    """Are command, folder, environment and token those of the other course's hub?"""
    pod = files["grader"][0]["spec"]["template"]["spec"]
    container = next(c for c in pod["containers"] if c["name"] == name)
    service = SERVICES[name](plan)
    assert container["command"] == service["command"]
    assert container["workingDir"] == service["cwd"]
    values = {e["name"]: e.get("value") for e in container["env"]}
    assert values["JUPYTERHUB_SERVICE_NAME"] == service["name"]
    assert values["JUPYTERHUB_USER"] == plan.grader
    assert values["JUPYTERHUB_SERVICE_PREFIX"] == f"/services/{service['name']}/"
    assert service["name"] in files["values"][0]["hub"]["services"]
    mounts = {m["mountPath"] for m in container["volumeMounts"]}
    assert {str(plan.exchange), str(plan.course_root.parent)} <= mounts
    assert "unrolled/" not in str(values) and "=unrolled" not in str(values)


def test_the_rest_of_kubernetes_is_the_course_s(
    plan: HubPlan, files: dict[str, Any]
) -> None:
    """Do the hub's Python, students' servers and the layout know the id?"""
    (values,) = files["values"]
    assert values["custom"]["unrolled"]["course"] == ID
    assert values["singleuser"]["extraEnv"]["UNROLLED_COURSE_ID"] == ID
    mounts = values["singleuser"]["storage"]["extraVolumeMounts"]
    assert str(plan.exchange) in {m["mountPath"] for m in mounts}
    layout = files["shared"][-1]["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "COURSE", "value": ID} in layout["env"]
    left = re.findall(r"grader-unrolled\b|/srv/unrolled/unrolled", str(files))
    assert left == []


def test_our_own_id_changes_nothing(tmp_path: Path) -> None:
    """For the id that the files have, are they the same, and is a bad id refused?"""
    command = [sys.executable, str(GENERATOR)]
    subprocess.run(
        [*command, "unrolled", str(tmp_path / "same")], check=True, timeout=600
    )
    for path in (tmp_path / "same").iterdir():
        assert path.read_text() == (DEPLOY / "kubernetes" / path.name).read_text()
    wrong = subprocess.run(
        [*command, "Über uns", "x"], capture_output=True, text=True, timeout=600
    )
    assert wrong.returncode == 1 and "for_course.py" in wrong.stderr
