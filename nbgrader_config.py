"""nbgrader's configuration: all of it follows from course.toml.

What is set, and why, stands in src/unrolled/pipeline.py. Settings of your own go
below the call.
"""

from pathlib import Path

from unrolled.pipeline import configure

configure(get_config(), Path(__file__).resolve().parent)
