"""Scratch folders: gone with their owner, and swept when the owner was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from support.waits import read_line

from unrolled.sandbox.scratch import LOCK, ScratchFolder, remove_stale_folders

OWNER = "from unrolled.sandbox.scratch import ScratchFolder; import time; \
print(ScratchFolder.make().path, flush=True); time.sleep(600)"


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A place for temporary files of the test's own."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_a_folder_goes_with_its_owner(place: Path) -> None:
    """Is the folder there until it is removed?"""
    scratch = ScratchFolder.make()
    (scratch.path / "file").write_text("x")
    remove_stale_folders()
    assert [p.name for p in place.iterdir()] == [scratch.path.name]
    scratch.remove()
    assert list(place.iterdir()) == []


def test_the_folder_of_a_killed_owner_is_swept_and_no_other(place: Path) -> None:
    """Does the next owner remove what a killed one left, and leave the living alone?"""
    owners = [
        subprocess.Popen([sys.executable, "-c", OWNER], stdout=subprocess.PIPE)
        for _ in range(2)
    ]
    paths = []
    for owner in owners:
        paths.append(Path(read_line(owner).decode().strip()))
    owners[0].send_signal(signal.SIGKILL)
    owners[0].communicate(timeout=60)
    mine = ScratchFolder.make()
    assert set(place.iterdir()) == {mine.path, paths[1]}
    mine.remove()
    owners[1].kill()
    owners[1].communicate(timeout=60)


def test_nothing_of_others_is_swept(
    place: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Do links, folders without our lock, and files of that name stay?"""
    precious = tmp_path_factory.mktemp("precious")
    (precious / LOCK).touch()
    (place / "unrolled-link").symlink_to(precious)
    (place / "unrolled-notes").mkdir()
    (place / "unrolled-file").touch()
    linked = place / "unrolled-locklink"
    linked.mkdir()
    (linked / LOCK).symlink_to(precious / LOCK)
    remove_stale_folders()
    assert (precious / LOCK).exists()
    assert len(list(place.iterdir())) == 4
