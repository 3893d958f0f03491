"""What the hub's commands print."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from unrolled.hub import HubPlan
from unrolled.hub.accounts import PASSWORDS_FILE
from unrolled.hub.check import HubCheck
from unrolled.hub.setup import PreparedHub
from unrolled.report.listing import Listing

SIGN_IN = {
    "password": "Everybody signs in with the one password {word}, as anybody: this is "
    'for trying out. For a class set sign_in = "pam" or "lti" below [hub].',
    "pam": "People sign in with their account's password; first passwords of new "
    "accounts: {file}.",
    "lti": "People come from Canvas, through LTI 1.3.",
}


def render_welcome(prepared: PreparedHub) -> Group:
    """Addresses, and who may do what."""
    plan = prepared.plan
    service = f"{plan.address}/services"
    staff = _shorten_list((*plan.assistants, *plan.instructors))
    lines = (
        ("students", _shorten_list(plan.students), f"{plan.address}"),
        ("collect, grade", staff, f"{service}/{plan.grading}/"),
        ("mark answers", staff, f"{service}/{plan.formgrader}/formgrader"),
        (
            "the course",
            _shorten_list(plan.instructors),
            f"{service}/{plan.authoring}/lab",
        ),
    )
    return Group(
        Text(f"{plan.title}: the hub is ready.\n", style="bold"),
        *(
            Text(f"{what:15}{where}\n{'':15}{who}", overflow="ignore", no_wrap=True)
            for what, who, where in lines
        ),
        Text(f"\n{describe_sign_in(plan)}"),
        Text(f"The course folder, to be edited from now on: {plan.course_root}"),
        Text("Ctrl-C stops the hub. In another terminal: unrolled hub check"),
    )


def describe_sign_in(plan: HubPlan) -> str:
    """How people sign in."""
    word = ""
    if plan.sign_in == "password":
        word = (plan.state / "password").read_text(encoding="ascii").strip()
    return SIGN_IN[plan.sign_in].format(word=word, file=plan.state / PASSWORDS_FILE)


def _shorten_list(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 5 else ""
    return ", ".join(names[: 4 if more else 5]) + more


def render_hub_check(found: HubCheck) -> Group:
    """The findings, and how to mend what does not hold."""
    table = Listing(box=None, header_style="bold", pad_edge=False)
    table.add_columns("", "what", "found", prose=("what", "found"))
    for f in found.findings:
        mark = Text("holds", "green") if f.holds else Text("FAILS", "bold red")
        table.add_row(mark, Text(f.what), Text(f.found.strip()))
        if not f.holds:
            table.add_row("", Text(f"mend it: {f.mend}", "yellow"), "")
    good = sum(f.holds for f in found.findings)
    return Group(table, Text(f"{good} of {len(found.findings)} hold", "bold"))
