"""How JupyterHub starts a student's server: as the student, in the student's group."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from jupyterhub.spawner import LocalProcessSpawner

from unrolled.hub.plan import load_plan
from unrolled.hub.setup.memory import make_joining


class BoundedSpawner(LocalProcessSpawner):  # type: ignore[misc]
    """JupyterHub's own, with a limit for all that a student runs together."""

    def make_preexec_fn(self, name: str) -> Callable[[], None]:
        """What the new process does first, still as root: join, then become `name`."""
        become: Callable[[], None] = super().make_preexec_fn(name)
        try:
            join = make_joining(load_plan(Path(self.environment["UNROLLED_HUB"])), name)
        except OSError as error:
            # The limit of each process holds all the same, and `hub check` says it.
            self.log.warning("no control group for %s: %s", name, error)
            return become

        def start() -> None:
            join()
            become()

        return start
