"""Hooks of pytest: long files come first, so that all processes end together.

`durations.json` holds the seconds of each file as they were measured;
``pytest --save-durations`` writes it anew from a run, for the files that were run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from unrolled.processes import count_processors

TESTS = Path(__file__).parent
FILE = TESTS / "durations.json"
UNKNOWN = 30.0  # seconds: a new file comes before all the short ones
SECONDS: pytest.StashKey[dict[str, float]] = pytest.StashKey()


def read_durations(path: Path = FILE) -> dict[str, float]:
    """Seconds by file, relative to the folder of tests."""
    if not path.is_file():
        return {}
    found: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))
    return found


def longest_first(paths: list[Path], known: dict[str, float]) -> list[Path]:
    """Files in the order in which they are to be run."""
    return sorted(paths, key=lambda p: (-known.get(_name(p), UNKNOWN), p))


def _name(path: Path) -> str:
    inside = path.is_relative_to(TESTS)
    return path.relative_to(TESTS).as_posix() if inside else path.name


def pytest_addoption(parser: pytest.Parser) -> None:
    """The option that writes what was measured."""
    text = "write the seconds of each file into tests/durations.json"
    parser.addoption("--save-durations", action="store_true", help=text)


def pytest_configure(config: pytest.Config) -> None:
    """Nothing was measured yet."""
    config.stash[SECONDS] = defaultdict(float)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whole files, the longest first; the tests of a file stay in their order."""
    order = longest_first(list({item.path for item in items}), read_durations())
    places = {path: place for place, path in enumerate(order)}
    items.sort(key=lambda item: places[item.path])


def pytest_xdist_auto_num_workers() -> int:
    """Half as many again as processors: much of the time a server is waited for."""
    processors = count_processors()
    return processors + processors // 2


class Recorder:
    """Adds the seconds of each test up, whatever process it ran in."""

    def __init__(self, config: pytest.Config) -> None:
        self.seconds: dict[str, float] = config.stash[SECONDS]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test's set-up, call or clean-up has ended."""
        self.seconds[report.location[0].removeprefix("tests/")] += report.duration


def pytest_sessionstart(session: pytest.Session) -> None:
    """Measure where the reports of all processes arrive."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(Recorder(session.config))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the file, if that was asked for."""
    config = session.config
    if config.getoption("save_durations") and not hasattr(config, "workerinput"):
        new = {f: round(s, 1) for f, s in config.stash[SECONDS].items()}
        known = {f: s for f, s in read_durations().items() if (TESTS / f).is_file()}
        ordered = sorted({**known, **new}.items(), key=lambda pair: (-pair[1], pair[0]))
        text = json.dumps(dict(ordered), indent=0)
        FILE.write_text(text + "\n", encoding="utf-8")
