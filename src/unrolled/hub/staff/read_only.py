"""The assistants' server: files to look at, and no kernels."""

from __future__ import annotations

import errno
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from jupyter_server.files.handlers import FilesHandler
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError
from traitlets import Type, Unicode

VISIBLE_FOLDERS = (
    "source",
    "release",
    "solutions",
    "submitted",
    "autograded",
    "feedback",
)
SECRET_FILE = "submission_secret.txt"
READ_ONLY_REASON = "Here you may look and mark; only instructors change files."


class ReadOnlyContentsManager(AsyncLargeFileManager):  # type: ignore[misc]
    """Reads what a marker needs of a course, and changes nothing.

    That is VISIBLE_FOLDERS. Neither the gradebook nor a token nor another folder of the
    grader's is there, whatever a page asks for.
    """

    course = Unicode(help="The course's folder below root_dir.").tag(config=True)
    # Downloads go through `get`, too; by default they would read the disk themselves.
    files_handler_class = Type(FilesHandler)

    def is_visible(self, path: str) -> bool:
        """Whether `path` (below root_dir, as Jupyter writes it) is one to look at."""
        parts = PurePosixPath(path.strip("/")).parts
        if not parts or parts == (self.course,):
            return True
        hidden = any(p.startswith(".") or p == SECRET_FILE for p in parts)
        if hidden or parts[0] != self.course or parts[1] not in VISIBLE_FOLDERS:
            return False
        folder = Path(self.root_dir, *parts[:2]).resolve()  # links must not lead out
        return Path(self.root_dir, *parts).resolve().is_relative_to(folder)

    async def is_hidden(self, path: str) -> bool:
        """What may not be seen is not there."""
        return not self.is_visible(path) or bool(await super().is_hidden(path))

    async def get(self, path: str, *args: Any, **kwargs: Any) -> Any:
        """A file or folder; a folder is listed without what may not be seen.

        Jupyter asks for each file of a folder here, and skips what is not permitted.
        """
        if not self.is_visible(path):
            raise PermissionError(errno.EACCES, "assistants may not see this", path)
        return await super().get(path, *args, **kwargs)

    async def list_checkpoints(self, path: str) -> Any:
        """The kept copies of a file; none of one that may not be seen."""
        return await super().list_checkpoints(path) if self.is_visible(path) else []

    async def refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to change anything."""
        raise HTTPError(403, READ_ONLY_REASON)

    save = copy = delete_file = rename_file = refuse
    create_checkpoint = restore_checkpoint = delete_checkpoint = refuse


class NoKernels(AsyncMappingKernelManager):  # type: ignore[misc]
    """Starts no kernel: code runs in the sandbox of the grader only."""

    async def start_kernel(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to start a kernel."""
        raise HTTPError(403, "No code is run here; grading runs in a sandbox.")
