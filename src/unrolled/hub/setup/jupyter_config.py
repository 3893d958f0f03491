"""Write the configuration of Jupyter and nbgrader into each environment.

The files are written here and not by `jupyter server extension enable` or `jupyter
labextension disable`: the one fails for nbgrader, the other locks extensions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from unrolled.hub.plan import HubPlan

NBGRADER = "nbgrader.server_extensions"
# Formgrader with headers, in the place of nbgrader's own.
FORMGRADER_MODULE = "unrolled.hub.staff.formgrader"
# Modules of ours that stand in the place of nbgrader's, by what it calls them.
REPLACED = {
    "formgrader": FORMGRADER_MODULE,
    "assignment_list": "unrolled.hub.student.assignment_list",
}
STUDENTS = ("assignment_list", "validate_assignment")
STAFF = ("formgrader",)
ALL = ("assignment_list", "validate_assignment", "formgrader", "course_list")
LAB = (
    "assignment-list",
    "validate-assignment",
    "formgrader",
    "course-list",
    "create-assignment",
)
# The script that shows in JupyterLab what `unrolled.hub.lab_notice` tells.
LAB_EXTENSION = "unrolled-notice"
LAB_EXTENSION_FILES = Path(__file__).parents[1] / "lab_extension"
QUIET_SETTINGS = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}

# A button in every notebook that leads to the page where it is handed in, and frequent
# saving, so that little is lost when a server ends. (`user-redirect` leads everybody to
# their own server.)
STUDENTS_LAB = {
    "@jupyterlab/notebook-extension:panel": {
        "toolbar": [
            {
                "name": "unrolled-course-page",
                "command": "help:open",
                "args": {"url": "/hub/user-redirect/course", "newBrowserTab": True},
                "label": "Submit / course page",
                "caption": "Save first. Opens your course page: submit, due dates, "
                "feedback",
                "rank": 99,
            }
        ]
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 30},
}

STUDENTS_CONFIG = '''"""Made by `unrolled hub`: nbgrader for students."""

c = get_config()
c.Authenticator.plugin_class = "nbgrader.auth.jupyterhub.JupyterHubAuthPlugin"
c.Exchange.root = {exchange!r}
c.Exchange.path_includes_course = True
c.ExchangeFactory.fetch_assignment = "unrolled.hub.exchange.plugins.FetchKeepingWork"
c.ExchangeFactory.submit = "unrolled.hub.exchange.plugins.SubmitOnce"
'''

STAFF_CONFIG = '''"""Made by `unrolled hub`: nbgrader for those who grade."""

from pathlib import Path

from unrolled.pipeline import configure

c = get_config()
configure(c, Path({course!r}))
c.Authenticator.plugin_class = "nbgrader.auth.jupyterhub.JupyterHubAuthPlugin"
c.Exchange.root = {exchange!r}
c.Exchange.path_includes_course = True
# Formgrader's pages would show all of the configuration, a database's password too.
c.FormgradeExtension.debug = False
'''


def write_environment_files(plan: HubPlan) -> None:
    """Write the files of both environments, readable by everybody."""
    exchange, course = str(plan.exchange), str(plan.course_root)
    students = STUDENTS_CONFIG.format(exchange=exchange)
    staff = STAFF_CONFIG.format(exchange=exchange, course=course)
    notice = {"unrolled.hub.lab_notice": True}
    more = {"unrolled.hub.student.page": True, **notice}
    _write_environment(plan.students_env, students, STUDENTS, more)
    _write_environment(plan.staff_env, staff, STAFF, notice)
    _share_servers(plan)


def _share_servers(plan: HubPlan) -> None:
    """Enable JupyterLab and its like for the staff, too: packages bring such files."""
    servers = "etc/jupyter/jupyter_server_config.d"
    for path in (plan.students_env / servers).glob("*.json"):
        if path.name != "nbgrader.json":
            _write_file(plan.staff_env / servers / path.name, path.read_text("utf-8"))


def _write_environment(
    environment: Path, nbgrader: str, servers: tuple[str, ...], more: dict[str, bool]
) -> None:
    etc = environment / "etc" / "jupyter"
    extensions = {f"{NBGRADER}.{name}": False for name in ALL}
    extensions |= {get_extension_module(name): True for name in servers} | more
    server = {"ServerApp": {"jpserver_extensions": extensions}}
    names = {s.replace("_", "-") for s in servers}
    hidden = {f"@jupyter/nbgrader:{name}": name not in names for name in LAB}
    _write_file(etc / "nbgrader_config.py", nbgrader)
    _write_json(etc / "jupyter_server_config.d" / "nbgrader.json", server)
    _write_json(etc / "labconfig" / "page_config.json", {"disabledExtensions": hidden})
    _write_lab_extension(environment)
    settings = environment / "share" / "jupyter" / "lab" / "settings"
    if environment.name == "students":
        _write_json(settings / "overrides.json", QUIET_SETTINGS)
        _write_json(etc / "labconfig" / "default_setting_overrides.json", STUDENTS_LAB)


def _write_lab_extension(environment: Path) -> None:
    """Put the script that shows the hub's notice where JupyterLab looks for such."""
    target = environment / "share" / "jupyter" / "labextensions" / LAB_EXTENSION
    for path in (p for p in LAB_EXTENSION_FILES.rglob("*") if p.is_file()):
        relative = path.relative_to(LAB_EXTENSION_FILES)
        _write_file(target / relative, path.read_text("utf-8"))


def get_extension_module(name: str) -> str:
    """The module that serves what nbgrader calls `name`."""
    return REPLACED.get(name, f"{NBGRADER}.{name}")


def _write_json(path: Path, document: Any) -> None:
    _write_file(path, json.dumps(document, indent=1) + "\n")


def _write_file(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o644)
