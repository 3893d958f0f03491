"""Hooks of pytest: what is skipped in CI was run by nobody, and counts as failed."""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest

# In CI everything is installed, so a skip there is a test that nobody has run. What
# cannot be had there may be named here, by a piece of the reason that the skip gives.
ALLOWED_SKIPS: tuple[str, ...] = ()


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    """In CI, make a skip that is not allowed a failure with its reason."""
    if not report.skipped or not os.environ.get("CI") or hasattr(report, "wasxfail"):
        return
    told = report.longrepr
    reason = str(told[2] if isinstance(told, tuple) else told)
    if not any(allowed in reason for allowed in ALLOWED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: in CI nothing may be skipped. {reason}"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[
    None, pytest.TestReport, pytest.TestReport
]:
    """A test that skips itself."""
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[
    None, pytest.CollectReport, pytest.CollectReport
]:
    """A file that skips all its tests, because a package is missing."""
    report = yield
    _forbid_skip(report)
    return report
