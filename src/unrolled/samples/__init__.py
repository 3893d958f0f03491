"""Made submissions: a class that hands in what the tests and the demo need."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.samples.demo import run_demo
else:
    __getattr__ = open_late(__name__)

__all__ = ["run_demo"]
