"""deploy/kubernetes/hub_config.py against the real classes, down to the pod."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from kubernetes_asyncio.client import ApiClient
from kubespawner import KubeSpawner
from support.deploy_files import DEPLOY, PLAN
from support.waits import run_async
from tornado.web import HTTPError
from traitlets.config import Config

from unrolled.hub.setup.hub_config import list_groups, list_roles

CLASSES = {
    "JupyterHub": JupyterHub,
    "Authenticator": Authenticator,
    "KubeSpawner": KubeSpawner,
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The names of hub_config.py after the chart's hub has run it."""
    monkeypatch.setenv("UNROLLED_NAMES", str(tmp_path))
    for name in ("load_config", "shared_client"):  # there is no cluster to speak to
        monkeypatch.setattr(f"kubespawner.spawner.{name}", lambda *_, **__: None)
    return load()


def load() -> dict[str, Any]:
    """Run it as the chart does: its text, with `c`."""
    names: dict[str, Any] = {"c": Config()}
    code = (DEPLOY / "kubernetes/hub_config.py").read_text(encoding="utf-8")
    exec(compile(code, "hub_config.py", "exec"), names)
    return names


def test_everything_set_is_a_trait(hub: dict[str, Any]) -> None:
    """Does each class have the traits that are set, and take their values?"""
    config = hub["c"]
    assert config.keys() == CLASSES.keys()
    for name, known in CLASSES.items():
        assert config[name].keys() <= known.class_traits(config=True).keys()
    JupyterHub.clear_instance()
    JupyterHub(config=config)
    Authenticator(config=config)
    KubeSpawner(config=config, _mock=True)


def test_rights_are_those_of_the_hub_on_one_machine(hub: dict[str, Any]) -> None:
    """Are groups and roles the same as `unrolled hub` makes, for these people?"""
    plan = {f: getattr(PLAN, f) for f in PLAN.__dataclass_fields__}
    people = {"instructors": tuple(hub["INSTRUCTORS"]), "students": ()}
    ours = type(PLAN)(**plan | people | {"assistants": tuple(hub["ASSISTANTS"])})
    config = hub["c"].JupyterHub
    assert config.load_groups == list_groups(ours)

    def plain(given: list[dict[str, Any]]) -> dict[str, Any]:
        return {r["name"]: {**r, "scopes": sorted(r["scopes"])} for r in given}

    wanted = plain(list_roles(ours))
    del wanted["unrolled-check"]  # of `unrolled hub check`, on one machine
    del wanted["idle-culler"]  # the chart brings its own
    assert plain(config.load_roles) == wanted


def test_everybody_has_a_number_of_their_own_for_ever(hub: dict[str, Any]) -> None:
    """Are numbers distinct, the same after a restart, and never given again?"""
    names = [f"student-{i}" for i in range(50)]
    first = {n: hub["number_of"](n) for n in names}
    assert len({*first.values(), hub["GRADER_UID"]}) == 51
    again = load()
    assert {n: again["number_of"](n) for n in reversed(names)} == first
    assert again["number_of"]("newcomer") not in first.values()


def test_the_table_is_what_containers_look_users_up_in(hub: dict[str, Any]) -> None:
    """Do both files have the system's form, whole, readable, with the grader's line?"""
    number = hub["number_of"]("zz-ada")
    folder = hub["NAMES"]
    users = (folder / "passwd").read_text().splitlines()
    assert users == [
        "grader-unrolled:x:199999:199999::/home/grader-unrolled:/bin/bash",
        f"zz-ada:x:{number}:{number}::/home/student:/bin/bash",
    ]
    assert f"zz-ada:x:{number}:" in (folder / "group").read_text().splitlines()
    assert {p.stat().st_mode & 0o777 for p in folder.iterdir()} == {0o644}
    assert len(list(folder.iterdir())) == 2


BAD = (
    *("root", "jovyan", "grader-unrolled2", "daemon"),
    *("Ada", "a b", "a:0:0::/:", "../a", ""),
)


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_could_do_harm_gets_no_number(
    hub: dict[str, Any], name: str
) -> None:
    """Is a name refused that is the system's, a grader's, or would break the file?"""
    before = (hub["NAMES"] / "passwd").read_text()
    with pytest.raises(HTTPError, match="cannot be a user"):
        hub["number_of"](name)
    assert (hub["NAMES"] / "passwd").read_text() == before


def pod(hub: dict[str, Any], name: str) -> Any:
    """The pod that KubeSpawner asks Kubernetes for, as JSON."""
    import z2jh

    config = hub["c"]
    storage = z2jh.get_config("singleuser.storage")
    home = {"name": "home", "persistentVolumeClaim": {"claimName": f"claim-{name}"}}
    config.KubeSpawner.volumes = [home, *storage["extraVolumes"]]
    mount = {"name": "home", "mountPath": storage["homeMountPath"]}
    config.KubeSpawner.volume_mounts = [mount, *storage["extraVolumeMounts"]]
    config.KubeSpawner.allow_privilege_escalation = False
    spawner = KubeSpawner(config=config, _mock=True)
    server = SimpleNamespace(base_url=f"/user/{name}/")
    group = SimpleNamespace(name="others")
    spawner.user = SimpleNamespace(
        name=name,
        url=server.base_url,
        base_url=server.base_url,
        escaped_name=name,
        server=server,
        orm_user=SimpleNamespace(groups=[group]),
        id=1,
    )
    spawner.hub = SimpleNamespace(
        api_url="http://hub:8081/hub/api", base_url="/hub/", url="http://hub:8081/hub/"
    )
    spawner.api_token = "token"
    spawner.get_env = dict
    spawner.get_args = list
    made = run_async(spawner.get_pod_manifest())
    made = run_async(config.KubeSpawner.modify_pod_hook(spawner, made))
    return ApiClient.__new__(ApiClient).sanitize_for_serialization(made)


def test_a_student_s_pod(hub: dict[str, Any]) -> None:
    """Does the pod run with the student's number, alone in its group, without root?"""
    found = pod(hub, "zz-ada")["spec"]
    number = hub["number_of"]("zz-ada")
    (server,) = found["containers"]
    context = server["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (number, number)
    assert context["allowPrivilegeEscalation"] is False
    assert "fsGroup" not in found.get("securityContext", {})
    mounts = {m["mountPath"]: m for m in server["volumeMounts"]}
    assert mounts[str(PLAN.exchange)]["subPath"] == "exchange"
    assert mounts["/var/lib/extrausers"]["readOnly"] is True


def test_only_the_home_is_seen_by_root(hub: dict[str, Any]) -> None:
    """Does the one container that runs as root see the home volume and no other?"""
    found = pod(hub, "zz-emmy")["spec"]
    (first,) = found["initContainers"]
    number = hub["number_of"]("zz-emmy")
    assert first["securityContext"]["runAsUser"] == 0
    assert [m["mountPath"] for m in first["volumeMounts"]] == ["/home/student"]
    assert f"chown {number}:{number} /home/student" in first["command"][-1]
    assert first["securityContext"]["capabilities"]["drop"] == ["ALL"]


def test_a_student_joins_the_course_at_the_first_server(hub: dict[str, Any]) -> None:
    """Is a student put into nbgrader's group, and staff not?"""
    told: dict[str, list[str]] = {}
    for name in ("zz-ada", "mlovelace"):
        user = SimpleNamespace(
            name=name,
            orm_user=SimpleNamespace(groups=[SimpleNamespace(name="others")]),
            sync_groups=lambda names, name=name: told.update({name: sorted(names)}),
        )
        run_async(hub["join_course"](SimpleNamespace(user=user)))
    assert told == {"zz-ada": ["nbgrader-unrolled", "others"]}


def test_who_comes_from_another_course_is_refused(hub: dict[str, Any]) -> None:
    """Is only a message from the course's own deployment taken?"""
    check, key = hub["only_this_course"], hub["DEPLOYMENT"]
    good = {"name": "zz-ada", "auth_state": {key: min(hub["DEPLOYMENTS"])}}
    assert check(None, None, good) == good
    for state in ({key: "13:other"}, {}, None):
        with pytest.raises(HTTPError):
            check(None, None, {"name": "zz-ada", "auth_state": state})
    with pytest.raises(HTTPError):
        check(None, None, good | {"name": hub["GRADER"]})
