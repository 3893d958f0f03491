"""The students' wheel: what notebooks import, and nothing else of this package."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import unrolled

TAG = "py3-none-any"
PARTS = ("__init__.py", "errors.py", "py.typed", "lab")
EPOCH = (2000, 1, 1, 0, 0, 0)  # a zip's times are part of its bytes
_UNIX = 3


def make_wheel_version() -> str:
    """A version of its own: nobody shall take this wheel for the whole package."""
    return f"{unrolled.__version__}+students"


def make_wheel_name() -> str:
    """The file's name, from which pip reads what it is."""
    return f"unrolled-{make_wheel_version()}-{TAG}.whl"


def build_student_wheel(needs: tuple[str, ...]) -> bytes:
    """The wheel; `needs` are its requirements. The same bytes wherever it is made."""
    info = f"unrolled-{make_wheel_version()}.dist-info"
    files = _read_package() | {
        f"{info}/METADATA": _format_metadata(needs).encode(),
        f"{info}/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: unrolled {unrolled.__version__}\n"
            f"Root-Is-Purelib: true\nTag: {TAG}\n"
        ).encode(),
    }
    lines = [
        f"{n},sha256={_hash_content(c)},{len(c)}" for n, c in sorted(files.items())
    ]
    record = "\n".join([*lines, f"{info}/RECORD,,", ""])
    return build_zip(files | {f"{info}/RECORD": record.encode()})


def _read_package() -> dict[str, bytes]:
    """The files of the package that a student gets, by their path in the wheel."""
    root = Path(unrolled.__file__).parent
    paths = [p for part in PARTS for p in (root / part, *(root / part).rglob("*"))]
    return {
        f"unrolled/{p.relative_to(root).as_posix()}": p.read_bytes()
        for p in paths
        if p.is_file() and "__pycache__" not in p.parts
    }


def _format_metadata(needs: tuple[str, ...]) -> str:
    return "".join(
        f"{line}\n"
        for line in (
            "Metadata-Version: 2.1",
            "Name: unrolled",
            f"Version: {make_wheel_version()}",
            "Summary: What the course's notebooks import: checks, figures, widgets.",
            "License: MIT",
            "Requires-Python: >=3.11",
            *(f"Requires-Dist: {need}" for need in needs),
        )
    )


def _hash_content(content: bytes) -> str:
    digest = hashlib.sha256(content).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def build_zip(
    files: Mapping[str, bytes],
    programs: frozenset[str] = frozenset(),
    comment: bytes = b"",
) -> bytes:
    """A zip with the same bytes everywhere: sorted, undated, not compressed.

    (Compressors differ between versions.) `programs` may be executed.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = _UNIX
            entry.external_attr = (0o100755 if name in programs else 0o100644) << 16
            archive.writestr(entry, files[name])
        archive.comment = comment
    return stream.getvalue()
