"""Signing in with an account of the machine, through PAM itself.

The accounts are made in an /etc of the test's own, which only this hub sees.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
from support.sign_in_hub import free_port, hub_process, place_plan, wait_for, who

from unrolled.hub.plan import HubPlan

CONFIG = """
from pathlib import Path
from unrolled.hub.setup.hub_config import _configure_sign_in, list_groups
from unrolled.hub.plan import load_plan
from no_proxy import NoProxy

c = get_config()
plan = load_plan(Path({folder!r}))
_configure_sign_in(c, plan)
c.JupyterHub.load_groups = list_groups(plan)
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/hub/cookie_secret"
c.JupyterHub.redirect_to_server = False
"""
MAKE = """
mount --bind "$0" /etc
for name in zz-ada zz-instructor grader-unrolled zz-stranger; do
  useradd --no-create-home "$name" 2>/dev/null || usermod --unlock "$name" || true
done
for name in zz-ada zz-instructor zz-stranger root; do
  echo "$name:right-$name"
done | chpasswd
exec "$@"
"""
needs = [
    os.geteuid() != 0,
    not shutil.which("useradd"),
    not Path("/etc/pam.d").is_dir(),
]
pytestmark = pytest.mark.skipif(
    any(needs), reason="run the tests as root; apt-get install passwd libpam-modules"
)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a hub whose people are accounts."""
    folder = tmp_path_factory.mktemp("pam")
    plan: HubPlan = replace(
        place_plan(folder),
        sign_in="pam",
        instructors=("zz-instructor",),
        assistants=(),
        students=("zz-ada",),
    )
    plan.save()
    port = free_port()
    text = CONFIG.format(folder=str(plan.folder), port=port)
    (plan.state / "config.py").write_text(text)
    etc = folder / "etc"
    shutil.copytree("/etc", etc, symlinks=True)
    for rules in (etc / "pam.d").iterdir():  # a wrong password is told at once
        text = re.sub(r"^.*pam_faildelay.*$", "", rules.read_text(), flags=re.M)
        rules.write_text(
            re.sub(r"^(auth.*pam_unix\.so)", r"\1 nodelay", text, flags=re.M)
        )
    inside = ("unshare", "--mount", "sh", "-ec", MAKE, str(etc))
    with hub_process(plan, *inside) as process:
        wait_for(f"http://127.0.0.1:{port}", plan, process)
        yield f"http://127.0.0.1:{port}"


def sign_in(hub: str, name: str, password: str) -> str:
    """Fill in the form; who is signed in then."""
    session = requests.Session()
    session.get(f"{hub}/hub/login", timeout=60)
    mark = session.cookies.get("_xsrf", path="/hub/")
    form = {"username": name, "password": password, "_xsrf": mark or ""}
    session.post(f"{hub}/hub/login", data=form, allow_redirects=False, timeout=60)
    return who(hub, session)


@pytest.mark.parametrize("name", ["zz-ada", "zz-instructor"])
def test_the_account_s_password_signs_in(hub: str, name: str) -> None:
    """Does PAM take the account's own password, and no other?"""
    assert sign_in(hub, name, f"right-{name}") == name
    assert sign_in(hub, name, "wrong") == ""
    assert sign_in(hub, name, "") == ""


@pytest.mark.parametrize("name", ["grader-unrolled", "root", "zz-stranger"])
def test_an_account_is_not_enough(hub: str, name: str) -> None:
    """Are root and a stranger refused, password right, and the grader, who has none?"""
    assert sign_in(hub, name, f"right-{name}") == ""
    assert sign_in(hub, name, "") == ""


def test_the_machine_has_none_of_these_accounts(hub: str) -> None:
    """Were the accounts made for this hub only?"""
    done = subprocess.run(
        ["getent", "passwd", "zz-ada"], capture_output=True, timeout=300
    )
    assert done.returncode != 0
