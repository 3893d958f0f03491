"""A handout: a student with nothing but Python unpacks it and works."""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.cli import Call, contents, own_course
from support.shared import make_built_course

from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.handout.archive import (
    find_dependencies,
    list_released,
    list_student_packages,
    make_handout,
    read_pins,
)

ROOT = Path(__file__).parents[2]
COURSE = load_course(ROOT)
NOW = datetime(2027, 2, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The handout of two assignments of our own course."""
    path = tmp_path_factory.mktemp("handout") / "handout.zip"
    make_handout(COURSE, ["02_forward_pass", "07_hardware"], path, NOW)
    return path


@pytest.fixture(scope="module")
def laptop(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked handout, its wheel installed without this project in reach.

    Packages from elsewhere come from the environment that the tests run in.
    """
    home = tmp_path_factory.mktemp("laptop")
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(home)
    folder = home / "unrolled"
    venv = [sys.executable, "-m", "venv", "--without-pip", str(folder / ".venv")]
    subprocess.run(venv, check=True, timeout=600)
    (site,) = (folder / ".venv" / "lib").glob("python3*/site-packages")
    packages = next(p for p in map(Path, sys.path) if p.name == "site-packages")
    for path in packages.iterdir():  # pip, and all but what leads to this project
        if "unrolled" not in path.name:
            (site / path.name).symlink_to(path)
    python = folder / ".venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    words = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-index", str(wheel)]
    subprocess.run([python, *words], check=True, timeout=600)
    return folder


def python_of(folder: Path, *words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the laptop's Python."""
    python = folder / ".venv" / "bin" / "python"
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    env["PATH"] = f"{python.parent}{os.pathsep}{env['PATH']}"
    env["JUPYTER_PATH"] = str(folder / ".venv" / "share" / "jupyter")
    return subprocess.run(
        [str(python), *words],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=600,
    )


def test_what_is_in_it(archive: Path) -> None:
    """Are notebooks, data, wheel, pins, scripts for three systems and a page there?"""
    with zipfile.ZipFile(archive) as zipped:
        names = {n.removeprefix("unrolled/") for n in zipped.namelist()}
        modes = {i.filename: i.external_attr >> 16 for i in zipped.infolist()}
        windows = zipped.read("unrolled/start.cmd")
    assert names == {
        "START-HERE.html",
        "assignments/02_forward_pass/forward_pass.ipynb",
        "assignments/02_forward_pass/hints.json",
        "assignments/07_hardware/hardware.ipynb",
        "assignments/07_hardware/hints.json",
        "assignments/07_hardware/data/hardware_trace.json",
        "constraints.txt",
        "requirements.txt",
        "start.cmd",
        "start.command",
        "start.py",
        "start.sh",
        "unrolled-0.1.0+students-py3-none-any.whl",
    }
    assert modes["unrolled/start.sh"] & 0o111 and modes["unrolled/start.py"] & 0o111
    assert windows.count(b"\n") == windows.count(b"\r\n") > 5


def test_an_older_python_is_told_so(archive: Path) -> None:
    """Can a Python too old for the course read the script, to say what is needed?"""
    with zipfile.ZipFile(archive) as zipped:
        text = zipped.read("unrolled/start.py").decode()
    tree = ast.parse(text, feature_version=(3, 7))
    assert "annotations" in ast.unparse(tree.body[1])  # none is evaluated
    assert "Python 3.11 or newer is needed" in text


def test_the_wheel_is_what_notebooks_import(archive: Path) -> None:
    """Is nothing of grader, judge, hub, canvas, author or catalogue in the wheel?"""
    with zipfile.ZipFile(archive) as zipped:
        (name,) = (n for n in zipped.namelist() if n.endswith(".whl"))
        with zipped.open(name) as file, zipfile.ZipFile(file) as wheel:
            inside = wheel.namelist()
            needs = wheel.read(next(n for n in inside if n.endswith("/METADATA")))
    parts = {n.split("/")[1] for n in inside if n.startswith("unrolled/")}
    assert parts == {"__init__.py", "errors.py", "py.typed", "lab"}
    assert {n.split("/")[0] for n in inside} - {"unrolled"} == {
        "unrolled-0.1.0+students.dist-info"
    }
    assert b"Requires-Dist: torch" in needs and b"canvasapi" not in needs


def test_the_same_bytes_wherever_it_is_made(archive: Path, tmp_path: Path) -> None:
    """Is a second zip the same, byte for byte, from another folder?"""
    for name in ("course.toml", "nbgrader_config.py"):
        shutil.copyfile(ROOT / name, tmp_path / name)
    shutil.copytree(ROOT / "release", tmp_path / "release")
    other, path = load_course(tmp_path), tmp_path / "other.zip"
    make_handout(other, ["02_forward_pass", "07_hardware"], path, NOW)
    assert path.read_bytes() == archive.read_bytes()


def test_the_pins_are_those_of_the_tests(archive: Path) -> None:
    """Is all that students install pinned, and nothing else named?"""
    with zipfile.ZipFile(archive) as zipped:
        wanted = zipped.read("unrolled/requirements.txt").decode().split()
        pinned = zipped.read("unrolled/constraints.txt").decode().split()
    known = read_pins()
    assert {w.split("==")[0] for w in wanted[:-1]} == set(list_student_packages())
    for line in (*wanted[:-1], *pinned):
        name, version = line.split("==")
        assert known[name] == version
    names = {line.split("==")[0] for line in pinned}
    assert {"torch", "numpy", "jupyterlab", "ipykernel", "traitlets"} <= names
    for grader in ("canvasapi", "jupyterhub", "pytest", "distributed", "typer"):
        assert grader not in names
    assert "no-such-package" in find_dependencies(["no-such-package"])


def test_a_notebook_works_with_the_wheel_alone(laptop: Path) -> None:
    """Do the first cells run, and does a check answer, where only the wheel is?"""
    found = python_of(laptop, "-c", "import unrolled.grade", cwd=laptop)
    assert "No module named 'unrolled.grade'" in found.stderr
    notebook = laptop / "assignments" / "02_forward_pass" / "forward_pass.ipynb"
    cells = json.loads(notebook.read_text())["cells"]
    code = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    first = next(i for i, text in enumerate(code) if "raise NotImplemented" in text)
    script = laptop / "first_cells.py"
    asks = (
        f"try:\n    exec({code[first + 1]!r})\nexcept Exception as e:\n    print(e)\n"
    )
    script.write_text("\n\n".join([*code[: first + 1], asks]))
    said = python_of(laptop, str(script), cwd=notebook.parent)
    assert said.returncode == 0, said.stderr
    assert "rnn_step" in said.stdout


def test_validate_works_with_the_wheel_alone(laptop: Path) -> None:
    """Does Validate run a notebook there, up to a check, and tell what it says?"""
    folder = laptop / "assignments" / "02_forward_pass"
    notebook = json.loads((folder / "forward_pass.ipynb").read_text())
    grades = [c["metadata"].get("nbgrader", {}).get("grade") for c in notebook["cells"]]
    notebook["cells"] = notebook["cells"][: grades.index(True) + 1]
    (folder / "short.ipynb").write_text(json.dumps(notebook))
    said = python_of(laptop, "-m", "nbgrader", "validate", "short.ipynb", cwd=folder)
    told = said.stdout + said.stderr
    assert "VALIDATION FAILED ON 1 CELL" in told
    assert "ModuleNotFound" not in told and "ImportError" not in told


def test_unpacked_again_it_leaves_the_work_alone(laptop: Path) -> None:
    """Does the start script copy what is new and write over nothing?"""
    work = "import start; print(list(start.place_assignments()))"
    said = python_of(laptop, "-c", work, cwd=laptop)
    assert said.stdout == "['02_forward_pass', '07_hardware']\n"
    mine = laptop / "work" / "02_forward_pass" / "forward_pass.ipynb"
    mine.write_text("my solution")
    (laptop / "assignments" / "03_bptt").mkdir()
    said = python_of(laptop, "-c", work, cwd=laptop)
    assert said.stdout == "['03_bptt']\n" and mine.read_text() == "my solution"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small built course, to be copied."""
    return make_built_course(tmp_path_factory.mktemp("tiny")).root


@pytest.fixture
def course(tiny: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A small built course of its own; one stands in it."""
    return own_course(tiny, tmp_path, monkeypatch)


def test_the_command_and_its_json(course: Course, unrolled: Call) -> None:
    """Is the zip written, replaced by the next one, and told as JSON?"""
    (course.release / "01_tiny" / "hint.txt").write_text("Read the title.")
    said = unrolled("handout")
    assert said.code == 0 and "tiny-handout.zip: 01_tiny" in said.out
    told = unrolled("handout", "01_tiny", "--json").document()
    assert told["file"] == "tiny-handout.zip" and told["assignments"] == ["01_tiny"]
    assert "assignments/01_tiny/hint.txt" in told["files"]
    assert told["bytes"] == Path("tiny-handout.zip").stat().st_size


def test_hidden_files_stay_at_home(course: Course, unrolled: Call) -> None:
    """Are an editor's leftovers in release/ no part of what students unpack?"""
    for name in (".tiny.ipynb.swp", ".old/tiny.ipynb"):
        (course.release / "01_tiny" / name).parent.mkdir(exist_ok=True)
        (course.release / "01_tiny" / name).write_text("### BEGIN SOLUTION")
    told = unrolled("handout", "--json").document()
    assert not [name for name in told["files"] if "/." in name]


def test_a_name_with_accents_is_readable_in_the_document(
    course: Course, unrolled: Call
) -> None:
    """Does --json write letters as they are, for people who read it?"""
    said = unrolled("handout", "--out", "Übung-café.zip", "--json")
    assert '"Übung-café.zip"' in said.out
    assert said.document()["file"] == "Übung-café.zip"


def test_a_file_of_another_is_not_written_over(course: Course, unrolled: Call) -> None:
    """Is a zip, a text, or a folder that no handout was refused by name?"""
    with zipfile.ZipFile("marks.zip", "w") as other:
        other.writestr("marks.csv", "ada,100")
    Path("notes.txt").write_text("mine")
    Path("folder").mkdir()
    before = contents(course.root)
    for name in ("marks.zip", "notes.txt", "folder"):
        said = unrolled("handout", "--out", name)
        assert said.code == 2 and f"{name} exists already" in said.err
    assert contents(course.root) == before
    assert unrolled("handout", "--out", "marks.zip", "--force").code == 0
    assert unrolled("handout", "--out", "folder", "--force").code == 2


@pytest.mark.parametrize(
    "text",
    [
        "### BEGIN SOLUTION\nx = 1\n### END SOLUTION",
        "### BEGIN HIDDEN TESTS",
        "A text\n\n### BEGIN MARK SCHEME",
        "=== BEGIN MARK SCHEME ===",
    ],
)
@pytest.mark.parametrize("name", ["tiny.ipynb", "more/solved.ipynb"])
def test_an_instructor_s_notebook_is_refused(
    text: str, name: str, course: Course, unrolled: Call
) -> None:
    """Is a notebook with solutions that was copied into release/ not handed out?"""
    notebook = json.loads((course.release / "01_tiny" / "tiny.ipynb").read_text())
    notebook["cells"][1]["source"] = text
    path = course.release / "01_tiny" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(notebook))
    said = unrolled("handout")
    assert said.code == 2 and "it is the instructor's" in said.err
    assert not Path("tiny-handout.zip").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("tiny.py", "# %%\n### BEGIN HIDDEN TESTS\nassert double(3) == 6"),
        ("notes/solved.txt", "### BEGIN SOLUTION"),
        ("oracle.py", "def double(x):\n    return x + x"),
        ("more/misconceptions.py", "x = 1"),
    ],
)
def test_an_instructor_s_file_is_refused(
    name: str, text: str, course: Course, unrolled: Call
) -> None:
    """Is the text that a notebook was made of not handed out beside it?"""
    path = course.release / "01_tiny" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    said = unrolled("handout")
    assert said.code == 2 and "it is the instructor's" in said.err
    assert path.name in said.err and not Path("tiny-handout.zip").exists()


def test_only_what_is_released_goes_out_unasked() -> None:
    """Does the day decide, when nothing is named, and is an early one remarked on?"""
    assert list_released(COURSE, NOW) == ["01_sequences", "02_forward_pass"]
    with pytest.raises(UserError, match="no assignment is released yet"):
        list_released(COURSE, datetime(2026, 1, 1, tzinfo=UTC))


def test_an_early_one_is_remarked_on(tmp_path: Path) -> None:
    """Is one told that a later assignment may answer an earlier one?"""
    report = make_handout(COURSE, ["03_bptt"], tmp_path / "a.zip", NOW)
    assert "03_bptt is to be released on Mon, February 8, 2027" in report.as_text()


def test_what_is_not_built_is_told(course: Course, unrolled: Call) -> None:
    """Is one told to build, and does a wrong name get the right ones?"""
    (course.release / "01_tiny" / "tiny.ipynb").unlink()
    said = unrolled("handout")
    assert said.code == 2 and "run `unrolled build`" in said.err
    assert unrolled("handout", "02_none").code == 2


def test_the_page_names_notebooks_dates_and_privacy(archive: Path) -> None:
    """Does it say where the work lies, when it is due, and to keep it private?"""
    with zipfile.ZipFile(archive) as zipped:
        page = zipped.read("unrolled/START-HERE.html").decode()
    text = re.sub(r"<[^>]*>", "", page)
    assert "work/02_forward_pass/forward_pass.ipynb" in text
    assert "Fri, February 5, 2027, 23:59 CST" in text
    assert "Keep your copy private" in text and "python3 start.py" in text
    assert "<script" not in page and "<link" not in page and "{{" not in page
