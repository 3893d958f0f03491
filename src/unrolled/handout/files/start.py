"""Set up this course on your computer, and open JupyterLab.

Run it with Python 3.11 or newer:  python3 start.py   (on Windows: py start.py)

The first time it installs what the notebooks need into the folder .venv beside this
file; that takes a while and needs the internet. After that it starts at once. Your
work lies in the folder work/, and nothing here ever writes over it.

    --install-only    set up, but open nothing
    --check FILE      run a notebook once from top to bottom, as Validate does
"""

from __future__ import annotations  # an older Python shall come to be told so

import hashlib
import json
import os
import shlex
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
WORK = HERE / "work"
STAMP = VENV / "installed.txt"
# Of the line that PyTorch's site shows, in the environment's TORCH.
TORCH_REST = ("pip", "pip3", "install", "torchvision", "torchaudio")
QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
    }
}
# Pages of nbgrader that need a hub; Validate stays.
HIDDEN = ("assignment-list", "formgrader", "course-list", "create-assignment")


def main(words: list[str]) -> None:
    if sys.version_info < (3, 11):  # noqa: UP036  (who runs it may have an older one)
        sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0])
    if words[:1] == ["--help"] or words[:1] == ["-h"]:
        print(__doc__)
        return
    python = install()
    for name in place_assignments():
        print(f"new: {WORK / name}")
    if words[:1] == ["--check"] and len(words) == 2:
        run(python, "-m", "nbgrader", "validate", Path(words[1]).resolve())
    elif words == ["--install-only"]:
        print(f"ready; your notebooks are in {WORK}")
    elif words:
        sys.exit(f"what is {' '.join(words)}? --help tells what there is")
    else:
        print("opening JupyterLab; to end it, press Ctrl-C here twice")
        run(python, "-m", "jupyterlab", f"--ServerApp.root_dir={WORK}")


def install() -> Path:
    """Make .venv/ with everything in it, once for each state of this folder."""
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wheel = HERE / (HERE / "requirements.txt").read_text().split()[-1]
    wanted = digest(wheel, HERE / "requirements.txt", HERE / "constraints.txt")
    if STAMP.exists() and STAMP.read_text() == wanted and python.exists():
        return python
    print("installing; the first time this takes some minutes")
    if not python.exists():
        make_venv()
    pip = ("-m", "pip", "install", "--disable-pip-version-check")
    pins = ("-c", "constraints.txt")
    torch = shlex.split(os.environ.get("TORCH", ""), posix=os.name != "nt")
    torch = [word for word in torch if word not in TORCH_REST]
    if torch:
        run(python, *pip, *pins, "--no-deps", *torch)
    run(python, *pip, *pins, "-r", "requirements.txt")
    run(python, *pip, "--no-deps", "--force-reinstall", wheel.name)
    hidden = {f"@jupyter/nbgrader:{name}": True for name in HIDDEN}
    settle("etc/jupyter/labconfig/page_config.json", {"disabledExtensions": hidden})
    settle("share/jupyter/lab/settings/overrides.json", QUIET)
    STAMP.write_text(wanted)
    return python


def settle(name: str, document: dict[str, Any]) -> None:
    place = VENV / name
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(document))


def make_venv() -> None:
    try:
        venv.create(VENV, with_pip=True, clear=True)
    except (OSError, subprocess.CalledProcessError) as error:
        shutil.rmtree(VENV, ignore_errors=True)
        sys.exit(
            f"Python cannot make an environment here ({error}).\n"
            "On Debian and Ubuntu: sudo apt install python3-venv"
        )


def place_assignments() -> Iterator[str]:
    """Copy what is new in assignments/ to work/; what is there stays as it is."""
    WORK.mkdir(exist_ok=True)
    for folder in sorted((HERE / "assignments").iterdir()):
        if folder.is_dir() and not (WORK / folder.name).exists():
            # Without the zip's dates: a copy is as old as it is here.
            shutil.copytree(folder, WORK / folder.name, copy_function=shutil.copyfile)
            yield folder.name


def digest(*paths: Path) -> str:
    found = hashlib.sha256()
    for path in paths:
        found.update(path.read_bytes())
    return found.hexdigest()


def run(python: Path, *words: object) -> None:
    """Run something in .venv/; it sees Keras with PyTorch, as the course does."""
    env = {**os.environ, "KERAS_BACKEND": "torch", "VIRTUAL_ENV": str(VENV)}
    env["PATH"] = str(python.parent) + os.pathsep + env.get("PATH", "")
    env.pop("PYTHONPATH", None)
    try:
        done = subprocess.run([str(python), *map(str, words)], cwd=HERE, env=env)
    except KeyboardInterrupt:
        return
    if done.returncode:
        sys.exit(f"That did not work (see above). {VENV} may be deleted to try anew.")


if __name__ == "__main__":
    main(sys.argv[1:])
