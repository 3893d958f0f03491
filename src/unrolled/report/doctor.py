"""What `unrolled doctor` found, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from unrolled.grade.doctor.doctor import REQUIRED_PROTECTIONS, Checkup
from unrolled.report.listing import Listing


def render_checkups(checkups: Sequence[Checkup]) -> RenderableType:
    """One table for each tier, then the verdict on this machine."""
    parts = [part for checkup in checkups for part in _render_tier(checkup)]
    good = [c.tier for c in checkups if c.sufficient]
    verdict = (
        "Untrusted work is not graded here: no tier gives the minimum protection "
        f"({', '.join(REQUIRED_PROTECTIONS)}). --allow-weak grades without it, at your "
        "own risk."
    )
    if good:
        verdict = f"Untrusted work is graded here in the tier {good[0]}."
    return Group(*parts, Text(verdict, style="bold" if good else "bold red"))


def _render_tier(checkup: Checkup) -> list[RenderableType]:
    if checkup.trouble:
        return [Text(f"tier {checkup.tier}: {checkup.trouble}\n")]
    table = Listing(title=Text(f"tier {checkup.tier}"), title_justify="left")
    prose = ("what the test saw", "what would help")
    table.add_columns("protection", "holds", *prose, prose=prose)
    for protection in checkup.protections:
        mark = Text("yes") if protection.holds else Text("NO", style="bold red")
        evidence = Text(protection.evidence)
        table.add_row(protection.name, mark, evidence, Text(protection.advice))
    return [table]
