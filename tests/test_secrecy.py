"""Hidden tests, solutions and oracles reach no student, by any of four ways."""

from __future__ import annotations

import base64
import html
import json
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from support.small_class import SmallClass

from unrolled.assignment import open_workdir
from unrolled.assignment.load import load_material, load_reference
from unrolled.assignment.material import Material
from unrolled.author.hints.play import set_stage
from unrolled.course.limits import Limits
from unrolled.course.model import load_course
from unrolled.grade.doctor.select_worker import select_trusted_worker
from unrolled.grade.judge.judge import judge_submission
from unrolled.grade.judge.verdict import JudgeInput
from unrolled.grade.protocol import rpc
from unrolled.grade.protocol.frames import Frame
from unrolled.grade.submission.rebuild import rebuild_submission
from unrolled.grade.worker.worker import Channel
from unrolled.handout.archive import make_handout
from unrolled.lab.checks.errors import Seen
from unrolled.lab.hints.table import find_hint, parse_table
from unrolled.samples.build_submission import build_notebook
from unrolled.samples.recipe import load_students

ROOT = Path(__file__).parents[1]
COURSE = load_course(ROOT)
NAMES = list(COURSE.assignments)
LEAST = 20
_REGION = re.compile(
    r"### BEGIN (?:SOLUTION|HIDDEN TESTS)\n(.*?)### END (?:SOLUTION|HIDDEN TESTS)",
    re.DOTALL,
)


def words(text: str) -> str:
    """A text with all white space alike."""
    return " ".join(text.split())


def lines(text: str) -> set[str]:
    """The lines that are long enough to tell something."""
    return {words(line) for line in text.split("\n") if len(words(line)) >= LEAST}


@cache
def material(name: str) -> Material:
    """The assignment as it was built."""
    return load_material(COURSE, name)


def witness(name: str) -> str:
    """The second derivation of what the hidden tests expect."""
    return (COURSE.lessons / name / "witness.py").read_text(encoding="utf-8")


@cache
def secrets(name: str) -> frozenset[str]:
    """Lines of hidden regions, solutions, model answers, oracle and witness.

    A line that also stands in a visible cell is no secret.
    """
    hidden: set[str] = set()
    for cell in material(name).source["cells"]:
        for region in _REGION.findall(cell["source"]):
            hidden |= lines(region)
        if cell["metadata"].get("nbgrader", {}).get("grade") and _is_answer(cell):
            hidden |= lines(cell["source"])
    hidden |= lines(material(name).oracle) | lines(witness(name))
    seen = "\n".join(_visible(cell["source"]) for cell in _given(name))
    return frozenset(line for line in hidden if line not in words(seen))


def _is_answer(cell: dict[str, Any]) -> bool:
    return bool(cell["metadata"]["nbgrader"].get("solution"))


def _given(name: str) -> Iterator[dict[str, Any]]:
    for cell in material(name).source["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if not (about.get("grade") and about.get("solution")):
            yield cell


def _visible(source: str) -> str:
    return _REGION.sub("", source)


def found(name: str, text: str, own: str = "") -> list[str]:
    """The secrets that stand in a text, but not in the student's own work."""
    flat, mine = words(text), words(own)
    return sorted(s for s in secrets(name) if s in flat and s not in mine)


@pytest.mark.parametrize("name", NAMES)
def test_there_are_secrets_to_look_for(name: str) -> None:
    """Does the search know hidden lines, solution lines and oracle lines?"""
    source = json.dumps(material(name).source)
    assert len(secrets(name)) > 100
    assert any(line in words(material(name).oracle) for line in secrets(name))
    assert len(lines(witness(name)) & secrets(name)) > 40
    assert sum(json.dumps(line)[1:-1] in source for line in secrets(name)) > 50
    solved = "\n".join(c["source"] for c in material(name).source["cells"])
    assert len(found(name, solved)) > 50


@pytest.mark.parametrize("name", NAMES)
def test_the_witness_stays_with_the_author(name: str) -> None:
    """Does no grading job carry it, so that no worker has it?"""
    job = words(json.dumps(asdict(material(name)), default=repr))
    only = lines(witness(name)) - lines(material(name).oracle)
    told = "\n".join(c["source"] for c in material(name).source["cells"])
    told = words(told + material(name).oracle + material(name).misconceptions)
    only = {line for line in only if line not in told}
    assert len(only) > 30
    assert [line for line in sorted(only) if json.dumps(line)[1:-1] in job] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_release_has_no_secret(name: str) -> None:
    """Do students get the notebook without a line of what is hidden?"""
    for path in sorted((ROOT / "release").rglob("*")):
        if path.suffix == ".ipynb":
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = "\n".join("".join(c["source"]) for c in cells)
            other = name not in path.parts
            given = "\n".join(c["source"] for c in _given(path.parent.name))
            assert found(name, text, given if other else "") == [], path
        elif path.is_file():
            assert found(name, path.read_text(errors="replace")) == [], path


def catalogue(name: str) -> list[str]:
    """All hints of an assignment, and the lines of its wrong and right functions."""
    entries = load_reference(material(name)).catalogue
    texts = [m.source for m in entries.misconceptions]
    texts += [s.source for s in entries.styles]
    code = {line for text in texts for line in lines(text)}
    return [*(m.hint for m in entries.misconceptions), *sorted(code)]


def unpack(table: str) -> str:
    """A table of hints as text, and once more with all that is packed in it."""
    sealed = [
        base64.b64decode(text)
        for question in json.loads(table)["questions"].values()
        for text in question["hints"].values()
    ]
    return table + "\n".join(part.decode("latin-1") for part in sealed)


@pytest.mark.parametrize("name", NAMES)
def test_the_hints_beside_a_notebook_are_sealed(name: str) -> None:
    """Are there many hints in the file, and not a word of one, nor of any function?"""
    for step in ("source", "release", "solutions"):
        text = (ROOT / step / name / "hints.json").read_text(encoding="utf-8")
        assert len(json.loads(text)["questions"]) > 20
        flat = words(unpack(text))
        assert [part for part in catalogue(name) if words(part) in flat] == []


@pytest.mark.parametrize("name", NAMES)
def test_right_results_open_no_hint(name: str) -> None:
    """Does a solved notebook find nothing in the table, whatever it was asked?

    The numbers that visible checks print, and what the reference returns, are tried
    as keys of all questions that have them as the right answer.
    """
    table = (ROOT / "release" / name / "hints.json").read_bytes()
    known = parse_table(table)
    asked = []
    with open_workdir(material(name).data):
        stage = set_stage(material(name), load_reference(material(name)))
        for m in load_reference(material(name)).catalogue.misconceptions:
            asked += [miss.seen for miss in stage.play(m) if miss.seen]
    right = [Seen(s.kind, s.name, s.want, s.want) for s in asked if s.kind == "close"]
    assert len(right) > 10
    assert [find_hint(known, seen) for seen in right] == [None] * len(right)


def test_students_can_only_look_hints_up() -> None:
    """Is what makes the table no part of what notebooks import?"""
    code = "import sys, unrolled.lab; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
    )
    modules = set(loaded.stdout.split())
    assert "unrolled.lab.hints.table" in modules
    assert not {m for m in modules if m.startswith(("unrolled.author", "unrolled.ass"))}


@pytest.mark.parametrize("name", NAMES)
def test_the_students_package_has_no_secret(name: str, package: dict[str, str]) -> None:
    """Are wheel and source archive free of lessons, oracles and their lines?"""
    assert any(path.endswith("unrolled/lab/__init__.py") for path in package)
    for path, text in package.items():
        assert found(name, text) == [], path
        assert "oracle.py" not in path and "misconceptions" not in path


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All files that a student installs, from the wheel and from the archive."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=600)
    files: dict[str, str] = {}
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
        files |= {n: wheel.read(n).decode("utf-8", "replace") for n in wheel.namelist()}
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        for member in archive.getmembers():
            content = archive.extractfile(member)
            if content is not None:
                files[member.name] = content.read().decode("utf-8", "replace")
    return files


@pytest.fixture(scope="module")
def handout(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """All files of the handout of all assignments, those in its wheel as well."""
    path = tmp_path_factory.mktemp("handout") / "handout.zip"
    make_handout(COURSE, NAMES, path, datetime.now(UTC))
    files: dict[str, str] = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.endswith(".whl"):
                with archive.open(name) as file, zipfile.ZipFile(file) as wheel:
                    read = {n: wheel.read(n) for n in wheel.namelist()}
            else:
                read = {name: archive.read(name)}
            files |= {n: c.decode("utf-8", "replace") for n, c in read.items()}
    return files


@pytest.mark.parametrize("name", NAMES)
def test_the_handout_has_no_secret(name: str, handout: dict[str, str]) -> None:
    """Is what students take home free of hidden lines, and of all but the lab?"""
    assert any(path.endswith("unrolled/lab/__init__.py") for path in handout)
    for path, text in handout.items():
        own = ""
        if path.endswith(".ipynb"):
            folder = path.split("/")[-2]
            text = "\n".join("".join(c["source"]) for c in json.loads(text)["cells"])
            given = "\n".join(c["source"] for c in _given(folder))
            own = given if folder != name else ""
        assert found(name, text, own) == [], path
        assert not re.search(r"unrolled/(grade|author|hub|canvas|sandbox)/", path)
        assert not re.search(r"oracle|misconception|witness", path)


@pytest.mark.parametrize("name", NAMES)
def test_feedback_has_no_secret(name: str, small_class: SmallClass) -> None:
    """Do the pages of failing students show hints, but nothing that is hidden?"""
    folders = [small_class.course.feedback]
    if (ROOT / "build/demo/feedback").is_dir():  # the whole class, if it was run
        folders.append(ROOT / "build/demo/feedback")
    pages = [p for f in folders for p in sorted(f.glob(f"*/{name}/*.html"))]
    graded = {
        s.student
        for s in small_class.report.scores
        if s.assignment == name and s.score is not None
    }
    assert len(pages) >= len(graded) >= 3
    for page in pages:
        tail = page.relative_to(page.parents[2]).with_suffix(".ipynb")
        own = page.parents[3] / "submitted" / tail
        text = re.sub(r"<[^>]*>", "", page.read_text(encoding="utf-8"))
        assert found(name, html.unescape(text), _sources(own)) == [], page


def _sources(path: Path) -> str:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(c["source"]) for c in cells)


@dataclass
class Wiretap:
    """Everything that goes to a student process: files and frames."""

    texts: list[str] = field(default_factory=list)

    def open(
        self, data: dict[str, bytes], limits: Limits, libraries: Sequence[str] = ()
    ) -> Channel:
        """A process as usual; its files are kept."""
        self.texts += [content.decode("utf-8", "replace") for content in data.values()]
        return select_trusted_worker().open(data, limits, libraries)

    def send(self, sock: Any, frame: Frame, deadline: float | None) -> None:
        """Send as usual; the frame is kept."""
        self.texts += _strings(json.loads(frame.text))
        self.texts += [b.decode("utf-8", "replace") for b in frame.buffers]
        _SEND(sock, frame, deadline)


_SEND = rpc.send_frame


def _strings(document: Any) -> list[str]:
    if isinstance(document, str):
        return [document]
    inner = document.items() if isinstance(document, dict) else document
    if not isinstance(document, dict | list):
        return []
    return [
        s
        for part in inner
        for s in _strings(list(part) if isinstance(part, tuple) else part)
    ]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("student", ["blank", "several_misconceptions", "torch_style"])
def test_the_student_process_receives_no_secret(
    name: str, student: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is there no hidden line in any file or frame that reaches student code?"""
    tap = Wiretap()
    monkeypatch.setattr(rpc, "send_frame", tap.send)
    reference = load_reference(material(name))
    students = {s.name: s for s in load_students(ROOT / "tests/submissions")}
    file = build_notebook(students[student].recipes[name], material(name), reference)
    trusted = material(name)
    rebuilt = rebuild_submission(trusted, json.loads(file)).notebook
    submission = JudgeInput(trusted, rebuilt, 1)
    verdict = judge_submission(submission, reference, tap)
    assert any(not cell.passed for cell in verdict.cells) or student == "torch_style"
    own = "\n".join("".join(c["source"]) for c in json.loads(file)["cells"])
    everything = "\n".join(tap.texts)
    assert "def " in everything
    assert found(name, everything, own) == []
