"""Small changes to the product, each of which a test must notice: ``make mutants``.

`table*.toml` beside this file hold them as data. Each is made in a copy of the
project with a Python environment of its own (hard links: it costs a second), its
tests are run there, and one of them must fail. What nobody notices is a hole in the
net, and the command fails.

    python tests/mutants/run.py                  all of them
    python tests/mutants/run.py --only penalty   those with "penalty" in the name
    python tests/mutants/run.py --part today/8   an eighth, another one each day
    python tests/mutants/run.py --list           what there is, and run nothing
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import os
import queue
import re
import shutil
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLES = Path(__file__).parent
FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)", re.MULTILINE)
PASSED = re.compile(r"^\d+ passed", re.MULTILINE)
FIELDS = {"name", "file", "old", "new", "tests"}


class TableError(Exception):
    """The table does not fit the code any more."""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: in `file`, the only `old` becomes `new`; one of `tests` must fail."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def mutated(self, root: Path) -> str:
        """The file's text with the change; TableError if it has no such place."""
        path = root / self.file
        text = path.read_text(encoding="utf-8") if path.is_file() else ""
        places = text.count(self.old)
        if places != 1:
            raise TableError(
                f"{self.name}: {self.file} has the text to be changed "
                f"{places} times, not once:\n    {self.old!r}"
            )
        return text.replace(self.old, self.new)


@dataclass(frozen=True)
class Result:
    """What came of a change: `noticed` by the test `by`, or `trouble` with running."""

    mutant: Mutant
    noticed: bool
    by: str
    seconds: float
    trouble: str = ""


def read_tables(folder: Path = TABLES) -> tuple[Mutant, ...]:
    """All changes; TableError names the entry that is incomplete or doubled."""
    mutants = tuple(m for p in sorted(folder.glob("table*.toml")) for m in _read(p))
    names = [m.name for m in mutants]
    doubled = {n for n in names if names.count(n) > 1}
    if doubled:
        raise TableError(f"two entries are called {', '.join(sorted(doubled))}")
    return mutants


def _read(path: Path) -> Iterator[Mutant]:
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("mutant", [])
    for number, entry in enumerate(entries, 1):
        if set(entry) != FIELDS or not entry["tests"]:
            told = entry.get("name", f"entry {number}")
            fields = ", ".join(sorted(FIELDS))
            raise TableError(f"{path.name}, {told}: an entry has {fields}")
        yield Mutant(**{**entry, "tests": tuple(entry["tests"])})


def check_table(mutants: Sequence[Mutant], root: Path = ROOT) -> None:
    """TableError if an entry names a place or a test that is not there."""
    for mutant in mutants:
        mutant.mutated(root)
        for test in mutant.tests:
            path, _, name = test.partition("::")
            text = (root / path).read_text(encoding="utf-8") if path else ""
            if name and f"def {name.split('[')[0]}(" not in text:
                raise TableError(f"{mutant.name}: {path} has no test {name}")


def choose_part(
    mutants: Sequence[Mutant], part: str, today: datetime.date
) -> tuple[Mutant, ...]:
    """Each n-th change, beginning with the k-th, for "k/n"; "today" stands for k."""
    first, _, count = part.partition("/")
    n = int(count)
    k = today.toordinal() % n if first == "today" else int(first) - 1
    return tuple(mutants[k % n :: n])


def make_copy(place: Path) -> None:
    """The project's files and its environment in `place`, apart from the original."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(
        listed, cwd=ROOT, check=True, capture_output=True, timeout=600
    ).stdout
    for name in names.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, place / name)
    old, new = Path(sys.prefix), place / ".venv"
    shutil.copytree(old, new, copy_function=os.link, symlinks=True)
    scripts = [p for p in (new / "bin").iterdir() if not p.is_symlink()]
    own = new.glob("lib/python*/site-packages/*unrolled*.pth")
    for path in (*scripts, *own, new / "pyvenv.cfg"):
        _move_paths(path, ROOT, place)
    axe = ROOT / "build" / "axe"
    if axe.is_dir():  # else tests of accessibility are skipped in the copy
        (place / "build").mkdir(exist_ok=True)
        (place / "build" / "axe").symlink_to(axe)
    _compile(place, "src", "tests/support")


def _compile(place: Path, *folders: str) -> None:
    """Compile the copy once: each of its processes would do that for itself.

    Whether a compiled file is used hangs on a digest of its source: with the usual
    test, by second and length, it could outlive a change.
    """
    words = ["-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
    python = str(place / ".venv/bin/python")
    subprocess.run([python, *words, *folders], cwd=place, check=True, timeout=600)


def _move_paths(path: Path, old: Path, new: Path) -> None:
    """Write a text file anew with the new folder in it; the linked one stays."""
    with contextlib.suppress(UnicodeDecodeError):  # a program has no such line
        text = path.read_text(encoding="utf-8")
        mode = path.stat().st_mode
        path.unlink()
        path.write_text(text.replace(str(old), str(new)), encoding="utf-8")
        path.chmod(mode)


def try_mutant(mutant: Mutant, place: Path, seconds: float) -> Result:
    """Make the change in the copy, run its tests, take the change back."""
    path = place / mutant.file
    original = path.read_text(encoding="utf-8")
    began = time.monotonic()
    path.write_text(mutant.mutated(place), encoding="utf-8")
    try:
        return _run_tests(mutant, place, seconds, began)
    finally:
        path.write_text(original, encoding="utf-8")


def _run_tests(mutant: Mutant, place: Path, seconds: float, began: float) -> Result:
    python = str(place / ".venv/bin/python")
    command = [python, "-m", "pytest", "-x", "-q", "--tb=line"]
    # What is compiled now is not kept: it could outlive its change.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
    environment.pop("PYTEST_ADDOPTS", None)
    try:
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider", *mutant.tests],
            cwd=place,
            env=environment,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        return Result(mutant, False, "", seconds, f"no end in {seconds:.0f} s")
    took = time.monotonic() - began
    found = FAILED.search(done.stdout)
    # Where all is skipped, nothing was asked: that proves as little as no run.
    ran = done.returncode == 1 or (done.returncode == 0 and PASSED.search(done.stdout))
    trouble = "" if ran else done.stdout[-800:] + done.stderr
    noticed = done.returncode == 1
    return Result(mutant, noticed, found[1] if found else "", took, trouble)


def try_all(mutants: Sequence[Mutant], jobs: int, seconds: float) -> Iterator[Result]:
    """The results as they come, from `jobs` copies at once."""
    scratch = ROOT / "build" / "mutants"
    shutil.rmtree(scratch, ignore_errors=True)
    copies: queue.Queue[Path] = queue.Queue()
    for number in range(min(jobs, len(mutants))):
        place = scratch / str(number)
        make_copy(place)
        copies.put(place)

    def run(mutant: Mutant) -> Result:
        place = copies.get_nowait()  # there is one for each thread
        try:
            return try_mutant(mutant, place, seconds)
        finally:
            copies.put(place)

    try:
        with ThreadPoolExecutor(jobs) as pool:
            yield from pool.map(run, mutants)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _say(result: Result) -> None:
    word = "noticed" if result.noticed else "NOT NOTICED"
    if result.trouble:
        word = "COULD NOT RUN"
    by = f" by {result.by}" if result.by else ""
    print(f"{word:13} {result.mutant.name}{by} ({result.seconds:.0f} s)", flush=True)
    if result.trouble:
        print(result.trouble, file=sys.stderr)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", metavar="WORD", help="those with WORD in the name")
    parser.add_argument("--part", metavar="K/N", help="each N-th; today/N by the date")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seconds", type=float, default=600, help="at most, for each")
    parser.add_argument("--list", action="store_true", help="name them, run nothing")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """0 if each chosen change was noticed, 1 if not, 2 if the table is stale."""
    arguments = _arguments(argv)
    try:
        mutants = read_tables()
        check_table(mutants)
    except TableError as error:
        print(f"tests/mutants: {error}", file=sys.stderr)
        return 2
    if arguments.part:
        mutants = choose_part(mutants, arguments.part, datetime.date.today())
    if arguments.only:
        mutants = tuple(m for m in mutants if arguments.only in m.name)
    if arguments.list:
        print("\n".join(f"{m.name}: {m.file} ({', '.join(m.tests)})" for m in mutants))
        return 0
    bad = 0
    for result in try_all(mutants, arguments.jobs, arguments.seconds):
        _say(result)
        bad += not result.noticed or bool(result.trouble)
    print(f"{len(mutants) - bad} of {len(mutants)} changes were noticed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
