"""Where people land who sign in, and what services are called in the hub's menu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from unrolled.hub.plan import HubPlan

TEMPLATES = Path(__file__).parents[1] / "templates" / "jupyterhub"


def make_default_url(plan: HubPlan) -> Callable[[Any], str]:
    """Staff land on the page of grading, everybody else on their own server."""
    staff = {*plan.instructors, *plan.assistants}

    def where(handler: Any) -> str:
        user = handler.current_user
        if user is None or user.name not in staff:
            return ""
        return f"{handler.settings['base_url']}services/{quote(plan.grading)}/"

    return where


def label_services(plan: HubPlan) -> dict[str, str]:
    """What the menu says for a service; its name stays in its address."""
    return {
        plan.grading: "Collect and grade",
        plan.formgrader: "Mark answers by hand",
        plan.authoring: "Course files (JupyterLab)",
    }
