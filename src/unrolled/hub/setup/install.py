"""Install a hub's two environments and its proxy where everybody can read them.

Students work in one environment; the staff's lies over it and adds what grading
needs, so that nothing of a grader is on the students' path.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from unrolled.errors import UserError
from unrolled.hub.commands import run_program
from unrolled.hub.plan import HubPlan, claim_folder

Say = Callable[[str], None]
PROXY = "configurable-http-proxy"
# The newest proxy that each node can run.
PROXY_FOR_NODE = ((20, "5.3.0"), (18, "4.6.3"))
TORCH_FILE = "torch"
# UNROLLED_TORCH may be the whole line from PyTorch's site: "pip3 install torch ...".
TORCH_IGNORED = ("pip", "pip3", "install", "torchvision", "torchaudio")
DEBIAN_PACKAGES = {
    "node": "nodejs",
    "npm": "npm",
    "useradd": "passwd",
    "runuser": "util-linux",
}


def install(plan: HubPlan, project: Path, say: Say, extras: Sequence[str] = ()) -> None:
    """Install what is missing or of another version; `project` is this project.

    `extras` are extras of this package that the staff needs beside the usual ones.
    Raises UserError, with the installer's last words, if something fails.
    """
    claim_folder(plan)
    _install_debian_packages(say)
    with _make_readable():
        _install_proxy(plan, say)
        fresh = _install_environments(plan, project, extras, say)
        _install_package(plan, project, say, fresh=fresh)


@contextmanager
def _make_readable() -> Iterator[None]:
    """Whatever is written meanwhile can be read by everybody."""
    before = os.umask(0o022)
    try:
        yield
    finally:
        os.umask(before)


def _install_debian_packages(say: Say) -> None:
    missing = [
        package for tool, package in DEBIAN_PACKAGES.items() if not shutil.which(tool)
    ]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise UserError(
            f"install {', '.join(missing)} first: `unrolled hub` can do so by itself "
            "only on Debian and Ubuntu."
        )
    say(f"installing {', '.join(missing)}")
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    run_program(["apt-get", "update", "-qq"], env=env)
    run_program(
        ["apt-get", "install", "-y", "--no-install-recommends", *missing], env=env
    )


def _install_proxy(plan: HubPlan, say: Say) -> None:
    if plan.proxy.exists():
        return
    major = int(run_program(["node", "--version"]).strip().lstrip("v").split(".")[0])
    version = next((v for least, v in PROXY_FOR_NODE if major >= least), None)
    if version is None:
        raise UserError(
            f"node {major} is too old for {PROXY}. Install node 18 or newer."
        )
    say(f"installing {PROXY} {version}")
    target = plan.proxy.parents[2]
    target.mkdir(parents=True, exist_ok=True)
    run_program(
        ["npm", "install", "--silent", "--prefix", target, f"{PROXY}@{version}"]
    )


def find_public_python() -> Path:
    """A Python that every account may run, 3.11 or newer.

    Raises UserError if there is none: one below /root is of no use to students.
    """
    for candidate in (Path("/usr/bin/python3"), Path(sys.base_prefix) / "bin/python3"):
        path = candidate.resolve()
        public = path.exists() and all(p.stat().st_mode & 0o001 for p in path.parents)
        if public and _read_version(path) >= (3, 11):
            return candidate
    raise UserError(
        "there is no Python 3.11 or newer that every account may run. Install one: "
        "`apt-get install python3 python3-venv`."
    )


def _read_version(python: Path) -> tuple[int, ...]:
    code = "import sys; print(*sys.version_info[:2])"
    return tuple(int(number) for number in run_program([python, "-c", code]).split())


def _install_environments(
    plan: HubPlan, project: Path, extras: Sequence[str], say: Say
) -> bool:
    """Both virtual environments with all but this package; whether anything was new."""
    staff = ",".join(("grading", "hub", *extras))
    torch = list_torch_arguments(plan)
    contents = _describe_environments(plan, project, extras)
    stamp = plan.folder / "installed"
    if _is_installed(plan, contents):
        return False
    if plan.students_env.exists():
        # Here: while an image is made, psutil is not installed yet.
        from unrolled.hub.servers import end_processes, list_student_servers

        # Servers that a killed hub has left would lose the files that they run from.
        end_processes(list_student_servers(plan))
    # First of all: an installation that is interrupted must not look finished.
    stamp.unlink(missing_ok=True)
    python = find_public_python()
    say("making the students' environment (a minute or two)")
    _make_venv(python, plan.students_env, project)
    if torch:  # what it needs comes with the rest: its own index has it in part only
        _run_pip(plan.students_env, project, "--no-deps", *torch)
    _run_pip(plan.students_env, project, f"{project}[lab]", "jupyterhub")
    say("making the staff's environment")
    _make_venv(python, plan.staff_env, project)
    _overlay_environment(plan.students_env, plan.staff_env)
    _run_pip(plan.staff_env, project, f"unrolled[{staff}]")
    _copy_programs(plan.students_env, plan.staff_env)
    (plan.folder / TORCH_FILE).write_text(shlex.join(torch), encoding="utf-8")
    stamp.write_text(contents, encoding="utf-8")
    return True


def list_torch_arguments(plan: HubPlan) -> list[str]:
    """The build of PyTorch that was asked for, as pip's words; none for the usual one.

    UNROLLED_TORCH in the environment says it, as the line that PyTorch's site shows for
    pip, or as the path of a wheel. Later starts remember it; an empty one forgets it.
    """
    path = plan.folder / TORCH_FILE
    previous = path.read_text(encoding="utf-8") if path.exists() else ""
    words = shlex.split(os.environ.get("UNROLLED_TORCH", previous))
    return [word for word in words if word not in TORCH_IGNORED]


def _describe_environments(plan: HubPlan, project: Path, extras: Sequence[str]) -> str:
    """What both environments are made from."""
    files = _compute_digest(project, ("pyproject.toml", "constraints.txt"))
    return " ".join([files, *extras, *list_torch_arguments(plan)])


def _is_installed(plan: HubPlan, contents: str) -> bool:
    stamp = plan.folder / "installed"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == contents


def require_same_environments(
    plan: HubPlan, project: Path, extras: Sequence[str]
) -> None:
    """Raise UserError if the environments of servers that run must be made anew."""
    if not _is_installed(plan, _describe_environments(plan, project, extras)):
        raise UserError(
            "the packages that the hub needs have changed, and installing them ends "
            "people's servers. Run `unrolled hub down`, then `unrolled hub`."
        )


def _make_venv(python: Path, folder: Path, project: Path) -> None:
    """A new environment, with a pip that is faster than Debian's."""
    # Cleared: what an older version has left must not be importable.
    run_program([python, "-m", "venv", "--clear", folder])
    _run_pip(folder, project, "pip")


def _run_pip(environment: Path, project: Path, *arguments: str) -> None:
    pip: list[str | Path] = [environment / "bin" / "python", "-m", "pip"]
    options = ["install", "--quiet", "--disable-pip-version-check"]
    run_program(
        [*pip, *options, "--no-compile", "-c", project / "constraints.txt", *arguments],
        cwd=project,
    )
    _compile(environment)


def _compile(environment: Path) -> None:
    """Compile what is new in an environment, with all processors.

    Students can't write there: what is not compiled now would be at every start.
    The packages' own tests are left out.
    """
    words = ["-m", "compileall", "-qq", "-j", "0", "-x", "/tests?/", "lib"]
    with suppress(UserError):  # a few packages bring files for other Pythons
        run_program([environment / "bin" / "python", *words], cwd=environment)


def _overlay_environment(below: Path, above: Path) -> None:
    """Let an environment see the packages, data and kernels of another."""
    site = next((above / "lib").glob("python3*/site-packages"))
    seen = next((below / "lib").glob("python3*/site-packages"))
    # Only later in the path: what both environments have is the upper one's.
    (site / "_students.pth").write_text(f"{seen}\n", encoding="utf-8")
    (above / "share").mkdir(exist_ok=True)
    (above / "share" / "jupyter").symlink_to(below / "share" / "jupyter")


def _copy_programs(below: Path, above: Path) -> None:
    """Give an environment the programs of the one below it, with its own Python."""
    for program in (below / "bin").iterdir():
        mine = above / "bin" / program.name
        text = program.read_bytes() if program.is_file() else b""
        first, _, rest = text.partition(b"\n")
        # The first line of a program names its Python, and the students' has no staff's
        # packages.
        if first == f"#!{below}/bin/python".encode() and not mine.exists():
            mine.write_bytes(f"#!{above}/bin/python\n".encode() + rest)
            mine.chmod(0o755)


def _install_package(plan: HubPlan, project: Path, say: Say, *, fresh: bool) -> None:
    """This package itself, when its text has changed; `fresh` environments have it."""
    stamp = plan.folder / "package"
    digest = _compute_digest(project, ("pyproject.toml",))
    digest += _compute_digest(project / "src", None)
    if not fresh and stamp.exists() and stamp.read_text(encoding="ascii") == digest:
        return
    if not fresh:
        say("installing this version of unrolled")
        options = ("--no-deps", "--force-reinstall")
        _run_pip(plan.students_env, project, *options, str(project))
    stamp.write_text(digest, encoding="ascii")


_TEXTS = (".py", ".j2", ".html", ".css", ".js", ".json")


def _compute_digest(folder: Path, names: Iterable[str] | None) -> str:
    """A digest of some files of a folder, or of all that a hub shows or runs."""
    digest = hashlib.sha256()
    paths = (
        [folder / name for name in names]
        if names is not None
        else sorted(p for p in folder.rglob("*") if p.suffix in _TEXTS)
    )
    for path in paths:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes())
    return digest.hexdigest()
