"""What the hub's commands print."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from unrolled.hub import HubPlan
from unrolled.hub.accounts import PASSWORDS_FILE
from unrolled.hub.check import HubCheck
from unrolled.report.listing import Listing

SIGN_IN = {
    "password": "Anybody can sign in as anybody with the password {word}: only for "
    'trying things out. For a class set sign_in = "pam" or "lti" under [hub].',
    "pam": "People sign in with the password of their account. The first passwords of "
    "new accounts are in {file}.",
    "lti": "People sign in from Canvas, with LTI 1.3.",
}


def render_welcome(plan: HubPlan) -> Group:
    """Addresses, and who may do what."""
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
    parts = [Text(f"{plan.title}: the hub is ready.\n", style="bold")]
    parts += [
        Text(f"{what:15}{where}\n{'':15}{who}", overflow="ignore", no_wrap=True)
        for what, who, where in lines
    ]
    word = ""
    if plan.sign_in == "password":
        word = (plan.state / "password").read_text(encoding="ascii").strip()
    file = plan.state / PASSWORDS_FILE
    parts += [
        Text(f"\n{SIGN_IN[plan.sign_in].format(word=word, file=file)}"),
        Text(f"From now on, edit the course in this folder: {plan.course_root}"),
        Text("Ctrl-C stops the hub. To check it, run in another terminal: "),
    ]
    parts[-1].append("unrolled hub check")
    return Group(*parts)


def _shorten_list(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - 4} more" if len(names) > 5 else ""
    return ", ".join(names[: 4 if more else 5]) + more


def render_hub_check(report: HubCheck) -> Group:
    """The findings, and how to mend what does not hold."""
    table = Listing(box=None, header_style="bold", pad_edge=False)
    table.add_columns("", "what", "found", prose=("what", "found"))
    for finding in report.findings:
        mark = Text("holds", "green") if finding.holds else Text("FAILS", "bold red")
        table.add_row(mark, Text(finding.what), Text(finding.found.strip()))
        if not finding.holds:
            table.add_row("", Text(f"to fix it: {finding.mend}", "yellow"), "")
    good = sum(finding.holds for finding in report.findings)
    return Group(table, Text(f"{good} of {len(report.findings)} hold", "bold"))
