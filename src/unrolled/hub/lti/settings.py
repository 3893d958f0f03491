"""The settings for sign-in from Canvas: `hub/lti.toml` in the hub's folder."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from unrolled.course.canvas import LOOPBACK
from unrolled.course.toml import TomlTable, load_toml
from unrolled.errors import UserError
from unrolled.hub.plan import HubPlan

LTI_FILE = "lti.toml"
TEMPLATE = """\
# How this hub knows Canvas (LTI 1.3); docs/many-machines.md says where each comes from.
# Only root may write here. After a change start the hub again.

# Three addresses. These are Canvas in the cloud; a Canvas of your own has others.
issuer = "https://canvas.instructure.com"
authorize_url = "https://sso.canvaslms.com/api/lti/authorize_redirect"
jwks_endpoint = "https://sso.canvaslms.com/api/lti/security/jwks"

# The number of the developer key that a Canvas administrator made for this hub.
client_ids = []              # for example ["10000000000012"]

# The deployment id of the app in this course: Settings > Apps > (gear) > Deployment Id.
# Whoever teaches another course can send other people's ids from there, so that only
# sign-ins from this course are taken. Leave it empty once: the page that refuses you
# shows the id.
deployments = []             # for example ["12:a94a8fe5ccb19ba61c4c0873d391e987"]

# Students are found by Canvas id, SIS id and login, as `unrolled canvas roster` wrote
# them. true also looks for the e-mail address. Students can change theirs in Canvas:
# only where your school does not let them.
match_email = false

# Who is staff here: an account of [hub] in course.toml, and that person's id in Canvas.
# Being a teacher in Canvas is not enough. Sign in once: the page that refuses you shows
# the id.
[staff]
# instructor = "b1946ac9-2492-4d23-8d1f-6e2f5a0b9c11"
"""


@dataclass(frozen=True, kw_only=True)
class LtiSettings:
    """Canvas's addresses, our ids there, and staff: accounts by Canvas's `sub`."""

    issuer: str
    authorize_url: str
    jwks_endpoint: str
    client_ids: frozenset[str]
    deployments: frozenset[str]
    match_email: bool
    staff: Mapping[str, str]


def read_lti_settings(plan: HubPlan) -> LtiSettings:
    """Read the file; one with comments is written if there is none.

    Raises UserError that names the file and the key that is missing or wrong.
    """
    path = plan.state / LTI_FILE
    try:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            path.write_text(TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be written: {error.strerror}.") from error
    about = path.stat()
    # Whoever can write this file can sign in as anybody.
    if about.st_uid != os.geteuid() or about.st_mode & 0o022:
        raise UserError(
            f"{path}: only the hub's account may write to this file. Run "
            f"`chown root: {path} && chmod 600 {path}`."
        )
    table = load_toml(path)
    table.only(*LtiSettings.__dataclass_fields__)
    return LtiSettings(
        issuer=_read_address(table, "issuer"),
        authorize_url=_read_address(table, "authorize_url"),
        jwks_endpoint=_read_address(table, "jwks_endpoint"),
        client_ids=_read_texts(table, "client_ids", needed=True),
        deployments=_read_texts(table, "deployments"),
        match_email=table.switch("match_email"),
        staff=_read_staff(table, plan),
    )


def _read_address(table: TomlTable, key: str) -> str:
    text = table.text(key)
    parts = urlsplit(text)
    safe = parts.scheme == "https" or parts.hostname in LOOPBACK
    if not safe or not parts.hostname:
        raise table.fail(key, f"{text!r} is not an address that begins with https://")
    return text


def _read_texts(table: TomlTable, key: str, *, needed: bool = False) -> frozenset[str]:
    values = table.get(key, list, [])
    for value in values:
        if not isinstance(value, str) or not value.strip():
            raise table.fail(key, f"{value!r} is not a text in quotes")
    if needed and not values:
        raise table.fail(key, "is empty. Ask a Canvas administrator for the number")
    return frozenset(values)


def _read_staff(table: TomlTable, plan: HubPlan) -> dict[str, str]:
    """The account by the person's id in Canvas."""
    staff = table.table("staff")
    accounts = (*plan.instructors, *plan.assistants)
    accounts_by_id: dict[str, str] = {}
    for account in staff.values:
        if account not in accounts:
            raise staff.fail(
                account,
                "is not an instructor or assistant of [hub] in course.toml "
                f"({', '.join(accounts) or 'there are none'})",
            )
        person = staff.text(account)
        if person in accounts_by_id:
            raise staff.fail(account, f"has the same id as {accounts_by_id[person]}")
        accounts_by_id[person] = account
    return accounts_by_id
