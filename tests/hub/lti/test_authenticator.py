"""Signing in from Canvas: the right account, or none and a page that helps."""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests
from support.lti_stand_in import CLAIM, DEPLOYMENT, StandInCanvas, new_key
from support.sign_in_hub import SignInHub, enrol, place_plan, running_hub, write_lti
from support.waits import run_async
from tornado.web import HTTPError
from traitlets.config import Config

from unrolled.hub.lti.authenticator import (
    CanvasAuthenticator,
    build_app_settings,
    configure_canvas,
    make_refusal,
)
from unrolled.hub.lti.identity import CUSTOM_CLAIM, parse_identity

STUDENTS = {
    "ada": {"lms_user_id": "17", "login": "ada", "sis_id": "S17"},
    "emmy": {"lms_user_id": "18", "login": "emmy", "sis_id": "S18"},
    "twin_a": {"login": "twin"},
    "twin_b": {"login": "twin"},
    "instructor": {"lms_user_id": "66", "login": "instructor"},
    "grader-unrolled": {"lms_user_id": "67", "login": "grader-unrolled"},
    "root": {"lms_user_id": "68", "login": "root"},
    "daemon": {"lms_user_id": "69", "login": "daemon"},
    "Grace.Hopper@example.edu": {"lms_user_id": "70"},
}
TEACHER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignInHub]:
    """A hub with some students, read as whoever runs the tests."""
    folder = tmp_path_factory.mktemp("hub")
    with running_hub(folder, getpass.getuser()) as running:
        enrol(running.course, STUDENTS)
        yield running


def test_a_student_from_canvas_is_signed_in(hub: SignInHub) -> None:
    """Does a message that Canvas signed sign in as the account the roster gave?"""
    who, answer = hub.launch()
    assert (who, answer.status_code) == ("ada", 302)
    assert answer.headers["Location"].startswith("/hub/")


def test_a_student_who_was_enrolled_later_gets_in(hub: SignInHub) -> None:
    """Are the records read at each sign-in, and is the newcomer in the group?"""
    custom = {"canvas_id": 99, "login": "late"}
    assert hub.launch(custom=custom)[0] == ""
    enrol(hub.course, STUDENTS | {"late": {"lms_user_id": "99"}})
    assert hub.launch(custom=custom)[0] == "late"
    assert hub.groups("late") == ["nbgrader-unrolled"]


def test_staff_come_by_the_table(hub: SignInHub) -> None:
    """Does the id in lti.toml sign in as the instructor, in no students' group?"""
    who, _ = hub.launch(sub="sub-of-the-instructor", custom={"canvas_id": 66})
    assert who == "instructor"
    assert hub.groups("instructor") == ["formgrade-unrolled"]


FORGED: dict[str, dict[str, Any]] = {
    "signature": {"key": new_key()},
    "nonce": {"nonce": "0" * 64},
    "issuer": {"iss": "https://evil.example.org"},
    "audience": {"aud": "10000000000099", "azp": "10000000000099"},
    "second audience": {"aud": ["10000000000012", "other"], "azp": "other"},
    "expired": {"exp": 1_000_000_000},
    "too old": {"iat": 1_000_000_000},
    "no nonce": {"nonce": None},
}


@pytest.mark.parametrize("fault", FORGED)
def test_a_message_that_is_not_canvas_s_is_refused(hub: SignInHub, fault: str) -> None:
    """Is nobody signed in by a message that is wrong in one thing?"""
    who, answer = hub.launch(**FORGED[fault])
    assert who == ""
    assert answer.status_code in (400, 401)


def test_a_message_without_a_signature_is_refused(hub: SignInHub) -> None:
    """Is a message that says it needs no key, or has a shared one, refused?"""
    session = requests.Session()
    state, nonce = hub.begin(session)
    for algorithm, key in (("none", None), ("HS256", "k" * 32)):
        claims = hub.canvas.claims(nonce)
        message = jwt.encode(claims, key, algorithm, headers={"kid": "one"})
        assert hub.finish(session, state, message).status_code == 400
    assert hub.who(session) == ""


def test_a_message_for_another_browser_is_refused(hub: SignInHub) -> None:
    """Is a good message with another state, or without our cookies, refused?"""
    session = requests.Session()
    state, nonce = hub.begin(session)
    message = hub.canvas.message(nonce)
    assert hub.finish(session, "another", message).status_code == 400
    assert hub.finish(requests.Session(), state, message).status_code == 400
    assert hub.who(session) == ""


def test_behind_tls_cookies_come_back_from_canvas(hub: SignInHub) -> None:
    """Behind a TLS front, is Canvas told https, and may it send our cookies back?"""
    answer = requests.get(
        f"{hub.url}/hub/lti13/oauth_login",
        params={"iss": "x", "login_hint": "x", "target_link_uri": "https://h/hub"},
        headers={"X-Forwarded-Proto": "https", "Host": "hub.example.edu"},
        allow_redirects=False,
        timeout=120,
    )
    sent = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert sent["redirect_uri"] == ["https://hub.example.edu/hub/lti13/oauth_callback"]
    cookies = answer.headers["Set-Cookie"]
    assert cookies.count("SameSite=None; Secure") == 2


NOT_HERE: dict[str, tuple[dict[str, Any], str]] = {
    "unknown": ({"custom": {"canvas_id": 404, "login": "who"}}, "not on this course"),
    "nothing told": ({"custom": {}}, "did not say who you are"),
    "unexpanded": ({"custom": {"canvas_id": "$Canvas.user.id"}}, "did not say who"),
    "two with one login": ({"custom": {"login": "twin"}}, "2 students here"),
    "another course": (
        {"deployment_id": "13:other"},
        "does not belong to the course",
    ),
    "a name of staff": ({"custom": {"canvas_id": 66}}, "cannot be a student"),
    "a teacher's role": (
        {"custom": {"login": "instructor"}, "roles": [TEACHER]},
        "cannot be a student",
    ),
    "teacher unlisted": (
        {"custom": {"canvas_id": 5}, "roles": [TEACHER]},
        "not on this course",
    ),
    "the grader": ({"custom": {"canvas_id": 67}}, "cannot be a student"),
    "root": ({"custom": {"canvas_id": 68}}, "cannot be a student"),
    "a system account": ({"custom": {"canvas_id": 69}}, "cannot be a student"),
    "no account's name": ({"custom": {"canvas_id": 70}}, "cannot be a student"),
    "e-mail alone": ({"custom": {}, "email": "ada@example.edu"}, "did not say who"),
}


@pytest.mark.parametrize("person", NOT_HERE)
def test_who_is_not_a_student_here_is_told_what_to_do(
    hub: SignInHub, person: str
) -> None:
    """Is nobody signed in, and does the page say why and what to send to whom?"""
    changed, why = NOT_HERE[person]
    who, answer = hub.launch(**changed)
    assert (who, answer.status_code) == ("", 403)
    assert why in answer.text
    assert "Send this to your instructor" in answer.text
    assert "sub-of-ada" in answer.text


def test_the_sign_in_page_takes_no_names(hub: SignInHub) -> None:
    """Is the bare page there for browsers, but no way in with a form of one's own?"""
    session = requests.Session()
    page = session.get(f"{hub.url}/hub/login", timeout=60)
    assert page.status_code == 200
    assert "Open the course in Canvas" in page.text
    form = {"sub": "sub-of-the-instructor", f"{CLAIM}deployment_id": DEPLOYMENT}
    form |= {"_xsrf": session.cookies.get("_xsrf", path="/hub/") or ""}
    answer = session.post(f"{hub.url}/hub/login", data=form, timeout=60)
    assert answer.status_code == 405
    assert hub.who(session) == ""


def test_only_a_checked_message_is_believed() -> None:
    """Does the authenticator refuse the same values from any other page?"""
    claims = StandInCanvas().claims("nonce", sub="sub-of-the-instructor")
    ours = CanvasAuthenticator(
        deployments={DEPLOYMENT}, staff={"sub-of-the-instructor": "instructor"}
    )
    with pytest.raises(HTTPError, match="Sign in from Canvas"):
        run_async(ours.authenticate(object(), claims))


def test_canvas_gets_settings_that_ask_for_no_rights(hub: SignInHub) -> None:
    """Do the app's settings have what Canvas requires, and no scope?"""
    document = requests.get(f"{hub.url}/hub/lti13/config", timeout=120).json()
    assert document["scopes"] == []
    assert document["oidc_initiation_url"] == f"{hub.url}/hub/lti13/oauth_login"
    assert document["public_jwk"].keys() == {"kty", "n", "e", "alg", "use", "kid"}
    assert document == build_app_settings(f"{hub.url}/hub/", document["public_jwk"])


def test_the_records_are_unreadable(hub: SignInHub) -> None:
    """Is a student told, and the reason logged, when the gradebook is no gradebook?"""
    book = hub.course.root / "gradebook.db"
    kept = book.read_bytes()
    try:
        book.write_bytes(b"no database at all")
        who, answer = hub.launch()
    finally:
        book.write_bytes(kept)
    assert (who, answer.status_code) == ("", 403)
    assert "could not read" in answer.text
    log = (hub.plan.state / "log").read_text()
    assert "file is not a database" in log


def test_a_name_from_canvas_is_shown_as_text() -> None:
    """Does a name with HTML in it do nothing in the page?"""
    person = parse_identity({"sub": "<b>", "name": "<script>alert(1)</script>"})
    page = vars(make_refusal(person, "no <i>reason</i>"))["jupyterhub_html_message"]
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page


def test_the_configuration_has_traits_that_exist(tmp_path: Path) -> None:
    """Is every value we set a trait of the class, and of its kind?"""
    plan, config = place_plan(tmp_path), Config()
    with StandInCanvas() as canvas:
        write_lti(plan, canvas)
        configure_canvas(config, plan)
    known = CanvasAuthenticator.class_traits(config=True)
    assert config.CanvasAuthenticator.keys() <= known.keys()
    ours = CanvasAuthenticator(config=config)
    assert ours.reader == "grader-unrolled"
    assert ours.python == str(plan.staff_env / "bin/python")
    assert ours.reserved == {"root", "grader-unrolled", "instructor", "ta"}
    made = json.loads((plan.state / "lti_public_key.json").read_text())
    assert ours.public_key == made
    assert "d" not in made


def test_all_that_is_asked_of_canvas_is_read() -> None:
    """Does a person arrive whole by the settings that Canvas was given?"""
    asked = build_app_settings("https://hub.example.edu/hub/", {})["custom_fields"]
    told = {
        "$Canvas.user.id": "17",
        "$Canvas.user.loginId": "ada",
        "$Canvas.user.sisSourceId": "S17",
    }
    person = parse_identity(
        {CUSTOM_CLAIM: {key: told[word] for key, word in asked.items()}}
    )
    assert (person.canvas_id, person.login, person.sis_id) == ("17", "ada", "S17")
    unknown = parse_identity(
        {CUSTOM_CLAIM: asked}
    )  # Canvas leaves what it does not know
    assert (unknown.canvas_id, unknown.login, unknown.sis_id) == ("", "", "")
