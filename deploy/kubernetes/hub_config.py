"""The hub in Kubernetes: a user number of one's own for each student, and who is who.

The chart runs this as hub.extraConfig, with `c` being JupyterHub's configuration.
nbgrader takes the operating system's user for the student, and its exchange keeps
students apart by file owner; so each student has one number (uid and gid), for ever.
"""

import os
import pwd
import re
from pathlib import Path

from tornado.web import HTTPError
from z2jh import get_config

COURSE = get_config("custom.unrolled.course")
INSTRUCTORS = list(get_config("custom.unrolled.instructors", []))
ASSISTANTS = list(get_config("custom.unrolled.assistants", []))
DEPLOYMENTS = set(get_config("custom.unrolled.deployments", []))
NAMES = Path(os.environ.get("UNROLLED_NAMES", "/srv/names"))
HOME = get_config("singleuser.storage.homeMountPath")
FIRST = 200000
GRADER, GRADER_UID = f"grader-{COURSE}", 199999
ACCOUNT = re.compile(r"[a-z_][a-z0-9_-]{0,31}")
DEPLOYMENT = "https://purl.imsglobal.org/spec/lti/claim/deployment_id"


def numbers():
    """Everybody's number by name: the file that containers look users up in."""
    lines = (NAMES / "passwd").read_text(encoding="ascii").splitlines()
    return {line.split(":")[0]: int(line.split(":")[2]) for line in lines}


def number_of(name):
    """A person's number; a new one is kept at once, and never given to another.

    Who leaves the course keeps it too: files that are left stay theirs.
    """
    known = numbers()
    if name in known:
        return known[name]
    if not ACCOUNT.fullmatch(name) or name.startswith("grader-") or _of_system(name):
        raise HTTPError(403, f"{name!r} cannot be a user of the course's computers.")
    number = max([FIRST - 1, *known.values()]) + 1
    _keep(known | {name: number})
    return number


def _of_system(name):
    try:
        return name in ("root", "jovyan") or bool(pwd.getpwnam(name))
    except KeyError:
        return False


def _keep(known):
    """Write both files anew, whole or not at all."""
    people = sorted(known.items(), key=lambda pair: pair[1])
    users = [f"{n}:x:{i}:{i}::{_home(n)}:/bin/bash\n" for n, i in people]
    groups = [f"{n}:x:{i}:\n" for n, i in people]
    for file, lines in (("group", groups), ("passwd", users)):
        fresh = NAMES / f".{file}.new"
        with fresh.open("w", encoding="ascii") as out:
            out.writelines(lines)
            out.flush()
            os.fsync(out.fileno())
        fresh.chmod(0o644)
        fresh.replace(NAMES / file)


def _home(name):
    return f"/home/{name}" if name == GRADER else HOME


def number(spawner):
    """The uid and gid of somebody's server."""
    return number_of(spawner.user.name)


async def own_home(spawner, pod):
    """Before the server starts, the home volume becomes its owner's, closed to others.

    This is the only thing that runs as root, and it sees the home volume only.
    """
    owner = number_of(spawner.user.name)
    notebook = pod.spec.containers[0]
    mounts = [m for m in notebook.volume_mounts if _path(m) == HOME]
    container = {
        "name": "own-home",
        "image": notebook.image,
        "command": ["sh", "-c", f"chown {owner}:{owner} {HOME} && chmod 700 {HOME}"],
        "volumeMounts": mounts,
        "securityContext": {
            "runAsUser": 0,
            "runAsGroup": 0,
            "runAsNonRoot": False,
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"], "add": ["CHOWN", "FOWNER"]},
        },
    }
    pod.spec.init_containers = [*(pod.spec.init_containers or []), container]
    return pod


def _path(mount):
    return mount["mountPath"] if isinstance(mount, dict) else mount.mount_path


async def join_course(spawner):
    """A student is in the course's group; nbgrader reads courses from its name."""
    user = spawner.user
    names = {group.name for group in user.orm_user.groups}
    if user.name not in (*INSTRUCTORS, *ASSISTANTS):
        user.sync_groups([*names, f"nbgrader-{COURSE}"])


def only_this_course(authenticator, handler, authentication):
    """Refuse who comes from another course: there, anybody's login can be claimed.

    The grader never signs in. (To block it would take it out of the group whose member
    it must be, since formgrader asks the hub about itself.)
    """
    if authentication["name"] == GRADER:
        raise HTTPError(403, "The grader does not sign in.")
    token = authentication.get("auth_state") or {}
    if token.get(DEPLOYMENT) not in DEPLOYMENTS:
        raise HTTPError(403, "This link is not the one of the course in Canvas.")
    return authentication


def may_open(*services):
    """The scopes for opening services."""
    wanted = ("access:services!service", "read:services!service")
    scopes = [f"{scope}={service}" for service in services for scope in wanted]
    return ["list:services", *scopes]


if not (NAMES / "passwd").exists():
    _keep({GRADER: GRADER_UID})
c.KubeSpawner.uid = number  # noqa: F821
c.KubeSpawner.gid = number  # noqa: F821
c.KubeSpawner.fs_gid = None  # noqa: F821
c.KubeSpawner.working_dir = HOME  # noqa: F821
c.KubeSpawner.default_url = "/course"  # noqa: F821
c.KubeSpawner.modify_pod_hook = own_home  # noqa: F821
c.KubeSpawner.pre_spawn_hook = join_course  # noqa: F821
c.Authenticator.post_auth_hook = only_this_course  # noqa: F821
c.Authenticator.blocked_users = {"root", "jovyan"}  # noqa: F821
c.JupyterHub.load_groups = {  # noqa: F821
    f"formgrade-{COURSE}": {"users": [*INSTRUCTORS, *ASSISTANTS, GRADER]},
    f"nbgrader-{COURSE}": {"users": []},
    f"instructors-{COURSE}": {"users": INSTRUCTORS},
}
c.JupyterHub.load_roles = [  # noqa: F821
    {"name": "server", "scopes": ["inherit"]},
    {
        "name": f"formgrade-{COURSE}",
        "scopes": may_open(COURSE, f"{COURSE}-grading"),
        "groups": [f"formgrade-{COURSE}"],
    },
    {
        "name": f"instructors-{COURSE}",
        "scopes": may_open(f"{COURSE}-authoring"),
        "groups": [f"instructors-{COURSE}"],
    },
    {
        "name": f"assistants-service-{COURSE}",
        "scopes": ["read:users"],
        "services": [COURSE],
    },
    {
        "name": f"authoring-service-{COURSE}",
        "scopes": ["admin:groups", "admin:users"],
        "services": [f"{COURSE}-authoring"],
    },
]
