"""What a file is that was handed in under a notebook's name and is none."""

from __future__ import annotations

import ast
import io
import re
import zipfile

_SIGNS: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF"),
    (b"\x89PNG", "a picture (PNG)"),
    (b"\xff\xd8\xff", "a picture (JPEG)"),
    (b"GIF8", "a picture (GIF)"),
    (b"\x1f\x8b", "a compressed archive (gzip)"),
    (b"7z\xbc\xaf", "a compressed archive (7z)"),
    (b"Rar!", "a compressed archive (rar)"),
    (b"{\\rtf", "a text document (RTF)"),
    (b"\xd0\xcf\x11\xe0", "an old Office document"),
)
_CONFLICT = re.compile(rb"^<{7}( |\r?$)", re.MULTILINE)
_HTML = re.compile(rb"<!doctype html|<html[\s>]", re.IGNORECASE)
_SCRIPT = re.compile(
    r"^(import|from) \w[\w.]*|^(def|class) \w+|^# (%%|In\[)", re.MULTILINE
)
MAX_SCRIPT = 2**20
NAMED = 5


def what_it_is(content: bytes) -> str:
    """In words that go on after "it is": "an HTML page"; empty if nobody can tell.

    `content` is nothing that JSON could be read from.
    """
    if not content.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        return "empty"
    if content.startswith(b"PK"):
        return _archive(content)
    for sign, words in _SIGNS:
        if content.startswith(sign):
            return words
    conflict = _CONFLICT.search(content)
    if conflict is not None:
        line = content.count(b"\n", 0, conflict.start()) + 1
        return (
            f"a notebook with the marks of a merge in git that was not finished "
            f"(<<<<<<<, line {line})"
        )
    if _HTML.search(content[:2000]):
        return "an HTML page (a saved web page, or a notebook exported as HTML)"
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "text in UTF-16, not UTF-8"
    return "a Python script" if _is_script(content) else ""


def _archive(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a damaged zip archive"
    if "[Content_Types].xml" in names:
        return "an Office document"
    shown = ", ".join(ascii(n)[1:-1][:60] for n in names[:NAMED])
    more = ", ..." if len(names) > NAMED else ""
    return f"a zip archive (of {shown}{more})" if names else "an empty zip archive"


def _is_script(content: bytes) -> bool:
    if len(content) > MAX_SCRIPT or content.lstrip()[:1] in (b"{", b"["):
        return False
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return False
    kinds = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.ClassDef, ast.Assign)
    try:
        return any(isinstance(node, kinds) for node in ast.parse(text).body)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return len(_SCRIPT.findall(text)) > 1
