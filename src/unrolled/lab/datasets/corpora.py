"""Texts to learn from: one that ships with the course, one that lies on every machine,
and large ones from a file of the reader's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from unrolled.errors import UserError

MODULES = (
    "bisect",
    "calendar",
    "cmd",
    "csv",
    "fnmatch",
    "getopt",
    "heapq",
    "queue",
    "sched",
    "shlex",
    "textwrap",
)
"""Modules of the standard library, written in Python, of every version from 3.11 on."""

_RULER = re.compile(r"([-=_*#~])\1{3,}")

LARGE = {
    "war_and_peace": "the novel in English, which is in the public domain, as plain "
    "text",
    "linux_kernel": "C files of the kernel one after the other, for example by "
    "`cat linux/kernel/*.c > linux_kernel.txt`",
}
"""The corpora of the lecture's tables, and how to come by them."""


class CorpusMissingError(UserError, FileNotFoundError):
    """A large corpus is not there; the message says where it is looked for."""


def almanac() -> str:
    """The Lamplighter's Almanac: a year in a small harbour town, week by week.

    Some 24,000 characters, all of them ASCII, written for this course.
    """
    return files("unrolled.lab").joinpath("data/almanac.txt").read_text("utf-8")


def python_library(modules: Iterable[str] = MODULES) -> str:
    """The source text of modules of the Python that runs, one after the other.

    Only printable ASCII and line ends are kept, and of rulers such as ------ three
    signs. Other versions of Python have other bytes here: let no number hang on them.
    Raises UserError for a module without source text.
    """
    text = "\n".join(keep_printable(_read_source(name)) for name in modules)
    return _RULER.sub(r"\1\1\1", text)


def _read_source(module: str) -> str:
    spec = find_spec(module)
    read = getattr(spec.loader if spec else None, "get_source", None)
    text = read(module) if read else None
    if not text:
        raise UserError(f"{module}: this Python has no source text of it.")
    return str(text)


def keep_printable(text: str) -> str:
    """The text with tabs as spaces, and nothing but printable ASCII and line ends."""
    return "".join(c for c in text.expandtabs(4) if c == "\n" or " " <= c <= "~")


def large(name: str, folder: str | Path = "corpora") -> str:
    """A large corpus, `war_and_peace` or `linux_kernel`, from `folder`/`name`.txt.

    Raises CorpusMissingError, which says where the file is looked for and what to
    put there, and UserError for another name.
    """
    if name not in LARGE:
        raise UserError(f"{name}: the large corpora are {', '.join(LARGE)}.")
    path = Path(folder) / f"{name}.txt"
    if not path.is_file():
        raise CorpusMissingError(
            f"{path} is not there (looked for at {path.resolve()}). It does not come "
            f"with the course: save {LARGE[name]}, under this name, or give its "
            f"folder: corpora.large({name!r}, folder=...)."
        )
    return keep_printable(path.read_text("utf-8", errors="ignore"))
