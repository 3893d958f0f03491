"""The hub's services: they run as the grader, each for a group of people."""

from __future__ import annotations

import os
from typing import Any

from unrolled.hub.plan import HubPlan
from unrolled.hub.staff.gate import ASSISTANTS, INSTRUCTORS

CULLER = "idle-culler"


def make_formgrader_service(plan: HubPlan) -> dict[str, Any]:
    """Formgrader for the assistants: they look at files, mark, and run nothing."""
    safe = "unrolled.hub.staff.read_only"
    service = _make_server(
        plan,
        name=plan.formgrader,
        port=plan.formgrader_port,
        role=ASSISTANTS,
        options=[
            f"--ReadOnlyContentsManager.course={plan.course_root.name}",
            "--LabApp.extension_manager=readonly",
            "--ServerApp.terminals_enabled=False",
            f"--ServerApp.contents_manager_class={safe}.ReadOnlyContentsManager",
            f"--ServerApp.kernel_manager_class={safe}.NoKernels",
            "--ServerApp.default_url=/formgrader",
        ],
    )
    # Settings and workspaces of JupyterLab: not those of the instructors' server.
    service["environment"]["HOME"] = str(plan.homes / plan.grader / ".assistants")
    return service


def make_authoring_service(plan: HubPlan) -> dict[str, Any]:
    """JupyterLab in the course folder, with a terminal, for instructors.

    The terminal's shell is given: the account's own, nologin, lets nobody in.
    """
    return _make_server(
        plan,
        name=plan.authoring,
        port=plan.authoring_port,
        role=INSTRUCTORS,
        options=["--ServerApp.terminado_settings={'shell_command': ['/bin/bash']}"],
    )


def _make_server(
    plan: HubPlan, *, name: str, port: int, role: str, options: list[str]
) -> dict[str, Any]:
    """A single-user server behind the gate; without the gate it does not start."""
    home = plan.homes / plan.grader
    return {
        "name": name,
        "url": f"http://127.0.0.1:{port}",
        "command": [
            str(plan.staff_env / "bin" / "python"),
            "-m",
            "jupyterhub.singleuser",
            f"--ServerApp.root_dir={home}",
            "--ServerApp.jpserver_extensions={'unrolled.hub.staff.gate': True}",
            "--ServerApp.reraise_server_extension_failures=True",
            f"--Gate.role={role}",
            f"--Gate.course={plan.course_root}",
            *options,
        ],
        "user": plan.grader,
        "cwd": str(home),
        "environment": _make_grader_environment(plan),
        "oauth_no_confirm": True,
        "display": True,
    }


def make_grading_service(plan: HubPlan) -> dict[str, Any]:
    """The page that collects and grades a whole class."""
    python = str(plan.staff_env / "bin" / "python")
    return {
        "name": plan.grading,
        "url": f"http://127.0.0.1:{plan.grading_port}",
        "command": [python, "-m", "unrolled.hub.grading.page", str(plan.course_root)],
        "user": plan.grader,
        "cwd": str(plan.course_root),
        "environment": {
            **_make_grader_environment(plan),
            "FORMGRADER": plan.formgrader,
            "AUTHORING": plan.authoring,
            "INSTRUCTORS": f"{INSTRUCTORS}-{plan.course}",
        },
        "oauth_no_confirm": True,
        "display": True,
    }


def list_culling_services(plan: HubPlan) -> list[dict[str, Any]]:
    """The service that ends servers nobody uses; none if they run for ever."""
    if not plan.idle_minutes:
        return []
    python = str(plan.staff_env / "bin" / "python")
    seconds = plan.idle_minutes * 60
    command = [python, "-m", "jupyterhub_idle_culler", f"--timeout={seconds}"]
    every = f"--cull-every={compute_cull_interval(plan.idle_minutes)}"
    return [{"name": CULLER, "command": [*command, every], "display": False}]


def compute_cull_interval(idle_minutes: int) -> int:
    """How often to look for what is idle, in seconds."""
    return max(10, min(300, idle_minutes * 60 // 4))


def _make_grader_environment(plan: HubPlan) -> dict[str, str]:
    home = plan.homes / plan.grader
    return {
        "HOME": str(home),
        "USER": plan.grader,
        "SHELL": "/bin/bash",
        "PATH": f"{plan.staff_env / 'bin'}:{os.environ.get('PATH', os.defpath)}",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "KERAS_BACKEND": "torch",
        "UNROLLED_COURSE": str(plan.course_root),
        "UNROLLED_EXCHANGE": str(plan.exchange),
    }
