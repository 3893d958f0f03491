"""In an image: both environments and the proxy, by the installer of `unrolled hub`.

It needs nothing but Python, and must run as root.
"""

from __future__ import annotations

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / "src"))

from unrolled.course.model import load_course  # noqa: E402
from unrolled.hub.plan import make_plan  # noqa: E402
from unrolled.hub.setup.install import install  # noqa: E402
from unrolled.hub.setup.jupyter_config import write_environment_files  # noqa: E402


def main() -> None:
    """Install, and tell both environments where exchange and course lie."""
    plan = make_plan(load_course(PROJECT))
    install(plan, PROJECT, print)
    write_environment_files(plan)


if __name__ == "__main__":
    main()
