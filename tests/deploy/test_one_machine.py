"""deploy/one-machine: files for a machine with systemd and a web server in front."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from support.deploy_files import DEPLOY, PLAN, ROOT, text, tool
from typer.testing import CliRunner

from unrolled.cli.app import app
from unrolled.course.hub import HubSettings
from unrolled.course.model import load_course
from unrolled.hub.setup.process import SERVER_SECONDS, STOP_SECONDS

UNIT = "one-machine/unrolled-hub.service"


def unit() -> configparser.ConfigParser:
    """The unit's sections."""
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text(UNIT))
    return parser


def test_the_unit_starts_a_command_that_exists() -> None:
    """Does it start `unrolled hub`, in a clone, from that clone's environment?"""
    service = unit()["Service"]
    program, *words = service["ExecStart"].split()
    assert program == f"{service['WorkingDirectory']}/.venv/bin/unrolled"
    assert words == ["hub"]
    assert CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


def test_the_unit_lets_the_hub_end_by_itself() -> None:
    """Is systemd more patient than the hub, and do servers outlive a hub that fails?"""
    service = unit()["Service"]
    whole = HubSettings().stop_seconds + STOP_SECONDS + SERVER_SECONDS + 15
    assert float(service["TimeoutStopSec"]) > whole
    assert service["KillMode"] == "process"
    program, *words = service["ExecReload"].split()
    assert program == service["ExecStart"].split()[0]
    assert words == ["hub", "restart"]


@pytest.mark.skipif(not tool("systemd-analyze"), reason="apt-get install systemd")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    """Does systemd know every key and value? (The command is put out of the way.)"""
    copy = tmp_path / "unrolled-hub.service"
    copy.write_text(re.sub(r"(Exec\w+)=.*", r"\1=/bin/true", text(UNIT)))
    command = ["systemd-analyze", "verify", "--man=no", str(copy)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    ours = [x for x in done.stderr.splitlines() if copy.name in x]
    assert ours == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "name", ["one-machine/nginx.conf", "one-machine/Caddyfile", "compose/Caddyfile"]
)
def test_the_web_server_sends_to_the_hub(name: str) -> None:
    """Does it hand on to where a hub of this course listens?"""
    sent = re.findall(r"(?:proxy_pass http://|reverse_proxy )([\d.:]+)", text(name))
    assert [f"http://{place}" for place in sent] == [PLAN.address]


@pytest.mark.skipif(not tool("nginx"), reason="apt-get install nginx-light")
def test_nginx_takes_its_file(tmp_path: Path) -> None:
    """Does nginx itself accept the configuration?"""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes"]
    make += ["-subj", "/CN=h", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(make, check=True, capture_output=True, timeout=300)
    site = text("one-machine/nginx.conf")
    site = re.sub(r"ssl_certificate .*", f"ssl_certificate {certificate};", site)
    site = re.sub(r"ssl_certificate_key .*", f"ssl_certificate_key {key};", site)
    whole = tmp_path / "nginx.conf"
    whole.write_text(f"pid {tmp_path}/pid; events {{}} http {{ {site} }}")
    nginx = str(tool("nginx"))
    done = subprocess.run(
        [nginx, "-t", "-q", "-c", str(whole)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(not tool("caddy"), reason="apt-get install caddy")
@pytest.mark.parametrize("name", ["one-machine/Caddyfile", "compose/Caddyfile"])
def test_caddy_takes_its_file(name: str, tmp_path: Path) -> None:
    """Does Caddy itself accept the configuration, and find nothing to reformat?"""
    env = os.environ | {"HUB_NAME": "hub.example.edu", "HOME": str(tmp_path)}
    command = ["caddy", "adapt", "--adapter", "caddyfile", "--config"]
    done = subprocess.run(
        [*command, str(DEPLOY / name)],
        capture_output=True,
        text=True,
        env=env,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert "hub.example.edu" in done.stdout
    assert "not formatted" not in done.stderr


@pytest.mark.parametrize("kind", ["password", "pam", "lti"])
def test_a_snippet_is_a_hub_table(kind: str, tmp_path: Path) -> None:
    """Does course.toml take the table, and does it say that kind of sign-in?"""
    course = (ROOT / "course.toml").read_text()
    course = re.sub(r"(?ms)^\[hub\].*?(?=^\[|\Z)", "", course)
    snippet = text(f"one-machine/sign-in-{kind}.toml")
    (tmp_path / "course.toml").write_text(f"{course}\n{snippet}")
    assert load_course(tmp_path).hub.sign_in == kind


def test_every_example_says_whether_it_was_run() -> None:
    """Is what no cluster has run marked so, in each file?"""
    for path in (DEPLOY / "kubernetes").glob("*.yaml"):
        assert "CHECKED ON PAPER" in path.read_text(), path
        assert list(yaml.safe_load_all(path.read_text()))
