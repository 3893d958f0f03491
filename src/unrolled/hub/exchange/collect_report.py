"""The report of a collection: `nbgrader collect` writes it, assistants see it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, tzinfo
from pathlib import Path

from unrolled.files import write_file
from unrolled.timestamps import parse_timestamp


@dataclass(frozen=True)
class Remark:
    """Why one entry of the inbound folder was refused, or what is odd about it."""

    student: str
    entry: str
    reason: str


@dataclass(kw_only=True)
class CollectReport:
    """What a collection did; the grading page shows it."""

    assignment: str
    time: str = ""
    collected: list[str] = field(default_factory=list)
    refused: list[Remark] = field(default_factory=list)
    notes: list[Remark] = field(default_factory=list)

    def save(self, root: Path) -> None:
        """Write it below the course folder."""
        path = get_report_path(root, self.assignment)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, json.dumps(asdict(self), indent=1))


def get_report_path(root: Path, assignment: str) -> Path:
    """Where the report of the last collection of an assignment lies."""
    return root / "build" / "collected" / f"{assignment}.json"


def read_report(root: Path, assignment: str) -> CollectReport | None:
    """The report of the last collection; None if there is none to read."""
    try:
        path = get_report_path(root, assignment)
        document = json.loads(path.read_text(encoding="utf-8"))
        lists = {k: [Remark(**r) for r in document[k]] for k in ("refused", "notes")}
        return CollectReport(**(document | lists))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def read_collected_time(folder: Path, zone: tzinfo) -> datetime | None:
    """When a collected submission was handed in; None where that cannot be read."""
    with suppress(OSError, ValueError):
        text = (folder / "timestamp.txt").read_text(encoding="utf-8")
        return parse_timestamp(text, zone)
    return None
