"""A JupyterHub for the course: `unrolled hub`, on one machine in one command."""

from typing import TYPE_CHECKING

from unrolled.doors import open_late

if TYPE_CHECKING:
    from unrolled.hub.members import MemberChanges, enroll_students, sync_hub
    from unrolled.hub.plan import HubPlan, load_plan, make_plan
else:
    __getattr__ = open_late(__name__)

__all__ = [
    "HubPlan",
    "MemberChanges",
    "enroll_students",
    "load_plan",
    "make_plan",
    "sync_hub",
]
