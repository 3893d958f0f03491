"""The command `unrolled`; says what to install where the graders' part is missing."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    try:
        from unrolled.cli import run
    except ModuleNotFoundError as error:
        print(
            f"unrolled: the command needs {error.name}, which is part of the graders' "
            "installation. In a clone of the project: pip install -c constraints.txt "
            "-e '.[grading]'. (Students need none of it: they get a handout.)",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    run()


if __name__ == "__main__":
    main()
