"""The files of this folder for a course with another id than `unrolled`.

    python3 for_course.py recurrent_2027 my-cluster/

It needs nothing but Python. The id is that of course.toml; it must be part of an
account's name. Names of our images, of the volumes and of the package stay.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
FILES = ("values.yaml", "grader.yaml", "shared.yaml", "dask.yaml", "hub_config.py")
ID = re.compile(r"[a-z_][a-z0-9_-]{0,24}")
# Where the word `unrolled` is the course's id, and not the name of the project.
PLACES = (
    r"(?<=/srv/unrolled/)unrolled\b",
    r"(?<=\bgrader-)unrolled\b",
    r"(?<=/home/grader-unrolled/)unrolled\b",
    r"(?<=/services/)unrolled(?=[-/])",
    r"(?<=\bservice[-=])unrolled\b",
    r"(?<=hub\.services\.)unrolled\b",
    r"(?<=\.course=)unrolled\b",
    r"(?<=name: COURSE, value: )unrolled\b",
    r"(?<=name: FORMGRADER, value: )unrolled\b",
    r"(?<=JUPYTERHUB_SERVICE_NAME, value: )unrolled\b",
    r"(?<=\n    course: )unrolled\b",
    r"(?<=\n    )unrolled(?=(-authoring|-grading)?:\n      url:)",
    r"(?<=UNROLLED_COURSE_ID: )unrolled\b",
)


def for_course(text: str, course: str) -> str:
    """A file's text with another course's id."""
    spans = sorted({m.span() for p in PLACES for m in re.finditer(p, text)})
    for begin, end in reversed(spans):
        text = text[:begin] + course + text[end:]
    return text


def main(words: list[str]) -> None:
    """Write the files for an id into a folder that has none of them yet."""
    if len(words) != 2 or not ID.fullmatch(words[0]):
        sys.exit(__doc__)
    course, folder = words[0], Path(words[1])
    there = [name for name in FILES if (folder / name).exists()]
    if there:
        sys.exit(f"{folder}: {', '.join(there)} is there already; nothing is written.")
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        text = (HERE / name).read_text(encoding="utf-8")
        (folder / name).write_text(for_course(text, course), encoding="utf-8")
    print(f"written to {folder}: {', '.join(FILES)}")


if __name__ == "__main__":
    main(sys.argv[1:])
