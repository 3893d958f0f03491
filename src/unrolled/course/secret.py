"""The secret behind the inputs of hidden tests."""

from __future__ import annotations

import contextlib
import re
import secrets
import stat

from unrolled.course.model import Course
from unrolled.errors import UserError
from unrolled.files import write_file


def load_course_secret(course: Course) -> str:
    """The secret behind hidden inputs; made at first need, readable by nobody else.

    Raises UserError if others may read the file, or if it is not what we wrote.
    """
    path = course.secret_file
    if not path.exists():
        with contextlib.suppress(FileExistsError):  # of two makers the first wins
            text = secrets.token_hex(32) + "\n"
            write_file(path, text, mode=0o600, replace=False)
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise UserError(f"{path}: others may read it; run `chmod 600 {path.name}`.")
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise UserError(
            f"{path}: not 64 hexadecimal digits. Restore it from a backup; or delete "
            "it, and every student gets new hidden inputs."
        )
    return text
