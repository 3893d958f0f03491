"""What of the machine's files student code may see: Python, libraries, nothing else."""

from __future__ import annotations

import contextlib
import os
import shutil
import site
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from unrolled.sandbox.syscalls import (
    MS_BIND,
    MS_NODEV,
    MS_NOSUID,
    MS_PRIVATE,
    MS_RDONLY,
    MS_REC,
    MS_REMOUNT,
    make_read_only,
    mount,
    pivot_root,
    unmount,
)

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32")
ETC = ("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "localtime", "fonts", "mime.types")
DEVICES = ("null", "zero", "full", "random", "urandom")
INSTALLED = ("site-packages", "dist-packages")
HOME = Path("/scratch")  # the child's own, empty file system; /tmp too, if it can be
WORK = HOME / "work"
PROC = Path("/proc")


def list_python_paths() -> list[Path]:
    """The folders of the interpreter, its packages and this package."""
    entries = [sys.prefix, sys.base_prefix, *site.getsitepackages()]
    entries += [entry for entry in sys.path if entry]
    entries.append(str(Path(__file__).parents[1]))
    system = tuple(Path(s) for s in SYSTEM)
    folders: list[Path] = []
    for path in sorted({Path(e).resolve() for e in entries if Path(e).exists()}):
        inside = any(path.is_relative_to(p) for p in (*folders, *system))
        if not inside and path != Path("/"):
            folders.append(_narrow_path(path))
    return folders


def _narrow_path(path: Path) -> Path:
    """Of a source folder on the path only this package, not what lies beside it.

    Where packages are installed all of them are needed. (A hub's staff run Python of an
    environment that looks for them in another one, outside its own prefix.)
    """
    package = Path(__file__).parents[1]
    is_source = package.parent == path and path.name not in INSTALLED
    return package if is_source else path


def list_visible_paths() -> list[Path]:
    """Everything readable from the host, in the form that Landlock wants it."""
    system = [Path(p) for p in SYSTEM if Path(p).exists()]
    etc = [Path("/etc") / name for name in ETC if (Path("/etc") / name).exists()]
    return [*system, *etc, *list_python_paths()]


def list_devices() -> list[Path]:
    """The harmless device files."""
    return [Path("/dev") / name for name in DEVICES]


@dataclass(frozen=True)
class RootFilesystem:
    """A root file system made of read-only binds, on a scratch folder."""

    folder: Path

    def build(self) -> None:
        """Assemble it in this mount namespace and move into it."""
        # Private first: nothing that is mounted from here on shows on the host.
        mount("none", "/", flags=MS_REC | MS_PRIVATE)
        data = "mode=755,size=32m"
        mount("tmpfs", self.folder, "tmpfs", MS_NOSUID | MS_NODEV, data=data)
        for name in ("proc", "dev", "etc", "old", HOME.name):
            (self.folder / name).mkdir(mode=0o755)
        if not any(p.is_relative_to("/tmp") for p in list_python_paths()):
            (self.folder / "tmp").symlink_to(HOME.name)
        for path in map(Path, SYSTEM):
            if path.is_symlink():
                (self.folder / path.name).symlink_to(path.readlink())
            elif path.is_dir():
                self._bind(path)
        for path in list_python_paths():
            self._bind(path)
        for name in ETC:
            self._bind(Path("/etc") / name)
        for name in DEVICES:
            self._bind(Path("/dev") / name, read_only=False)
        self._write_accounts()
        os.chdir(self.folder)
        # A new /proc before the old root goes: the kernel wants to see one for it.
        mount("proc", self.folder / "proc", "proc", MS_NOSUID | MS_NODEV)
        pivot_root(".", "old")
        os.chdir("/")
        unmount("/old")
        Path("/old").rmdir()

    def _bind(self, path: Path, *, read_only: bool = True) -> None:
        if not path.exists():
            return
        target = self.folder / path.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.touch()
        mount(str(path.resolve()), target, flags=MS_BIND | MS_REC)
        if read_only:  # a bind takes no flags: only a second call can say so
            make_read_only(target)

    def _write_accounts(self) -> None:
        """Names for the user that student code runs as; no other is told."""
        etc = self.folder / "etc"
        user, group = os.getuid() or 65534, os.getgid() or 65534
        line = f"student:x:{user}:{group}:student:{HOME}:/bin/false\n"
        (etc / "passwd").write_text(line, encoding="ascii")
        (etc / "group").write_text(f"student:x:{group}:\n", encoding="ascii")
        (etc / "hosts").write_text("127.0.0.1 localhost\n", encoding="ascii")


def seal() -> None:
    """Make the root file system read-only, once all is warm."""
    flags = MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV
    mount("none", "/", flags=flags)


def mount_private_home(size: int) -> None:
    """An empty file system of a limited size, for this mount namespace only."""
    data = f"mode=1777,size={size},nr_inodes=4096"
    mount("tmpfs", HOME, "tmpfs", MS_NOSUID | MS_NODEV, data=data)


@contextlib.contextmanager
def mount_temporary_home(size: int) -> Iterator[None]:
    """A private home for a while, for what must write a file to be imported."""
    mount_private_home(size)
    try:
        yield
    finally:
        unmount(HOME)


def mount_private_proc() -> None:
    """A /proc that shows this process namespace only; none, where that is refused."""
    try:
        mount("proc", PROC, "proc", MS_NOSUID | MS_NODEV)
    except OSError:
        mount("tmpfs", PROC, "tmpfs", MS_NOSUID | MS_NODEV, data="size=0,mode=555")


def write_files(folder: Path, files: dict[str, bytes]) -> None:
    """The assignment's data files, in an empty working folder."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
