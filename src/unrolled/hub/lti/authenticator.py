"""The authenticator for sign-in from Canvas (LTI 1.3): from a person to an account.

`jupyterhub-ltiauthenticator` checks the signature, issuer, audience, age, state and
nonce of Canvas's message. What is added here: which person of the course it is, read
anew at each sign-in; staff by an explicit table only; pages that say what to do.

Of a message's parts, Canvas alone writes `sub`, `name`, `email` and the deployment id;
`custom` can be changed by whoever may edit the course that the link stands in. So staff
are known by `sub`, and only links of this course's deployment are taken.
"""

from __future__ import annotations

import asyncio
import html
import json
import os
import pwd
import subprocess
import uuid
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jupyterhub.handlers.login import LoginHandler
from jupyterhub.utils import url_path_join
from jwt.algorithms import RSAAlgorithm
from ltiauthenticator.lti13.auth import LTI13Authenticator
from ltiauthenticator.lti13.error import InvalidAudienceError, ValidationError
from ltiauthenticator.lti13.handlers import (
    LTI13CallbackHandler,
    LTI13ConfigHandler,
    LTI13LoginInitHandler,
)
from tornado.web import HTTPError
from traitlets import Bool, Dict, Set, Unicode

from unrolled.canvas.records import Student
from unrolled.course.hub import ACCOUNT_RULE
from unrolled.errors import UserError
from unrolled.hub.accounts import is_safe_account
from unrolled.hub.lti.identity import (
    SignedIdentity,
    SignInRefusedError,
    describe_identity,
    find_student,
    parse_identity,
    parse_students,
)
from unrolled.hub.lti.settings import read_lti_settings
from unrolled.hub.plan import HubPlan

READ_SECONDS = 20.0
SIGN_IN_HTML = (
    "<h1>Sign in from Canvas</h1><p>Open the course in Canvas and follow its link to "
    "this hub. Canvas then signs you in; you cannot sign in on this page.</p>"
)


def configure_canvas(config: Any, plan: HubPlan) -> None:
    """Let the hub of `plan` sign in from Canvas; UserError if lti.toml is not ready."""
    settings = read_lti_settings(plan)
    config.JupyterHub.authenticator_class = (
        "unrolled.hub.lti.authenticator.CanvasAuthenticator"
    )
    ours = config.CanvasAuthenticator
    ours.issuer = settings.issuer
    ours.authorize_url = settings.authorize_url
    ours.jwks_endpoint = settings.jwks_endpoint
    ours.client_id = set(settings.client_ids)
    ours.deployments = set(settings.deployments)
    ours.match_email = settings.match_email
    ours.staff = dict(settings.staff)
    ours.reserved = {"root", plan.grader, *plan.instructors, *plan.assistants}
    ours.students_group = f"nbgrader-{plan.course}"
    ours.course_root = str(plan.course_root)
    ours.reader = plan.grader
    ours.python = str(plan.staff_env / "bin" / "python")
    ours.public_key = ensure_public_key(plan.state / "lti_public_key.json")
    # `authenticate` has refused everybody else by then.
    ours.allow_all = True


class SignInHandler(LoginHandler):  # type: ignore[misc]
    """What somebody sees who did not come from Canvas; it takes no names."""

    async def post(self) -> None:
        """Refuse: this form does not exist."""
        raise HTTPError(405, "Sign in from Canvas.")


class LoginInitHandler(LTI13LoginInitHandler):  # type: ignore[misc]
    """The first step; its cookies come back although Canvas is another site."""

    def _set_oauth_cookie(self, key: str, value: str) -> None:
        # Back from another site a browser brings a cookie only with SameSite=None, and
        # it takes such a cookie only over https.
        secure = self.authenticator.get_uri_scheme(self.request) == "https"
        across = {"samesite": "None", "secure": True} if secure else {}
        self._set_cookie(
            key, value, encrypted=True, expires_days=1, httponly=True, **across
        )


class LaunchHandler(LTI13CallbackHandler):  # type: ignore[misc]
    """The second step: Canvas's signed message."""

    async def post(self) -> None:
        """Sign in whom the message is about; Canvas's keys are fetched meanwhile."""
        try:
            token = await asyncio.to_thread(self.decode_and_validate_launch_request)
        except InvalidAudienceError as error:
            raise HTTPError(401, str(error)) from error
        except ValidationError as error:
            raise HTTPError(400, str(error)) from error
        user = await self.login_user(token)
        if user is None:
            raise HTTPError(403, "Your account may not use this hub.")
        self.authenticator.join(user)
        await self.redirect_to_next_url(user)


class AppSettingsHandler(LTI13ConfigHandler):  # type: ignore[misc]
    """What a Canvas administrator gives to Canvas: /hub/lti13/config."""

    async def get(self) -> None:
        """The app's settings: it asks for no rights, only for who comes."""
        scheme = self.authenticator.get_uri_scheme(self.request)
        hub = f"{scheme}://{self.request.host}{self.hub.base_url}"
        self.set_header("Content-Type", "application/json")
        self.write(json.dumps(build_app_settings(hub, self.authenticator.public_key)))


def build_app_settings(hub: str, key: dict[str, str]) -> dict[str, Any]:
    """Settings for an LTI 1.3 app in Canvas; `hub` is the hub's address, with a /."""
    who = {"canvas_id": "$Canvas.user.id", "login": "$Canvas.user.loginId"}
    who |= {"sis_id": "$Canvas.user.sisSourceId"}
    link = {
        "placement": "course_navigation",
        "message_type": "LtiResourceLinkRequest",
        "windowTarget": "_blank",
        "target_link_uri": hub.rstrip("/"),
        "text": "JupyterHub",
    }
    return {
        "title": "JupyterHub",
        "description": "Notebooks of this course, signed in from Canvas",
        "target_link_uri": hub.rstrip("/"),
        "oidc_initiation_url": f"{hub}lti13/oauth_login",
        "scopes": [],
        "public_jwk": key,
        "custom_fields": who,
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "privacy_level": "public",
                "settings": {
                    "platform": "canvas.instructure.com",
                    "placements": [link],
                },
            }
        ],
    }


def make_refusal(identity: SignedIdentity, why: str) -> HTTPError:
    """The page for somebody who is not signed in, and what to send the instructor."""
    error = HTTPError(403, "%s", why, reason="Not signed in")
    details = describe_identity(identity)
    details += f"; id in Canvas {identity.sub}" if identity.sub else ""
    details += f"; deployment id {identity.deployment}" if identity.deployment else ""
    error.jupyterhub_html_message = (  # type: ignore[attr-defined]
        f"{html.escape(why)}</p><p>Send this to your instructor:</p><blockquote>"
        f"The hub does not let me in from Canvas. It says: {html.escape(why)} I am "
        f"{html.escape(details)}.</blockquote><p>For instructors: add students with "
        "<code>unrolled canvas roster</code>, and staff in <code>lti.toml</code>."
    )
    return error


class CanvasAuthenticator(LTI13Authenticator):  # type: ignore[misc]
    """Signs in the students of the course's records and the staff of a table."""

    login_service = "Canvas"
    login_handler = LoginInitHandler
    callback_handler = LaunchHandler
    config_handler = AppSettingsHandler

    deployments = Set(Unicode(), help="Where in Canvas people may come from.").tag(
        config=True
    )
    staff = Dict(help="Accounts of staff, by Canvas's `sub`.").tag(config=True)
    reserved = Set(Unicode(), help="Accounts that no student gets.").tag(config=True)
    match_email = Bool(help="Find students by e-mail, too.").tag(config=True)
    students_group = Unicode(help="The hub's group of students.").tag(config=True)
    course_root = Unicode(help="The course folder with the records.").tag(config=True)
    reader = Unicode(help="The account that reads the records.").tag(config=True)
    python = Unicode(help="The Python that reads the records.").tag(config=True)
    public_key = Dict(help="The public key that Canvas asks for.").tag(config=True)

    def login_url(self, base_url: str) -> str:
        """Where somebody is sent who is not signed in."""
        return str(url_path_join(base_url, "login"))

    def get_custom_html(self, base_url: str) -> str:
        """The sign-in page."""
        return SIGN_IN_HTML

    def get_handlers(self, app: Any) -> list[tuple[str, type]]:
        """The pages of signing in."""
        return [
            ("/login", SignInHandler),
            ("/lti13/oauth_login", self.login_handler),
            ("/lti13/oauth_callback", self.callback_handler),
            ("/lti13/config", self.config_handler),
        ]

    async def authenticate(self, handler: Any, data: Any = None) -> dict[str, Any]:
        """The account of the person in a message that was checked; 403 says why not."""
        if not isinstance(handler, LaunchHandler) or not data:
            raise HTTPError(403, "Sign in from Canvas.")
        identity = parse_identity(data)
        try:
            account = await self.find_account(identity)
        except SignInRefusedError as error:
            self.log.warning(
                "Canvas sign-in refused: %s (%s)", error, describe_identity(identity)
            )
            raise make_refusal(identity, str(error)) from error
        return {"name": account, "auth_state": None}

    async def find_account(self, identity: SignedIdentity) -> str:
        """The account of a person; SignInRefusedError says why there is none."""
        if identity.deployment not in self.deployments:
            raise SignInRefusedError(
                "This link does not belong to the course of this hub (deployment id "
                f"{identity.deployment or 'missing'})."
            )
        if identity.sub and identity.sub in self.staff:
            return str(self.staff[identity.sub])
        students = await asyncio.to_thread(self.read_students)
        student = find_student(identity, students, match_email=self.match_email)
        if not is_safe_account(student.name, set(self.reserved)):
            raise SignInRefusedError(
                f"The course's list calls you {student.name!r}. That cannot be a "
                f"student's account here ({ACCOUNT_RULE}), or it is somebody else's."
            )
        return student.name

    def read_students(self) -> list[Student]:
        """The course's students now, read as the grader.

        Raises SignInRefusedError if that fails.
        """
        # As the grader: root must not follow what links in the course folder point at.
        command = [self.python, "-I", "-m", "unrolled.hub.lti.identity"]
        try:
            done = subprocess.run(
                [*command, self.course_root],
                **_make_user_options(self.reader),
                cwd="/",
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=READ_SECONDS,
                check=True,
            )
            return parse_students(done.stdout)
        except (OSError, LookupError, ValueError, TypeError, AttributeError) as error:
            why: object = error
        except subprocess.SubprocessError as error:
            why = getattr(error, "stderr", None) or error
        self.log.error("cannot read the students of %s: %s", self.course_root, why)
        raise SignInRefusedError(
            "The hub could not read the course's list of students."
        )

    def join(self, user: Any) -> None:
        """Put a student who was enrolled since the hub's start into the group."""
        names = {group.name for group in user.orm_user.groups}
        if user.name not in self.reserved and self.students_group not in names:
            user.sync_groups([*names, self.students_group])


def _make_user_options(account: str) -> dict[str, Any]:
    """Arguments for a process of another account; only root can and must.

    Below its home PostgreSQL's driver looks for the account's password (~/.pgpass).
    """
    environment = {"PATH": os.defpath, "HOME": os.environ.get("HOME", "/")}
    if os.geteuid() != 0:
        return {"env": environment}
    entry = pwd.getpwnam(account)
    ids = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    return {"env": environment | {"HOME": entry.pw_dir}, **ids}


def ensure_public_key(path: Path) -> dict[str, Any]:
    """The key in `path`, as a JSON Web Key; it is made at first need.

    Canvas wants one of every app, which signs with it when it asks for something. This
    one never asks, so the private half is not kept at all.
    """
    try:
        if not path.exists():
            private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            key = RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
            public = {name: key[name] for name in ("kty", "n", "e")}
            public |= {"alg": "RS256", "use": "sig", "kid": uuid.uuid4().hex}
            path.write_text(json.dumps(public), encoding="utf-8")
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path}: {error}. Delete it, and a new key is made."
        ) from error
