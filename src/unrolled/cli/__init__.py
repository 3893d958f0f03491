"""The command line: options only."""

from unrolled.cli.app import run

__all__ = ["run"]
