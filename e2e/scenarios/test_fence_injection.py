"""What the fence lets the operator do to Agents' workloads, on a real API server: the injection and its end, and of every mutant nothing more.

`permitted` says in Python what the fence says in CEL; the two are written apart and compared.
"""

import copy
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import pytest
from kubernetes import client

from e2e.cluster.existing import ExistingCluster
from e2e.cluster.folder import wait_until
from e2e.scenarios.fenced_install import DONE, INVALID, TRIAL, exchange, path_of, send
from e2e.scenarios.fenced_writes import Manifest, mutants
from e2e.scenarios.operated_world import Clusterful, agent
from e2e.scenarios.running_operator import Install, installed
from enc_operator.controller.fence import PREFIX
from enc_operator.core.agents.backends import Backend, BackendKind
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.injection.parts import config_map
from enc_operator.core.injection.planning import Order
from enc_operator.core.injection.writing import MARK, Decision, State, decide_injection
from enc_operator.core.inventory import Component, Flavour, SecretVolume, TargetFact, WorkloadFact
from enc_operator.core.syntax import Source
from enc_operator.frame import make_frame
from enc_operator.resolver_bundle import init_command

OURS = re.compile(
    r"(DD|STS)_SECRET_(BACKEND_(COMMAND|ARGUMENTS|TIMEOUT)|REFRESH_INTERVAL|SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE|ALLOWED_K8S_NAMESPACE)"
)
COMMANDS = {"/etc/enc/bin/resolver", "/readsecret_multiple_providers.sh", "/readsecret.sh", "/readsecret.py"}
NOW = datetime(2026, 1, 1, tzinfo=UTC)
VOLUME = SecretVolume("tls", "tls-keys", ("ca",), ())


@pytest.fixture(scope="module")
def fenced_in(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Install]:
    """Install the chart with injection."""
    if isinstance(tenants.cluster, ExistingCluster):
        pytest.skip("the operator's ServiceAccount is made an administrator: this cluster is somebody's")
    agents = {tenants.names["agents"]: ["node", "cluster"]}
    folder = tmp_path_factory.mktemp("fenced")
    with installed(
        tenants.cluster, tenants.names["operator"], folder, agents, injection={"enabled": True}
    ) as found:
        yield found


@pytest.fixture(scope="module")
def stolen(fenced_in: Install, tenants: Clusterful) -> Iterator[client.ApiClient]:
    """Return a client with the operator's token, to whom RBAC allows everything, once the fence holds."""
    name = f"{fenced_in.namespace}-stolen"
    account = f"--serviceaccount={fenced_in.namespace}:{fenced_in.account}"
    tenants.cluster.kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", account)
    trial = agent(tenants.names["agents"])
    with tenants.cluster.api_of(fenced_in.namespace, fenced_in.account) as api:
        trial["metadata"]["name"] = "trial"
        wait_until(
            lambda: PREFIX in send(api, "POST", f"{path_of(trial)}?{TRIAL}", trial)[1],
            "the fence holds",
            seconds=60,
        )
        yield api
    tenants.cluster.kubectl("delete", "clusterrolebinding", name)


@pytest.fixture(scope="module")
def live(stolen: client.ApiClient, tenants: Clusterful) -> Manifest:
    """Return an Agent as it is stored, with containers, volumes, mounts and an init container of its own."""
    manifest = agent(tenants.names["agents"])
    manifest["metadata"] |= {"annotations": {"example.com/a": "b"}}
    spec = manifest["spec"]["template"]["spec"]
    mounts = [{"name": "run", "mountPath": "/run", "readOnly": True}]
    spec["containers"][0] |= {"volumeMounts": mounts, "securityContext": {"runAsUser": 0}}
    spec["containers"].append(
        {"name": "system-probe", "image": "example.com/agent:7", "env": [{"name": "A", "value": "b"}]}
    )
    spec |= {
        "volumes": [{"name": "run", "hostPath": {"path": "/run"}}],
        "initContainers": [{"name": "init", "image": "example.com/agent:7"}],
    }
    tenants.apply(manifest)
    status, found = exchange(stolen, "GET", path_of(manifest, named=True))
    assert status == HTTPStatus.OK
    stored: Manifest = found
    del stored["metadata"]["resourceVersion"]  # the controller's status would make every write a conflict
    return stored


def decided(live: Manifest, install: str) -> Decision:
    """Return what the operator decides about a workload."""
    where = Where(Source("f"), ObjectRef("DaemonSet", live["metadata"]["namespace"], "agent"))
    workload = WorkloadFact(where, Component.NODE, Flavour.DATADOG, live, "label")
    target = TargetFact(None, live["metadata"]["namespace"], "", manage="Full", volumes=(VOLUME,))
    order = Order(workload, target, Backend(BackendKind.BUILTIN))
    return decide_injection(order, make_frame(NOW, frozenset()).resolver, (), install)


def injected(live: Manifest, install: str) -> Manifest:
    """Return a workload as the operator writes it."""
    decision = decided(live, install)
    assert decision.state is State.ABSENT
    found = copy.deepcopy(live)
    found["spec"]["template"]["spec"] = copy.deepcopy(dict(decision.spec or {}))
    found["metadata"]["annotations"][MARK] = install
    return found


def test_of_every_mutant_the_injection_passes(
    stolen: client.ApiClient, live: Manifest, fenced_in: Install
) -> None:
    """Each value of an injected workload removed, replaced, doubled, emptied: what the model permits passes, the fence refuses the rest."""
    install = fenced_in.settings["install"]
    good = injected(live, install)
    refused = 0
    for what, mutant in [("nothing", good), *mutants(good), *worse(good)]:
        metadata = mutant.get("metadata", {})
        if any(metadata.get(field) != good["metadata"][field] for field in ("name", "namespace", "uid")):
            continue
        status, answer = exchange(stolen, "PUT", f"{path_of(good, named=True)}?{TRIAL}", mutant)
        if status in {*INVALID, HTTPStatus.CONFLICT}:
            continue
        assert status in DONE or PREFIX in answer["message"], f"{what}: {status} {answer}"
        allowed = permitted(live, answer if status in DONE else mutant, install)
        assert (status in DONE) == allowed, f"{what}: {status} {answer.get('message', '')}"
        refused += status == HTTPStatus.FORBIDDEN

    assert refused >= 200


def worse(good: Manifest) -> Iterator[tuple[str, Manifest]]:
    """Yield what a thief would add to an injected workload."""
    pod: tuple[tuple[str, Any], ...] = (
        ("hostPID", True), ("hostNetwork", True), ("hostIPC", True), ("serviceAccountName", "default"),
        ("shareProcessNamespace", True), ("priorityClassName", "system-node-critical"), ("runtimeClassName", "a"),
        ("securityContext", {"runAsUser": 0}), ("nodeName", "a"), ("ephemeralContainers", [{"name": "a", "image": "a"}]),
        ("imagePullSecrets", [{"name": "a"}]), ("tolerations", [{"operator": "Exists"}]),
    )  # fmt: skip
    for key, value in pod:
        yield f"pod's {key}", _with(good, (), key, value)
    container: tuple[tuple[str, Any], ...] = (
        ("command", ["id"]), ("args", ["a"]), ("image", "evil"), ("securityContext", {"privileged": True}),
        ("lifecycle", {"postStart": {"exec": {"command": ["id"]}}}), ("restartPolicy", "Always"),
        ("envFrom", [{"secretRef": {"name": "a"}}]), ("livenessProbe", {"exec": {"command": ["id"]}}),
        ("workingDir", "/"), ("volumeDevices", [{"name": "run", "devicePath": "/a"}]), ("tty", True),
        ("env", [{"name": "LD_PRELOAD", "value": "a"}]), ("volumeMounts", [{"name": "run", "mountPath": "/host"}]),
        ("env", [{"name": "DD_SECRET_BACKEND_TIMEOUT", "valueFrom": {"secretKeyRef": {"name": "a", "key": "b"}}}]),
        ("env", [{"name": "DD_SECRET_BACKEND_COMMAND", "value": "/bin/sh"}]),
    )  # fmt: skip
    for place in (("containers", 0), ("initContainers", 0), ("initContainers", 1)):
        for key, value in container:
            yield f"{key} of {place}", _with(good, place, key, value)
    yield "another volume", _with(good, ("volumes", 1), "hostPath", {"path": "/"})
    for index, name in ((1, "enc-resolver"), (3, "enc-secret-tls")):
        volume = {"name": name, "hostPath": {"path": "/"}}
        yield f"the host behind {name}", _with(good, ("volumes",), index, volume)
    containers = good["spec"]["template"]["spec"]["containers"]
    yield "another container", _with(good, (), "containers", [*containers, {"name": "evil", "image": "evil"}])
    yield "other order", _with(good, (), "containers", containers[::-1])
    inits = good["spec"]["template"]["spec"]["initContainers"]
    yield (
        "a second init container",
        _with(good, (), "initContainers", [*inits, {"name": "evil", "image": "evil"}]),
    )
    yield "another mark", {**good, "metadata": {**good["metadata"], "annotations": {MARK: "another"}}}


def _with(good: Manifest, place: tuple[str | int, ...], key: str | int, value: Any) -> Manifest:
    changed = copy.deepcopy(good)
    found = changed["spec"]["template"]["spec"]
    for step in place:
        found = found[step]
    found[key] = value
    return changed


def permitted(old: Manifest, new: Manifest, install: str) -> bool:
    """Tell whether the operator may make one workload of another."""
    marks = {each["metadata"].get("annotations", {}).get(MARK, install) for each in (old, new)}
    return stripped(old) == stripped(new) and marks == {install} and _ours_permitted(old, new)


def stripped(manifest: Manifest) -> Any:
    """Return what of a workload is not the injection's: what must stay as it is."""
    found = copy.deepcopy(manifest)
    spec = found["spec"]["template"]["spec"]
    spec["initContainers"] = [
        each for each in spec.get("initContainers") or () if each["name"] != "enc-resolver"
    ]
    spec["volumes"] = [each for each in spec.get("volumes") or () if not is_ours(each)]
    for container in spec["containers"]:
        container["env"] = [each for each in container.get("env") or () if not OURS.fullmatch(each["name"])]
        container["volumeMounts"] = [
            each for each in container.get("volumeMounts") or () if not is_ours(each)
        ]
    metadata = found["metadata"]
    notes = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if key not in (MARK, "deprecated.daemonset.template.generation")
    }
    kept = {field: metadata.get(field) or None for field in ("labels", "finalizers", "ownerReferences")}
    return found["spec"], notes, kept


def is_ours(item: Mapping[str, Any]) -> bool:
    """Tell whether a volume or mount has a name of ours."""
    name = str(item["name"])
    return name in ("enc-resolver", "enc-payload") or name.startswith("enc-secret-")


def _ours_permitted(old: Manifest, new: Manifest) -> bool:
    before, after = (each["spec"]["template"]["spec"] for each in (old, new))
    images = {each["image"] for each in after["containers"]}
    inits = [each for each in after.get("initContainers") or () if each["name"] == "enc-resolver"]
    volumes = [each for each in after.get("volumes") or () if is_ours(each)]
    return (
        all(_init_permitted(each, images, after["containers"]) for each in inits)
        and all(_volume_permitted(each) for each in volumes)
        and all(
            _container_permitted(*pair)
            for pair in zip(before["containers"], after["containers"], strict=True)
        )
    )


def _init_permitted(init: Manifest, images: set[str], containers: list[Manifest]) -> bool:
    context = init.get("securityContext") or {}
    known = {"name", "image", "imagePullPolicy", "command", "env", "securityContext", "resources", "volumeMounts",
             "terminationMessagePath", "terminationMessagePolicy"}  # fmt: skip
    builtin = ["/etc/enc/payload", "/etc/enc/bin", "-", "/opt/datadog-agent/bin/agent/agent"]
    users = [each.get("securityContext") or {} for each in containers]
    said = {
        key: value
        for key, value in context.items()
        if key not in ("allowPrivilegeEscalation", "capabilities", "readOnlyRootFilesystem")
    }
    places = {"enc-resolver": "/etc/enc/bin", "enc-payload": "/etc/enc/payload"}
    return (
        init["image"] in images
        and init.keys() <= known
        and init.get("command") in (init_command(), init_command() + builtin)
        and all(each["name"] == "ENC_INJECTED" and "valueFrom" not in each for each in init.get("env") or ())
        and all(each.keys() <= {"name", "mountPath", "readOnly"} and places.get(each["name"]) == each["mountPath"]
                for each in init.get("volumeMounts") or ())
        and (context.get("allowPrivilegeEscalation"), context.get("capabilities")) == (False, {"drop": ["ALL"]})
        and all(any(user.get(key) == value for user in users) for key, value in said.items())
        and init.get("terminationMessagePath", "/dev/termination-log") == "/dev/termination-log"
    )  # fmt: skip


def _volume_permitted(volume: Manifest) -> bool:
    if volume["name"] == "enc-resolver":
        return volume in ({"name": "enc-resolver", "emptyDir": {}}, {"name": "enc-resolver"})
    if volume["name"] == "enc-payload":
        source = volume.get("configMap") or {}
        named = re.fullmatch(r"enc-resolver-[0-9a-f]{64}", source.get("name", ""))
        return volume.keys() <= {"name", "configMap"} and bool(named) and source.get("optional") is True
    secret = volume.get("secret") or {}
    right = (secret.get("optional"), secret.get("defaultMode"), bool(secret.get("items"))) == (
        True,
        0o400,
        True,
    )
    return volume.keys() <= {"name", "secret"} and right


def _container_permitted(old: Manifest, new: Manifest) -> bool:
    env = [
        each
        for each in new.get("env") or ()
        if OURS.fullmatch(each["name"]) and each not in (old.get("env") or ())
    ]
    mounts = [each for each in new.get("volumeMounts") or () if is_ours(each)]
    return all(
        each.keys() <= {"name", "value", "valueFrom"}
        and (each.get("valueFrom") or {}).keys() <= {"configMapKeyRef", "fieldRef"}
        and (not each["name"].endswith("_COMMAND") or each.get("value", "") in COMMANDS)
        for each in env
    ) and all(
        each.keys() <= {"name", "mountPath", "readOnly"}
        and each.get("readOnly") is True
        and each["mountPath"]
        == ("/etc/enc/bin" if each["name"] == "enc-resolver" else f"/etc/enc/secrets/{each['name'][11:]}")
        for each in mounts
    )


def test_the_end_of_an_injection_passes(
    stolen: client.ApiClient, live: Manifest, fenced_in: Install, tenants: Clusterful
) -> None:
    """What was there before may be written over what was injected."""
    good = injected(live, fenced_in.settings["install"])
    tenants.cluster.kubectl("replace", "-f", "-", text=json.dumps(good))
    _, stored = exchange(stolen, "GET", path_of(good, named=True))
    back = copy.deepcopy(stored)
    del back["metadata"]["resourceVersion"]
    back["spec"] = live["spec"]
    del back["metadata"]["annotations"][MARK]

    status, answer = exchange(stolen, "PUT", f"{path_of(good, named=True)}?{TRIAL}", back)

    assert status == HTTPStatus.OK, answer
    tenants.cluster.kubectl("replace", "-f", "-", text=json.dumps(back))


def test_workloads_of_others_are_left(
    stolen: client.ApiClient, live: Manifest, fenced_in: Install, tenants: Clusterful
) -> None:
    """Neither in another namespace, nor one that runs as a ServiceAccount that is no Agent's, nor is one created or deleted."""
    other = agent(tenants.names["agents"])
    other["metadata"]["name"] = "other"
    other["spec"]["template"]["spec"]["serviceAccountName"] = "somebody"
    elsewhere = agent(tenants.names["shop"])
    tenants.apply(other, elsewhere)

    for manifest in (other, elsewhere):
        _, stored = exchange(stolen, "GET", path_of(manifest, named=True))
        stored["metadata"].setdefault("annotations", {})
        mutant = injected(stored, fenced_in.settings["install"])
        status, said = send(stolen, "PUT", f"{path_of(manifest, named=True)}?{TRIAL}", mutant)
        assert (status, PREFIX in said) == (HTTPStatus.FORBIDDEN, True)
    status, said = send(stolen, "DELETE", f"{path_of(live, named=True)}?dryRun=All")
    assert (status, PREFIX in said) == (HTTPStatus.FORBIDDEN, True)


def test_of_config_maps_only_resolvers(
    stolen: client.ApiClient, fenced_in: Install, tenants: Clusterful
) -> None:
    """One passes where Agents run, created or deleted, never changed; of every mutant nothing else."""
    install, namespace = fenced_in.settings["install"], tenants.names["agents"]
    good: Manifest = copy.deepcopy(
        dict(config_map(namespace, make_frame(NOW, frozenset()).resolver, install))
    )
    good["data"] = {"resolver": "a", "guard": "b"}
    refused = 0
    for what, mutant in [("nothing", good), *mutants(good)]:
        if "namespace" not in mutant.get("metadata", {}):
            continue
        status, answer = exchange(stolen, "POST", f"{path_of(mutant)}?{TRIAL}", mutant)
        if status in INVALID:
            continue
        assert (status in DONE) == _payload_permitted(mutant, install, namespace), (
            f"{what}: {status} {answer}"
        )
        assert status in DONE or PREFIX in answer["message"], f"{what}: {status} {answer}"
        refused += status == HTTPStatus.FORBIDDEN
    assert refused >= 40

    tenants.apply(good)
    named = path_of(good, named=True)
    label = {"metadata": {"labels": {"a": "b"}}}
    assert PREFIX in send(stolen, "PATCH", f"{named}?{TRIAL}", label, "application/merge-patch+json")[1]
    assert send(stolen, "DELETE", named)[0] == HTTPStatus.OK


def _payload_permitted(manifest: Manifest, install: str, namespace: str) -> bool:
    metadata = manifest["metadata"]
    labels = metadata.get("labels") or {}
    return (
        metadata["namespace"] == namespace
        and re.fullmatch(r"enc-resolver-[0-9a-f]{64}", metadata.get("name") or "") is not None
        and labels.get("enc-operator.io/managed-by") == install
        and labels.keys() <= {"enc-operator.io/managed-by", "app.kubernetes.io/managed-by"}
        and not any(
            metadata.get(each) for each in ("annotations", "finalizers", "ownerReferences", "generateName")
        )
        and manifest.get("immutable") is True
        and (manifest.get("data") or {}).keys() <= {"resolver", "guard"}
    )
