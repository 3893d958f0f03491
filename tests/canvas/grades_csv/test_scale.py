"""Points in Canvas that differ from course.toml: no grade on a wrong scale goes out."""

from __future__ import annotations

import csv
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.canvas_stand_in_server import Server, serve
from support.cli import Call
from support.push import NAME, make_class, own_class, points, stand_in

from unrolled.course.model import Course

HEAD = "Student,ID,SIS User ID,SIS Login ID,Section"
EXPORT = f"""\
{HEAD},Tiny (501),More (502)
    Points Possible,,,,,{{tiny}},50.00
"N1, S",1,S1,s1,A,,
"N2, S",2,S2,s2,A,,
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A graded class of two, two assignments of 100 and 50 points."""
    return make_class(tmp_path_factory.mktemp("class"), 2).root


@pytest.fixture
def server() -> Iterator[Server]:
    """Canvas gives 10 points for what is worth 100 here."""
    canvas = stand_in(2)
    canvas.assignments[501]["points_possible"] = 10.0
    with serve(canvas) as running:
        yield running


@pytest.fixture
def course(
    made: Path, tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> Course:
    """A class of its own that knows where Canvas is; one stands in its folder."""
    return own_class(made, tmp_path, server.url, monkeypatch)


def exported(course: Course, tiny: str = "10.00") -> str:
    """Canvas's export, in which 01_tiny has these points possible."""
    path = course.root / "exported.csv"
    path.write_text(EXPORT.format(tiny=tiny))
    return str(path)


def cells(path: Path) -> dict[str, dict[str, str]]:
    """The written cells by column and Canvas id."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    return {h: {r[1]: r[i] for r in rows if r[1]} for i, h in enumerate(header)}


@pytest.mark.parametrize("tiny", ["10.00", "0.00", "", "100.02"])
def test_an_export_leaves_a_column_on_another_scale_out(
    course: Course, call: Call, tiny: str
) -> None:
    """Is it left out and named with both points, with exit code 1; do others go?"""
    said = call("canvas", "export", "--template", exported(course, tiny))
    assert said.code == 1
    assert "Tiny (501)" in said.out and "100 in course.toml" in said.out
    found = cells(course.root / "canvas.csv")
    assert "Tiny (501)" not in found
    assert found["More (502)"] == {n: f"{points(int(n), '02_more'):.2f}" for n in "12"}


def test_an_export_scales_when_told(course: Course, call: Call) -> None:
    """Are 41 of 100 points 4.10 of 10, and is that said?"""
    words = ("canvas", "export", "--template", exported(course), "--scale")
    said = call(*words)
    assert said.code == 0 and "scaled" in said.out and "10 points possible" in said.out
    found = cells(course.root / "canvas.csv")
    assert found["Tiny (501)"] == {"1": "4.10", "2": "4.20"}
    assert found["More (502)"]["1"] == f"{points(1, '02_more'):.2f}"


@pytest.mark.parametrize("tiny", ["0.00", ""])
def test_there_is_no_scaling_to_no_points(
    course: Course, call: Call, tiny: str
) -> None:
    """Is an assignment without points in Canvas left out even then?"""
    said = call("canvas", "export", "--template", exported(course, tiny), "--scale")
    assert said.code == 1 and "Tiny (501)" not in cells(course.root / "canvas.csv")


def test_scaling_needs_a_template(course: Course, call: Call) -> None:
    """Is a scale to unknown points a mistake in the command?"""
    said = call("canvas", "export", "--scale")
    assert said.code == 2 and "--scale needs --template" in said.err


def test_without_a_template_no_scale_is_known(course: Course, call: Call) -> None:
    """Is a file whose points nobody has compared exit 1, unless all of it is new?"""
    said = call("canvas", "export")
    assert said.code == 1 and "nobody has compared its points" in said.err
    assert cells(course.root / "canvas.csv")["Tiny"]
    said = call("canvas", "export", "--new", "--force")
    assert said.code == 0 and "nobody has compared" not in said.err


def test_json_names_what_was_left_out(course: Course, call: Call) -> None:
    """Can a program see it?"""
    said = call("canvas", "export", "--template", exported(course), "--json")
    assert said.code == 1 and said.document()["unscaled"] == [NAME]


@pytest.mark.parametrize("scale", [False, True])
def test_nbgrader_s_own_export_does_the_same(course: Course, scale: bool) -> None:
    """Is its exit code 1 too, the file without the column; may it be scaled?"""
    nbgrader = Path(sys.executable).parent / "nbgrader"
    options = [f"--CanvasExport.template={exported(course)}"]
    options += ["--CanvasExport.scale=True"] if scale else []
    ran = subprocess.run(
        [nbgrader, "export", "--exporter=unrolled.canvas.CanvasExport", *options],
        cwd=course.root,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert (ran.returncode == 0) is scale and "10 points possible" in ran.stderr
    found = cells(course.root / "canvas.csv")
    assert found.get("Tiny (501)") == ({"1": "4.10", "2": "4.20"} if scale else None)


def test_a_push_leaves_it_out(course: Course, call: Call, server: Server) -> None:
    """Does nothing of 01_tiny reach Canvas, no comment either; is it exit code 1?"""
    said = call("canvas", "push", "--yes", "--feedback")
    assert said.code == 1 and "10 points possible in Canvas" in said.out
    state = server.canvas.state()
    assert set(state) == {"502/1", "502/2"}
    assert state["502/1"][0] == points(1, "02_more")


def test_a_push_with_nothing_left_is_no_success(course: Course, call: Call) -> None:
    """Is exit code 1 also where there is nothing to send?"""
    assert call("canvas", "push", NAME, "--yes").code == 1
    assert call("canvas", "push", NAME, "--dry-run").code == 1


def test_a_push_scales_when_told(course: Course, call: Call, server: Server) -> None:
    """Do grade and comment speak of Canvas's points, and is a second push nothing?"""
    words = ("canvas", "push", NAME, "--scale", "--feedback", "--yes")
    assert call(*words).code == 0
    score, _, ((text, _),) = server.canvas.state()["501/1"]
    assert score == 4.1 and "4.1 of 10 points" in text
    server.seen.clear()
    assert call(*words).code == 0 and {m for m, _ in server.seen} == {"GET"}
