"""`hub/lti.toml`: a template to fill in, and errors that name file and key."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from support.lti_stand_in import CLIENT, DEPLOYMENT, StandInCanvas
from support.sign_in_hub import place_plan, write_lti

from unrolled.course.model import load_course
from unrolled.errors import UserError
from unrolled.hub.lti.settings import LTI_FILE, TEMPLATE, LtiSettings, read_lti_settings
from unrolled.hub.setup.start import prepare_hub


def test_a_missing_file_is_written_as_a_template(tmp_path: Path) -> None:
    """Is a commented file made that only its owner reads, and is it named?"""
    plan = place_plan(tmp_path)
    path = plan.state / LTI_FILE
    with pytest.raises(UserError, match=re.escape(f"{path}: client_ids: is empty")):
        read_lti_settings(plan)
    assert path.stat().st_mode & 0o777 == 0o600
    assert tomllib.loads(path.read_text()).keys() == set(
        LtiSettings.__dataclass_fields__
    )


def test_what_is_read(tmp_path: Path) -> None:
    """Do the values of the file arrive?"""
    plan = place_plan(tmp_path)
    with StandInCanvas() as canvas:
        write_lti(plan, canvas)
        read = read_lti_settings(plan)
    assert read.client_ids == {CLIENT}
    assert read.deployments == {DEPLOYMENT}
    assert read.staff == {"sub-of-the-instructor": "instructor"}
    assert not read.match_email


FAULTS = {
    'issuer = "https://canvas.instructure.com"': 'issuer = "http://canvas.example.edu"',
    'jwks_endpoint = "https': 'jwks_endpoint = "ftp',
    "client_ids = []": "client_ids = [12]",
    "deployments = []": 'deployments = "12:a"',
    "match_email = false": 'match_email = "no"',
    "match_email": "match_emails",
    "[staff]": '[staff]\nada = "x"',
    "# instructor": 'ta = "same"\ninstructor = "same"\n#',
}


@pytest.mark.parametrize("good", FAULTS)
def test_a_fault_is_named(tmp_path: Path, good: str) -> None:
    """Does an error name the file and the key that is wrong?"""
    plan = place_plan(tmp_path)
    path = plan.state / LTI_FILE
    usable = TEMPLATE.replace("client_ids = []", 'client_ids = ["1"]')
    text = (TEMPLATE if good == "client_ids = []" else usable).replace(
        good, FAULTS[good]
    )
    assert text not in (TEMPLATE, usable)
    path.touch(mode=0o600)
    path.write_text(text)
    key = re.search(r"\w+", FAULTS[good].split("\n")[-1]) or [""]
    with pytest.raises(UserError, match=f"{re.escape(str(path))}: .*{key[0]}"):
        read_lti_settings(plan)


def test_a_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """Can nobody but the hub's account say who is staff?"""
    plan = place_plan(tmp_path)
    path = plan.state / LTI_FILE
    path.write_text(TEMPLATE.replace("client_ids = []", 'client_ids = ["1"]'))
    path.chmod(0o660)
    with pytest.raises(UserError, match="chmod 600"):
        read_lti_settings(plan)
    path.chmod(0o600)
    read_lti_settings(plan)


def test_a_hub_does_not_begin_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Does `unrolled hub` say what is missing before it installs anything?"""
    plan = place_plan(tmp_path)
    monkeypatch.setattr("unrolled.hub.setup.start.make_plan", lambda course: plan)
    monkeypatch.setattr("unrolled.hub.setup.start.require_free", lambda plan: None)
    with pytest.raises(UserError, match=r"lti\.toml: client_ids"):
        prepare_hub(load_course(plan.course_root), print)
    assert not plan.staff_env.exists()
