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
            "installation: pip install 'unrolled[grading]'. "
            "(The notebooks themselves need only: pip install unrolled.)",
            file=sys.stderr,
        )
        raise SystemExit(2) from None
    run()


if __name__ == "__main__":
    main()
