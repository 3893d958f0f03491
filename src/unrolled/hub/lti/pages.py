"""The pages for signing in from Canvas, and the one for people who cannot."""

from __future__ import annotations

import asyncio
import html
import json
from typing import Any

from jupyterhub.handlers.login import LoginHandler
from ltiauthenticator.lti13.error import InvalidAudienceError, ValidationError
from ltiauthenticator.lti13.handlers import (
    LTI13CallbackHandler,
    LTI13ConfigHandler,
    LTI13LoginInitHandler,
)
from tornado.web import HTTPError

from unrolled.hub.lti.identity import Identity, describe_identity

SIGN_IN_HTML = (
    "<h1>Sign in from Canvas</h1><p>Open the course in Canvas and follow its link to "
    "this hub. Canvas then signs you in; you cannot sign in on this page.</p>"
)


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


def make_refusal(identity: Identity, why: str) -> HTTPError:
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
