"""The findings of `unrolled hub check`, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that must hold; `mend` says what to do where it does not."""

    what: str
    holds: bool = field(kw_only=True)
    found: str = ""
    mend: str = ""


@dataclass(frozen=True)
class HubCheck:
    """All findings."""

    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether everything holds."""
        return all(f.holds for f in self.findings)

    def as_dict(self) -> dict[str, Any]:
        """The document that ``--json`` prints."""
        return {"passed": self.passed, "findings": [asdict(f) for f in self.findings]}
