"""JupyterHub's configuration, made from the plan of the hub.

nbgrader ties our hands: the service with formgrader must have the course's name, or its
lists stay empty, and a submission's student is the operating system's user, so each
person has an account of their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tornado.web import HTTPError

from unrolled.hub.accounts import ensure_student
from unrolled.hub.plan import HubPlan, load_plan
from unrolled.hub.staff.gate import ASSISTANTS, INSTRUCTORS

TEMPLATES = Path(__file__).parents[1] / "templates" / "jupyterhub"
CULLER = "idle-culler"


def configure(config: Any, folder: str) -> None:
    """Configure JupyterHub (`config` is its `get_config()`) for the hub in `folder`."""
    plan = load_plan(Path(folder))
    _configure_hub(config, plan)
    _configure_proxy(config, plan)
    _configure_sign_in(config, plan)
    _configure_spawner(config, plan)
    config.JupyterHub.services = [
        make_formgrader_service(plan),
        make_authoring_service(plan),
        make_grading_service(plan),
    ]
    token = (plan.state / "check.token").read_text(encoding="ascii").strip()
    config.JupyterHub.services += [{"name": "unrolled-check", "api_token": token}]
    config.JupyterHub.services += list_culling_services(plan)
    config.JupyterHub.load_groups = list_groups(plan)
    config.JupyterHub.load_roles = list_roles(plan)


def _configure_hub(config: Any, plan: HubPlan) -> None:
    """Everything listens on loopback; what the hub keeps, only root reads."""
    config.JupyterHub.bind_url = plan.address
    config.JupyterHub.hub_bind_url = f"http://127.0.0.1:{plan.hub_port}"
    config.JupyterHub.db_url = f"sqlite:///{plan.state / 'jupyterhub.sqlite'}"
    config.JupyterHub.cookie_secret_file = str(plan.state / "cookie_secret")
    config.JupyterHub.pid_file = str(plan.state / "jupyterhub.pid")
    config.JupyterHub.template_paths = [str(TEMPLATES)]
    # What the hub's menu calls a service; its name stays in its address.
    words = {
        plan.grading: "Collect and grade",
        plan.formgrader: "Mark answers by hand",
        plan.authoring: "Course files (JupyterLab)",
    }
    config.JupyterHub.template_vars = {"announcement": "", "service_words": words}
    config.JupyterHub.default_url = make_default_url(plan)
    # People work on while the hub restarts; `unrolled hub` ends their servers itself.
    config.JupyterHub.cleanup_servers = False
    config.JupyterHub.shutdown_on_logout = False


def _configure_proxy(config: Any, plan: HubPlan) -> None:
    """Where the proxy runs; it sends on formgrader's links, which lead to /tree/."""
    config.ConfigurableHTTPProxy.command = [str(plan.proxy)]
    config.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{plan.proxy_port}"
    config.ConfigurableHTTPProxy.pid_file = str(plan.state / "proxy.pid")
    grading = f"http://127.0.0.1:{plan.grading_port}"
    config.Proxy.extra_routes = {
        f"/{kind}/": grading for kind in ("tree", "notebooks", "edit")
    }


def _configure_sign_in(config: Any, plan: HubPlan) -> None:
    """Whoever the hub knows may sign in: those of the plan, those enrolled later."""
    # Whoever stands in a group of the plan is an existing user; others are refused.
    config.Authenticator.allow_existing_users = True
    config.Authenticator.blocked_users = {"root"}
    config.Authenticator.post_auth_hook = partial(_refuse_grader, plan.grader)
    if plan.sign_in == "password":
        secret = (plan.state / "password").read_text(encoding="ascii").strip()
        config.JupyterHub.authenticator_class = "shared-password"
        config.SharedPasswordAuthenticator.user_password = secret
    elif plan.sign_in == "pam":
        config.JupyterHub.authenticator_class = "pam"
        config.PAMAuthenticator.open_sessions = False
    else:
        from unrolled.hub.lti.authenticator import configure_canvas

        configure_canvas(config, plan)


def _refuse_grader(
    grader: str, authenticator: Any, handler: Any, account: dict[str, Any]
) -> dict[str, Any]:
    """Nobody signs in as the grader, not even with the right password."""
    if account["name"] == grader:
        raise HTTPError(
            403, f"The account {grader} only grades; nobody signs in as it."
        )
    return account


def _configure_spawner(config: Any, plan: HubPlan) -> None:
    """Each student's own server, as the student's own account."""
    bin_ = plan.students_env / "bin"
    config.JupyterHub.spawner_class = "unrolled.hub.setup.spawner.BoundedSpawner"
    spawner = config.LocalProcessSpawner
    spawner.cmd = [*build_memory_limit(plan), str(bin_ / "jupyterhub-singleuser")]
    spawner.environment = {
        "PATH": f"{bin_}:{os.environ.get('PATH', os.defpath)}",
        "UNROLLED_HUB": str(plan.folder),
        "UNROLLED_COURSE_ID": plan.course,
        "UNROLLED_COURSE_TITLE": plan.title,
        "KERAS_BACKEND": "torch",
        "OMP_NUM_THREADS": "2",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    # Of root's environment only this: it may hold passwords and tokens.
    spawner.env_keep = ["LANG", "LC_ALL", "TZ"]
    spawner.default_url = "/course"
    spawner.args = ["--ServerApp.terminals_enabled=False", *build_cull_options(plan)]
    spawner.http_timeout = 120
    spawner.start_timeout = 120
    # A short wait, then SIGTERM: an interrupted server only asks whether it should end.
    spawner.interrupt_timeout = 1
    spawner.pre_spawn_hook = ensure_student


def build_memory_limit(plan: HubPlan) -> list[str]:
    """What stands before the command of a server to bound its memory.

    The limit of data (RLIMIT_DATA) is handed down to kernels and to what they start;
    it holds for each process by itself, on every Linux, with no control group to write
    to, and what is too much is a MemoryError. For all together see `memory.py`.
    """
    if not plan.memory_mb:
        return []
    return ["prlimit", f"--data={plan.memory_mb * 1_000_000}", "--"]


def build_cull_options(plan: HubPlan) -> list[str]:
    """Kernels that run nothing are ended, also those whose notebook is left open.

    An open page counts as use of the server, so the kernels would stay for ever.
    """
    if not plan.idle_minutes:
        return []
    return [
        f"--MappingKernelManager.cull_idle_timeout={plan.idle_minutes * 60}",
        f"--MappingKernelManager.cull_interval={compute_cull_interval(plan.idle_minutes)}",
        "--MappingKernelManager.cull_connected=True",
    ]


def list_groups(plan: HubPlan) -> dict[str, Any]:
    """Who is what; nbgrader reads courses from the groups' names.

    The grader is among those who grade, for formgrader asks the hub about itself. (To
    block its sign-in would take it out again: it gets no server instead.)
    """
    staff = [*plan.instructors, *plan.assistants]
    return {
        f"formgrade-{plan.course}": {"users": [*staff, plan.grader]},
        f"nbgrader-{plan.course}": {"users": list(plan.students)},
        f"{INSTRUCTORS}-{plan.course}": {"users": list(plan.instructors)},
    }


def list_roles(plan: HubPlan) -> list[dict[str, Any]]:
    """Who may open which service, and what the services may do at the hub."""

    def may_open(*services: str) -> list[str]:
        scopes = ("access:services!service", "read:services!service")
        pairs = [f"{scope}={service}" for service in services for scope in scopes]
        return ["list:services", *pairs]

    groups = {
        f"formgrade-{plan.course}": may_open(plan.formgrader, plan.grading),
        f"{INSTRUCTORS}-{plan.course}": may_open(plan.authoring),
    }
    services = {
        f"assistants-service-{plan.course}": (plan.formgrader, ["read:users"]),
        f"authoring-service-{plan.course}": (
            plan.authoring,
            ["admin:groups", "admin:users"],
        ),
        "unrolled-check": ("unrolled-check", ["read:groups", "read:users:name"]),
    }
    if plan.idle_minutes:
        scopes = ["list:users", "read:users:activity", "read:servers", "delete:servers"]
        services[CULLER] = (CULLER, scopes)
    return [
        {"name": "server", "scopes": ["inherit"]},
        *({"name": n, "scopes": s, "groups": [n]} for n, s in groups.items()),
        *(
            {"name": n, "scopes": scopes, "services": [service]}
            for n, (service, scopes) in services.items()
        ),
    ]


def make_default_url(plan: HubPlan) -> Callable[[Any], str]:
    """After signing in, staff see the grading page, students their own server."""
    staff = {*plan.instructors, *plan.assistants}

    def find_url(handler: Any) -> str:
        user = handler.current_user
        if user is None or user.name not in staff:
            return ""
        return f"{handler.settings['base_url']}services/{quote(plan.grading)}/"

    return find_url


CONFIG_TEXT = '''"""Made by `unrolled hub` from course.toml, again at every start."""

from unrolled.hub.setup.hub_config import configure

configure(get_config(), {folder!r})
'''


def write_config(plan: HubPlan) -> None:
    """Write the configuration file."""
    text = CONFIG_TEXT.format(folder=str(plan.folder))
    (plan.state / "jupyterhub_config.py").write_text(text, encoding="utf-8")


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
