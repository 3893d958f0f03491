"""What the assistants' server runs on: files to look at, and nothing that runs."""

from __future__ import annotations

from typing import Any, NoReturn

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.web import HTTPError

WHY = "Here you may look and mark; files are changed by instructors."


class LookOnly(AsyncLargeFileManager):  # type: ignore[misc]
    """Reads files and changes none, whatever the page asks for."""

    async def save(self, model: Any, path: str = "") -> NoReturn:
        """Refuse to write a file."""
        raise HTTPError(403, WHY)

    async def delete_file(self, path: str) -> NoReturn:
        """Refuse to delete a file."""
        raise HTTPError(403, WHY)

    async def rename_file(self, old_path: str, new_path: str) -> NoReturn:
        """Refuse to move a file."""
        raise HTTPError(403, WHY)

    async def create_checkpoint(self, path: str) -> NoReturn:
        """Refuse to write a checkpoint."""
        raise HTTPError(403, WHY)

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> NoReturn:
        """Refuse to write a file."""
        raise HTTPError(403, WHY)

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> NoReturn:
        """Refuse to delete a file."""
        raise HTTPError(403, WHY)

    async def copy(self, from_path: str, to_path: str | None = None) -> NoReturn:
        """Refuse to copy a file."""
        raise HTTPError(403, WHY)


class NoKernels(AsyncMappingKernelManager):  # type: ignore[misc]
    """Starts no kernel: code runs in the sandbox of the grader only."""

    async def start_kernel(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse to start a kernel."""
        raise HTTPError(403, "No code is run here; grading runs in a sandbox.")
