"""The command line: help that teaches, one clear line for a mistake, the build."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from support.cli import NAME, Call, Told, contents, make_class, own_course
from typer.testing import CliRunner

from unrolled import __main__, __version__
from unrolled.cli.app import app
from unrolled.cli.shared import add_course_option
from unrolled.course.model import Course


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built small course, to be copied."""
    return make_class(tmp_path_factory.mktemp("built")).root


@pytest.fixture
def course(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    """A built course of its own; one stands in it."""
    return own_course(built, tmp_path, monkeypatch)


HELP = {
    "build": "[ASSIGNMENT] | default: all | even when all files are up to date | "
    "--check | exit code 1 if a file is stale | --force | --json",
    "import": "notebook | in source/. [required] | --force it shows what would "
    "change and writes nothing | the old text is kept",
    "verify": "[ASSIGNMENT] | default: all | --seeds | [default: 20] | --jobs "
    "| --oracles | write the table | --json | the untouched release gets none "
    "| two independent implementations | exit code 1 if any",
    "grade": "for example 02_forward_pass. [required] | --student | repeat the option "
    "| --force | --json | exit code 1 if a submission cannot be graded | --jobs | "
    "one for each processor | --allow-weak | --scheduler | tcp://host:8786 | "
    "--show | how to fix it | continues where it stopped",
    "extend": "an account; several with commas; or @FILE | +2d, +12h | --why | "
    "--list | --remove | --dry-run | --json | the late penalty of graded work follows",
    "regrade": "for example 02_forward_pass. [required] | --only | --never-lower | "
    "--give | --apply | --why | --expect | --by | --progress | --log | --undo | "
    "--yes | --jobs | --scheduler | --json | nothing is written without --apply | "
    "marks by hand",
    "comment": "question | comment | --cluster | @student | --remove | --dry-run | "
    "--json | once each",
    "worker": "address | for example tcp://10.0.0.5:8786. [required] | --jobs "
    "| --host | --allow-weak | tests its sandbox first | docs/grading.md",
    "doctor": "--tier | --json | exit code 1 if no tier gives the minimum",
    "feedback": "for example 02_forward_pass. [required] | --student | --force | "
    "--json | hidden tests are left out",
    "report": "for example 02_forward_pass. default: the whole term | --compare | "
    "scores do not change | --hide-names | --out | default: build/class_report/ | "
    "--jobs | --allow-weak | --json | nothing is graded",
    "similar": "for example 02_forward_pass. [required] | --also | --pairs | "
    "[default: 20] | --compare | --hide-names | --out | --jobs | --allow-weak | "
    "--json | a reason to look and to talk, and no finding",
    "handout": "[ASSIGNMENT] | release date has passed | --out | --force | --json | "
    "never give students a clone | any other file only with",
    "trace": "--out | --repeat | [default: 9] | --warmup | --limit | --threads | "
    "--clock | --force | overwrite what exists | --json | does nothing else",
    "live": "--out | --rehearse | --no-lab | --force | overwrite what exists | needs "
    "no solved exercise | ctrl-c",
    "demo": "build/demo/ | --keep | exit code 1 if one differs",
    "canvas export": "[ASSIGNMENT] | --template | exported from canvas's gradebook | "
    "--out | [default: canvas.csv] | --allow-lower | --scale | --force | --json | "
    "and why | --dry-run | after the late penalty",
    "canvas roster": "file | [required] | --user-name | --keep | --dry-run | --yes | "
    "--json | a student with work is never dropped",
    "canvas check": "file | [required] | --template | --all | --json | exit code 1 "
    "if canvas would refuse the file",
    "canvas push": "[ASSIGNMENT] | --comment | --feedback | --allow-lower | --scale "
    "| --trial | --dry-run | --token-file | mode 600 | canvas_token | --yes | "
    "never an option | --json | exit code 1 if canvas has a different one | no comment "
    "or file is ever sent twice",
    "canvas cartridge": "--out | [default: course.imscc] | --dry-run | --force | "
    "--json | updated, not doubled | hub",
    "hub": "ctrl-c stops it | as root | only the first time | docs/hub.md",
    "hub check": "--json | exit code 1 if not | how to fix it",
    "hub restart": "course.toml again | servers keep running",
    "hub down": "--now | --purge | asks first | in an archive | --yes",
    "new-term": "--exchange | --dry-run | --yes | nothing is deleted | build/terms/",
}


def plain(text: str) -> str:
    """A text without case, frames, marks of code, and line breaks."""
    bare = re.sub(r"[│╭╮╰╯─`]|\x1b\[[0-9;]*m", "", text)
    return " ".join(bare.lower().split())


def help_of(*words: str) -> str:
    """What --help says, as running text."""
    said = CliRunner().invoke(app, [*words, "--help"], env={"COLUMNS": "200"})
    assert said.exit_code == 0
    return plain(said.output)


@pytest.mark.parametrize("name", HELP)
def test_help_teaches_the_command(name: str) -> None:
    """Are arguments, options and documented exit codes in the help?"""
    said = help_of(*name.split())
    lacks = [x for x in HELP[name].split(" | ") if plain(x) not in said]
    assert not lacks, said


def test_no_command_is_left_out() -> None:
    """Does the first page name every command, and these tests too?"""
    group = typer.main.get_command(app)
    names = set(group.commands)  # type: ignore[attr-defined]
    below = {
        f"{above} {name}"
        for above in ("canvas", "hub")
        for name in group.commands[above].commands  # type: ignore[attr-defined]
    }
    assert below == {name for name in HELP if " " in name}
    assert names == {name.split()[0] for name in HELP}
    said = help_of()
    assert all(name in said for name in names) and "--course" in said


def test_version_is_the_package_s(unrolled: Call) -> None:
    """Is the version printed without a course?"""
    assert unrolled("--version") == Told(0, f"unrolled {__version__}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ["build", "02_none"],
        ["build", NAME, "02_none", "--check"],
        ["verify", "02_none"],
        ["grade", "02_none"],
        ["grade", "02_none", "--json"],
        ["feedback", "02_none"],
        ["canvas", "export", "02_none"],
        ["canvas", "push", "02_none"],
    ],
)
def test_an_unknown_assignment_is_told_with_the_known(
    words: list[str], course: Course, unrolled: Call
) -> None:
    """Is a misspelt name answered in one line with the right ones, and exit 2?"""
    before = contents(course.root)
    said = unrolled(*words)
    assert (said.code, said.out) == (2, "")
    line = "unrolled: no assignment 02_none; course.toml has 01_tiny."
    assert said.err.strip() == line
    assert contents(course.root) == before


@pytest.mark.parametrize(
    "words",
    [
        ("--course", "{}", "build", "--check"),
        ("build", "--check", "--course", "{}"),
        ("build", "--course={}", "--check", NAME),
        ("canvas", "--course", "{}", "export", "--dry-run"),
        ("canvas", "export", "--dry-run", "--course", "{}"),
        ("--course", "/nowhere", "build", "--check", "--course", "{}"),
    ],
)
def test_the_course_is_named_before_the_verb_or_after_it(
    words: tuple[str, ...],
    course: Course,
    unrolled: Call,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Does --course work at every place, from a folder that is no course?"""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    said = unrolled(*(w.format(course.root) for w in words))
    assert said.code == 0, said.err


def test_every_verb_takes_the_course() -> None:
    """Is --course an option of each command, and told by its help?"""
    waiting, seen = [add_course_option(app)], 0
    while waiting:
        command = waiting.pop()
        assert "course" in {p.name for p in command.params}, command.name
        waiting += getattr(command, "commands", {}).values()
        seen += 1
    assert seen == len(HELP) + 1 + 1  # the groups canvas and unrolled; hub is in HELP


def test_brackets_in_a_mistake_are_shown(course: Course, unrolled: Call) -> None:
    """Is a name with brackets shown as it was typed?"""
    said = unrolled("build", "[red]x", "[/red]")
    assert said.code == 2 and "no assignment [red]x, [/red];" in said.err


def test_a_mistake_in_course_toml_is_one_line(course: Course, unrolled: Call) -> None:
    """Is it exit 2 with file and key, and nothing on standard output?"""
    path = course.root / "course.toml"
    path.write_text(path.read_text().replace("due =", "deu ="))
    said = unrolled("build", "--json")
    line = f"unrolled: {path}: assignments.01_tiny.deu: unknown; did you mean due?\n"
    assert said == Told(2, "", line)


def test_without_a_course_it_says_where_it_looked(tmp_path: Path) -> None:
    """Is it exit 2 and one line for the process itself, without a traceback?"""
    ran = subprocess.run(
        [sys.executable, "-m", "unrolled", "build"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith(f"unrolled: {tmp_path}: no course here or above")
    assert ran.stderr.count("\n") == 1 and "--course" in ran.stderr


def test_a_student_s_installation_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Is the graders' part named where the command's packages are missing?"""
    for module in ("unrolled.cli", "unrolled.cli.app"):
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "typer", None)
    with pytest.raises(SystemExit) as ended:
        __main__.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "needs typer" in said and "pip install -c constraints.txt" in said


def test_the_course_may_be_elsewhere(
    course: Course, unrolled: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does --course lead to the course, and any folder below it too?"""
    monkeypatch.chdir(course.lessons / NAME)
    assert unrolled("build", "--check").code == 0
    monkeypatch.chdir(course.root.parent)
    assert unrolled("build", "--check").code == 2
    assert unrolled("--course", "course", "build", "--check").code == 0


def test_check_writes_nothing_and_exits_by_what_it_finds(
    course: Course, unrolled: Call
) -> None:
    """Is a stale course exit 1 and left as it is, and a fresh one exit 0?"""
    assert unrolled("build", "--check").code == 0
    lesson = course.lessons / NAME / "tiny.py"
    lesson.write_text(lesson.read_text().replace("# A lesson", "# Another lesson"))
    course.gradebook.unlink()
    before = contents(course.root)
    said = unrolled("build", "--check")
    assert said.code == 1 and contents(course.root) == before
    for step in ("source", "release", "solutions"):
        assert f"stale {step}/{NAME}/tiny.ipynb" in said.out
    assert unrolled("build").code == 0 and course.gradebook.exists()
    assert unrolled("build", "--check").code == 0


def test_build_json_is_one_document(course: Course, unrolled: Call) -> None:
    """Does a program read what was stale, and whether all is fresh?"""
    stale = course.release / NAME / "tiny.ipynb"
    stale.unlink()
    for words, code in ((["--check"], 1), ([], 0)):
        said = unrolled("build", "--json", *words)
        document = said.document()
        assert said.code == code and document["checked"] == bool(words)
        (found,) = document["assignments"]
        assert not document["fresh"] and found["assignment"] == NAME
        assert found["stale"] == [f"release/{NAME}/tiny.ipynb"]
    assert stale.exists() and unrolled("build", "--json").document()["fresh"]
