"""deploy/kubernetes: every key is one that its reader knows, every name agrees."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jupyterhub.app import JupyterHub
from jupyterhub.auth import Authenticator
from kubernetes_asyncio import client
from ltiauthenticator.lti13.auth import LTI13Authenticator
from support.deploy_files import DEPLOY, PLAN, documents

from unrolled.hub.setup.hub_config import (
    make_authoring_service,
    make_formgrader_service,
    make_grading_service,
)

# Keys of the chart's own values.yaml (3.0 read in its source, 4.x in parts; the
# chart cannot be fetched here). Below a name that ends with .* are keys of one's own.
CHART = (
    *("custom.*", "hub.config.JupyterHub.*", "hub.config.Authenticator.*"),
    *("hub.config.LTI13Authenticator.*", "hub.db.type", "hub.services.*"),
    *("hub.podSecurityContext.fsGroup", "hub.initContainers"),
    *("hub.extraVolumes", "hub.extraVolumeMounts", "singleuser.image.name"),
    *("singleuser.image.tag", "singleuser.cmd", "singleuser.fsGid"),
    *("singleuser.allowPrivilegeEscalation", "singleuser.startTimeout"),
    *("singleuser.memory.guarantee", "singleuser.memory.limit"),
    *("singleuser.cpu.guarantee", "singleuser.cpu.limit", "singleuser.extraEnv.*"),
    *("singleuser.storage.type", "singleuser.storage.capacity"),
    *("singleuser.storage.homeMountPath", "singleuser.storage.extraVolumes"),
    "singleuser.storage.extraVolumeMounts",
    "singleuser.cloudMetadata.blockWithIptables",
    *("singleuser.networkPolicy.enabled", "cull.enabled", "cull.timeout"),
    *("proxy.https.enabled", "proxy.https.hosts"),
    "proxy.https.letsencrypt.contactEmail",
)
(VALUES,) = documents("kubernetes/values.yaml")
GRADER, SERVICE, _ = documents("kubernetes/grader.yaml")
CONTAINERS = {c["name"]: c for c in GRADER["spec"]["template"]["spec"]["containers"]}


def leaves(value: Any, name: str = "") -> list[str]:
    """The dotted names of all values that are no tables."""
    if not isinstance(value, dict):
        return [name]
    return [
        leaf for k, v in value.items() for leaf in leaves(v, f"{name}.{k}".strip("."))
    ]


def test_the_chart_knows_every_key() -> None:
    """Does values.yaml use only keys that the chart has?"""
    for leaf in leaves(VALUES):
        assert any(
            leaf == key or (key.endswith(".*") and leaf.startswith(key[:-1]))
            for key in CHART
        ), leaf


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("JupyterHub", JupyterHub),
        ("Authenticator", Authenticator),
        ("LTI13Authenticator", LTI13Authenticator),
    ],
)
def test_hub_config_names_traits(name: str, known: Any) -> None:
    """Is everything below hub.config a configurable trait of the real class?"""
    assert (
        VALUES["hub"]["config"][name].keys() <= known.class_traits(config=True).keys()
    )


MODELS = {
    "Deployment": "V1Deployment",
    "Job": "V1Job",
    "NetworkPolicy": "V1NetworkPolicy",
    "PersistentVolumeClaim": "V1PersistentVolumeClaim",
    "Service": "V1Service",
}


def check(value: Any, kind: str, where: str) -> None:
    """Raise if a value has a key that Kubernetes's own model of it has not."""
    if isinstance(value, list):
        inner = re.fullmatch(r"list\[(.*)\]", kind)
        assert inner, f"{where}: {kind} is no list"
        for index, one in enumerate(value):
            check(one, inner[1], f"{where}[{index}]")
    elif isinstance(value, dict) and not kind.startswith("dict("):
        model = getattr(client, kind)
        kinds = {model.attribute_map[k]: v for k, v in model.openapi_types.items()}
        for key, inner_value in value.items():
            assert key in kinds, f"{where}: {kind} has no {key}"
            check(inner_value, kinds[key], f"{where}.{key}")
    else:
        simple = {"str": str, "int": int, "bool": bool}
        if kind in simple:
            assert isinstance(value, simple[kind]), f"{where}: {value!r} is no {kind}"


def resources() -> list[tuple[str, Any]]:
    """All resources of the examples, but for Dask's own kind."""
    files = ("shared", "grader", "dask")
    found = [(f, d) for f in files for d in documents(f"kubernetes/{f}.yaml")]
    return [(f, d) for f, d in found if d["kind"] != "DaskCluster"]


@pytest.mark.parametrize("file, resource", resources())
def test_kubernetes_knows_every_key(file: str, resource: Any) -> None:
    """Does each resource have only keys, and kinds of values, of Kubernetes's API?"""
    check(resource, MODELS[resource["kind"]], f"{file} {resource['kind']}")


def test_a_key_that_is_wrong_is_found() -> None:
    """Would the check notice a key in the wrong place, or a number for a text?"""
    cases: list[Any] = [{"spec": {"podSelectors": {}}}, {"metadata": {"name": 1}}]
    for wrong in cases:
        with pytest.raises(AssertionError):
            check(wrong, "V1NetworkPolicy", "")


def test_dask_s_pods_are_known_to_kubernetes() -> None:
    """Are the pods and the service of the Dask cluster well-formed?"""
    cluster, _ = documents("kubernetes/dask.yaml")
    spec = cluster["spec"]
    assert spec.keys() == {"worker", "scheduler"}
    check(spec["worker"]["spec"], "V1PodSpec", "worker")
    check(spec["scheduler"]["spec"], "V1PodSpec", "scheduler")
    check(spec["scheduler"]["service"], "V1ServiceSpec", "service")
    name = f"tcp://{cluster['metadata']['name']}-scheduler:8786"
    assert name in spec["worker"]["spec"]["containers"][0]["args"]


SERVICES = {
    "formgrader": make_formgrader_service,
    "authoring": make_authoring_service,
    "grading": make_grading_service,
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_runs_what_the_hub_on_one_machine_runs(name: str) -> None:
    """Are command, folder, port and service name those of `unrolled hub`?"""
    service, container = SERVICES[name](PLAN), CONTAINERS[name]
    assert container["command"] == service["command"]
    assert container["workingDir"] == service["cwd"]
    port = int(service["url"].rsplit(":", 1)[1])
    assert [p["containerPort"] for p in container["ports"]] == [port]
    assert {"name": name, "port": port} in SERVICE["spec"]["ports"]
    hub = VALUES["hub"]["services"][service["name"]]
    assert hub["url"] == f"http://{SERVICE['metadata']['name']}:{port}"
    assert hub["oauth_no_confirm"] is service["oauth_no_confirm"] is True


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_told_what_jupyterhub_tells_its_own(name: str) -> None:
    """Has each container the environment that a service needs, with its token?"""
    service = SERVICES[name](PLAN)["name"]
    given = {e["name"]: e for e in CONTAINERS[name]["env"]}
    values = {k: e.get("value") for k, e in given.items()}
    assert values["JUPYTERHUB_SERVICE_NAME"] == service
    assert values["JUPYTERHUB_SERVICE_PREFIX"] == f"/services/{service}/"
    assert values["JUPYTERHUB_CLIENT_ID"] == f"service-{service}"
    assert values["JUPYTERHUB_OAUTH_CALLBACK_URL"].startswith(f"/services/{service}/")
    scopes = json.loads(values["JUPYTERHUB_OAUTH_ACCESS_SCOPES"] or "")
    assert scopes == [f"access:services!service={service}"]
    image = make_authoring_service(PLAN)["environment"]
    own = SERVICES[name](PLAN)["environment"].items() - image.items()
    assert own <= values.items()
    token = given["JUPYTERHUB_API_TOKEN"]["valueFrom"]["secretKeyRef"]
    assert token == {"name": "hub", "key": f"hub.services.{service}.apiToken"}


def test_places_are_those_of_the_hub_on_one_machine() -> None:
    """Are exchange, grader's home and user table mounted where programs look?"""
    mounts = {m["mountPath"]: m for m in CONTAINERS["formgrader"]["volumeMounts"]}
    assert mounts[str(PLAN.exchange)]["subPath"] == "exchange"
    assert mounts[str(PLAN.course_root.parent)]["name"] == "home"
    assert mounts["/var/lib/extrausers"]["readOnly"] is True
    students = VALUES["singleuser"]["storage"]["extraVolumeMounts"]
    places = {m["mountPath"]: m for m in students}
    assert places[str(PLAN.exchange)]["subPath"] == "exchange"
    assert places["/var/lib/extrausers"]["readOnly"] is True
    assert str(PLAN.course_root.parent) not in places


def test_the_hub_s_pod_hands_the_exchange_to_nobody() -> None:
    """Has it no fsGroup, and does a container make the database its own?"""
    hub = VALUES["hub"]
    assert hub["podSecurityContext"] == {"fsGroup": None}
    (first,) = hub["initContainers"]
    check(first, "V1Container", "own-database")
    assert [m["mountPath"] for m in first["volumeMounts"]] == ["/srv/jupyterhub"]
    assert first["securityContext"]["capabilities"]["drop"] == ["ALL"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_bounds_and_is_watched(name: str) -> None:
    """Are memory and processors asked for and bounded, and is a dead server seen?"""
    container = CONTAINERS[name]
    (port,) = (p["containerPort"] for p in container["ports"])
    for bound in ("requests", "limits"):
        assert container["resources"][bound].keys() == {"cpu", "memory"}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert container[probe]["tcpSocket"] == {"port": port}
    first = GRADER["spec"]["template"]["spec"]["initContainers"]
    assert all("limits" in c["resources"] for c in first)


def test_the_chart_is_one_that_was_mended() -> None:
    """Do values and docs name the same version, 4.4 or newer, and where it is from?"""
    guide = (DEPLOY.parent / "docs/many-machines.md").read_text()
    values = (DEPLOY / "kubernetes/values.yaml").read_text()
    for page in (guide, values):
        assert "helm repo add jupyterhub" in page
        (version,) = set(re.findall(r"--version (\d+\.\d+)\.\d+", page))
        assert tuple(map(int, version.split("."))) >= (4, 4)


def test_every_claim_is_made_somewhere() -> None:
    """Is each volume that a pod names one that shared.yaml makes?"""
    made = {
        d["metadata"]["name"]
        for d in documents("kubernetes/shared.yaml")
        if d["kind"] == "PersistentVolumeClaim"
    }
    for file in DEPLOY.glob("kubernetes/*.yaml"):
        named = set(re.findall(r"claimName: (\S+)", file.read_text()))
        assert named <= made, file
