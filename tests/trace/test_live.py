"""`unrolled live`: the notebook is written, kept, rehearsed; the demo itself runs."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from typer.testing import CliRunner

from unrolled.cli.app import app
from unrolled.course.model import Course, load_course
from unrolled.errors import UserError
from unrolled.trace.live import TEXT, prepare_demo, rehearse_demo

ROOT = Path(__file__).resolve().parents[2]


def make_course(folder: Path, text: str) -> Course:
    """A course with this demo, and nothing else."""
    settings = (ROOT / "course.toml").read_text(encoding="utf-8")
    (folder / "course.toml").write_text(settings, encoding="utf-8")
    (folder / "nbgrader_config.py").write_text("", encoding="utf-8")
    (folder / TEXT).parent.mkdir()
    (folder / TEXT).write_text(text, encoding="utf-8")
    return load_course(folder)


def test_a_notebook_that_somebody_edited_stays(tmp_path: Path) -> None:
    """Is it written once, kept with its outputs, and replaced with --force only?"""
    course = make_course(tmp_path, "# %%\nprint(1)\n")
    path = prepare_demo(course, tmp_path / "a" / "demo.ipynb")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].outputs = [nbformat.v4.new_output("stream", text="1\n")]
    nbformat.write(notebook, path)
    before = path.read_bytes()
    assert prepare_demo(course, path).read_bytes() == before
    notebook.cells[0].source = "print(2)"
    nbformat.write(notebook, path)
    with pytest.raises(UserError, match=r"demo\.ipynb .*--force.*--out"):
        prepare_demo(course, path)
    prepare_demo(course, path, force=True)
    assert nbformat.read(path, as_version=4).cells[0].source == "print(1)"
    path.write_text("no notebook", encoding="utf-8")
    with pytest.raises(UserError, match="--force"):
        prepare_demo(course, path)


def test_a_course_without_the_text_is_told_so(tmp_path: Path) -> None:
    """Is the file that is missing named?"""
    course = make_course(tmp_path, "")
    (tmp_path / TEXT).unlink()
    with pytest.raises(UserError, match=r"cpu_against_gpu\.py cannot be read"):
        prepare_demo(course, tmp_path / "demo.ipynb")


def test_a_cell_that_fails_in_a_rehearsal_is_named(tmp_path: Path) -> None:
    """Does a rehearsal end in one line that says what went wrong, without a page?"""
    course = make_course(tmp_path, "# %%\nraise ValueError('no such card')\n")
    path = prepare_demo(course, tmp_path / "demo.ipynb")
    with pytest.raises(UserError, match=r"demo.ipynb: .*ValueError: no such card"):
        rehearse_demo(path)
    assert not path.with_suffix(".html").exists()


def test_the_demo_runs_as_it_comes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do all its cells run, with a backend that is another's, and show two figures?"""
    text = (ROOT / TEXT).read_text(encoding="utf-8")
    for sizes in ("[1, 4, 16, 64, 256]", "[32, 128, 512]"):
        assert text.count(f" = {sizes}\n") == 1
        text = text.replace(f" = {sizes}\n", " = [1, 4]\n")
    make_course(tmp_path, text)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    path = tmp_path / "demo.ipynb"
    args = ["--course", str(tmp_path), "live", "--out", str(path), "--rehearse"]
    told = CliRunner().invoke(app, args)
    assert told.exit_code == 0, told.output
    page = path.with_suffix(".html").read_text(encoding="utf-8")
    assert page.count('alt="Milliseconds of a training step') == 2
    for said in ("was set to use jax", "4 times as large takes", "one call: "):
        assert said in page
