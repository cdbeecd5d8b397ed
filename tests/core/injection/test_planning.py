"""The injection: what it adds, what it leaves alone, whom it refuses; twice is once."""

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import yaml

from assessing import CLUSTER_AGENT, EXAMPLES, NODE_AGENT, document, resolver
from enc_operator.core.agents.backends import Backend, BackendKind
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.injection.parts import config_map
from enc_operator.core.injection.planning import Injection, Use, plan_injection
from enc_operator.core.inventory import Component, Flavour, GrantFrom, SecretVolume, TargetFact, WorkloadFact
from enc_operator.core.syntax import Source
from kubernetes_schemas import faults

TARGET = TargetFact(None, "dd", "")
VOLUME = SecretVolume(
    "tls", "tls-keys", ("ca", "key"), (GrantFrom(namespace="shop", service_accounts=("*",)),)
)


def workload(
    manifest: Mapping[str, Any], component: Component = Component.NODE, flavour: Flavour = Flavour.DATADOG
) -> WorkloadFact:
    """Return a workload that runs an Agent."""
    where = Where(Source("f"), ObjectRef(manifest["kind"], "dd", manifest["metadata"]["name"]))
    return WorkloadFact(where, component, flavour, manifest, "label")


def inject(
    manifest: Mapping[str, Any],
    target: TargetFact = TARGET,
    component: Component = Component.NODE,
    **more: Any,
) -> Injection:
    """Plan the injection into a manifest."""
    flavour = more.pop("flavour", Flavour.DATADOG)
    backend = Backend(BackendKind.NONE, root=more.pop("root", ""))
    use = Use(**more) if more else None
    return plan_injection(workload(manifest, component, flavour), target, resolver(), backend, use)


def pod_spec(injection: Injection) -> dict[str, Any]:
    """Return the pod spec that comes out."""
    assert injection.manifest is not None
    spec = injection.manifest["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


def environment(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return a container's literal variables."""
    return {item["name"]: item.get("value") for item in container.get("env", [])}


def edited(manifest: str, **container: Any) -> dict[str, Any]:
    """Return a manifest whose first container has other fields."""
    found = dict(document(manifest))
    found["spec"]["template"]["spec"]["containers"][0].update(container)
    return found


def test_node_agent() -> None:
    """A node Agent gets an init container of its own image, two volumes, a mount and the backend's variables."""
    injection = inject(document(NODE_AGENT))

    spec = pod_spec(injection)
    container = spec["containers"][0]
    init = spec["initContainers"][0]
    assert injection.changes == (
        "init container enc-resolver",
        "volumes enc-resolver, enc-payload",
        "resolver in agent",
    )
    assert environment(container) == {
        "DD_SECRET_BACKEND_COMMAND": "/etc/enc/bin/resolver",
        "DD_SECRET_BACKEND_TIMEOUT": "25",
        "DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE": "true",
    }
    assert container["volumeMounts"] == [
        {"name": "enc-resolver", "mountPath": "/etc/enc/bin", "readOnly": True}
    ]
    assert (init["name"], init["image"]) == ("enc-resolver", container["image"])
    assert init["command"] == list(resolver().command)
    assert spec["volumes"] == [
        {"name": "enc-resolver", "emptyDir": {}},
        {
            "name": "enc-payload",
            "configMap": {
                "name": f"enc-resolver-{resolver().digest}",
                "optional": True,
                "defaultMode": 0o444,
            },
        },
    ]


def test_user_of_the_agent() -> None:
    """The init container runs as the Agent's user, with its pull policy and resources, and with no capability."""
    context = {
        "runAsUser": 100,
        "runAsGroup": 101,
        "capabilities": {"add": ["SYS_ADMIN"]},
        "privileged": True,
    }
    manifest = edited(
        NODE_AGENT,
        securityContext=context,
        imagePullPolicy="Always",
        resources={"limits": {"memory": "64Mi"}},
    )

    init = pod_spec(inject(manifest))["initContainers"][0]

    assert init["securityContext"] == {
        "readOnlyRootFilesystem": True,
        "runAsUser": 100,
        "runAsGroup": 101,
        "capabilities": {"drop": ["ALL"]},
        "allowPrivilegeEscalation": False,
    }
    assert (init["imagePullPolicy"], init["resources"]) == ("Always", {"limits": {"memory": "64Mi"}})


def test_secret_volumes() -> None:
    """Declared volumes are mounted read-only with mode 0400, optional, and the resolver may read there."""
    target = replace(TARGET, volumes=(VOLUME,))

    spec = pod_spec(inject(document(NODE_AGENT), target, root="/etc/secret-volume", folders=("/mine",)))

    assert spec["volumes"][2] == {
        "name": "enc-secret-tls",
        "secret": {
            "secretName": "tls-keys",
            "items": [{"key": "ca", "path": "ca"}, {"key": "key", "path": "key"}],
            "defaultMode": 0o400,
            "optional": True,
        },
    }
    assert spec["containers"][0]["volumeMounts"][1] == {
        "name": "enc-secret-tls",
        "mountPath": "/etc/enc/secrets/tls",
        "readOnly": True,
    }
    arguments = environment(spec["containers"][0])["DD_SECRET_BACKEND_ARGUMENTS"]
    assert (
        arguments
        == "read /etc/secret-volume --with-provider-prefixes --allow-root /etc/enc/secrets/tls --allow-root /mine"
    )


@pytest.mark.parametrize(
    ("target", "namespaces", "expected"),
    [
        pytest.param(
            TARGET, ("b",), {"DD_SECRET_SCOPE_INTEGRATION_TO_THEIR_K8S_NAMESPACE": "true"}, id="its own only"
        ),
        pytest.param(
            replace(TARGET, cross_namespace=True),
            ("a", "b"),
            {"DD_SECRET_ALLOWED_K8S_NAMESPACE": "a b"},
            id="those of allowed references",
        ),
        pytest.param(replace(TARGET, cross_namespace=True), (), {}, id="none that is known"),
        pytest.param(
            replace(TARGET, refresh_interval=300, timeout=10, cross_namespace=True),
            (),
            {"DD_SECRET_REFRESH_INTERVAL": "300", "DD_SECRET_BACKEND_TIMEOUT": "10"},
            id="refresh and timeout",
        ),
    ],
)
def test_variables(target: TargetFact, namespaces: tuple[str, ...], expected: dict[str, str]) -> None:
    """The Agent is kept to its pods' namespaces, or to those that references are allowed to use."""
    found = environment(
        pod_spec(inject(document(NODE_AGENT), target, namespaces=namespaces))["containers"][0]
    )

    defaults = {"DD_SECRET_BACKEND_COMMAND": "/etc/enc/bin/resolver", "DD_SECRET_BACKEND_TIMEOUT": "25"}
    assert found == {**defaults, **expected}


def test_cluster_agent_keeps_its_helper() -> None:
    """The Cluster Agent has no Python: it gets the guard, which takes no arguments."""
    target = replace(TARGET, volumes=(VOLUME,))

    spec = pod_spec(inject(document(CLUSTER_AGENT), target, Component.CLUSTER))

    assert "DD_SECRET_BACKEND_ARGUMENTS" not in environment(spec["containers"][0])
    assert spec["initContainers"][0]["command"] == list(resolver().command)


def test_builtin_mode() -> None:
    """In mode builtin the node Agent's own helper is wired up behind the guard, and no interpreter is looked for."""
    spec = pod_spec(inject(document(NODE_AGENT), replace(TARGET, mode="builtin")))

    helper = "/opt/datadog-agent/bin/agent/agent"
    assert environment(spec["containers"][0])["DD_SECRET_BACKEND_ARGUMENTS"] == helper
    assert spec["initContainers"][0]["command"] == [
        *resolver().command,
        "/etc/enc/payload",
        "/etc/enc/bin",
        "-",
        helper,
    ]


def test_stackstate() -> None:
    """StackState's Agent reads `STS_` variables."""
    spec = pod_spec(inject(document(NODE_AGENT), flavour=Flavour.STACKSTATE))

    assert environment(spec["containers"][0])["STS_SECRET_BACKEND_COMMAND"] == "/etc/enc/bin/resolver"


def test_only_containers_that_resolve() -> None:
    """system-probe and a sidecar of another image stay as they are."""
    manifest = edited(NODE_AGENT)
    containers = manifest["spec"]["template"]["spec"]["containers"]
    probe = {"name": "system-probe", "image": containers[0]["image"]}
    sidecar = {"name": "sidecar", "image": "envoy:1"}
    trace = {"name": "trace-agent", "image": containers[0]["image"]}
    containers += [probe, sidecar, trace]

    changed = pod_spec(inject(manifest))["containers"]

    assert changed[1:3] == [probe, sidecar]
    assert "env" in changed[3]


def test_stale_arguments_are_emptied() -> None:
    """Arguments that were written for another command do not reach ours; the built-in script is no conflict."""
    env = [
        {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"},
        {"name": "DD_SECRET_BACKEND_ARGUMENTS", "value": "old"},
        {"name": "OTHER", "value": "kept"},
    ]

    found = environment(pod_spec(inject(edited(NODE_AGENT, env=env)))["containers"][0])

    assert found["DD_SECRET_BACKEND_COMMAND"] == "/etc/enc/bin/resolver"
    assert found["DD_SECRET_BACKEND_ARGUMENTS"] == ""
    assert found["OTHER"] == "kept"


@pytest.mark.parametrize(
    ("env", "code", "shown"),
    [
        pytest.param(
            {"DD_SECRET_BACKEND_COMMAND": "/mine"},
            "backend-conflict",
            "(/mine)",
            id="a command of the user's own",
        ),
        pytest.param(
            {"DD_SECRET_BACKEND_TYPE": "aws.secrets"},
            "backend-kept",
            "(secret_backend_type aws.secrets)",
            id="a backend type",
        ),
        pytest.param(
            {"DD_SECRET_BACKEND_COMMAND": "/readsecret.py"},
            "backend-kept",
            "(the Agent's readsecret script)",
            id="the script for a folder",
        ),
    ],
)
def test_conflicts(env: dict[str, str], code: str, shown: str) -> None:
    """A backend of the user's own is never overwritten."""
    variables = [{"name": name, "value": value} for name, value in env.items()]

    injection = inject(edited(NODE_AGENT, env=variables))

    assert injection.manifest is None
    assert injection.refused is not None
    assert injection.refused.code == code
    assert shown in injection.refused.message


def test_backend_of_the_main_file() -> None:
    """A backend that the Agent's main file configures is the user's own too."""
    injection = plan_injection(
        workload(document(NODE_AGENT)), TARGET, resolver(), Backend(BackendKind.MULTIPLE)
    )

    assert injection.refused is not None
    assert injection.refused.code == "backend-kept"


def test_command_from_elsewhere_is_a_conflict() -> None:
    """A command that comes from a ConfigMap or a Secret is the user's own."""
    env = [{"name": "DD_SECRET_BACKEND_COMMAND", "valueFrom": {"configMapKeyRef": {"name": "c", "key": "k"}}}]

    refused = inject(edited(NODE_AGENT, env=env)).refused

    assert refused is not None
    assert refused.code == "backend-conflict"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        pytest.param(
            {"os": {"name": "windows"}}, "it runs on Windows, where the resolver does not run", id="by its OS"
        ),
        pytest.param(
            {"nodeSelector": {"kubernetes.io/os": "windows"}},
            "it runs on Windows, where the resolver does not run",
            id="by its nodes",
        ),
        pytest.param(
            {"nodeSelector": {"autopilot.gke.io/mode": "x"}},
            "GKE Autopilot admits no change to the Agent's pods",
            id="Autopilot",
        ),
        pytest.param({"containers": []}, "it has no container that resolves handles", id="no containers"),
    ],
)
def test_refusals(spec: dict[str, Any], message: str) -> None:
    """What cannot take the resolver is refused with the reason, and stays as it is."""
    manifest = edited(NODE_AGENT)
    manifest["spec"]["template"]["spec"].update(spec)

    injection = inject(manifest)

    assert injection.manifest is None
    assert injection.refused is not None
    assert (injection.refused.code, injection.refused.message) == ("agent-refused", message)


def test_mode_none() -> None:
    """Mode none changes nothing."""
    injection = inject(document(NODE_AGENT), replace(TARGET, mode="none"))

    assert injection.manifest is None
    assert injection.refused is not None
    assert injection.refused.code == "none"


def test_server_fields_are_left_out() -> None:
    """What only the API server writes does not go back to it."""
    manifest = edited(NODE_AGENT)
    manifest["status"] = {"numberReady": 1}
    manifest["metadata"] |= {"uid": "u", "resourceVersion": "7", "labels": {"kept": "yes"}}

    changed = inject(manifest).manifest

    assert changed is not None
    assert "status" not in changed
    assert changed["metadata"] == {"name": "node", "namespace": "dd", "labels": {"kept": "yes"}}


def agents() -> list[Any]:
    """Return the Agent workloads of the examples."""
    documents = yaml.safe_load_all((EXAMPLES / "agents/install.yaml").read_text())
    found = [item for item in documents if item["kind"] in ("DaemonSet", "Deployment")]
    return [pytest.param(item, id=item["metadata"]["name"]) for item in found]


@pytest.mark.parametrize("mode", ["bundled", "builtin"])
@pytest.mark.parametrize("manifest", agents())
def test_valid_and_idempotent(manifest: dict[str, Any], mode: str) -> None:
    """What comes out passes Kubernetes's own schema; injecting again changes nothing; the input is untouched."""
    component = Component.CLUSTER if manifest["kind"] == "Deployment" else Component.NODE
    target = replace(TARGET, mode=mode, volumes=(VOLUME,), refresh_interval=60)
    before = deepcopy(manifest)

    once = inject(manifest, target, component)
    assert once.manifest is not None
    twice = inject(once.manifest, target, component)

    assert manifest == before
    assert faults([once.manifest, config_map("datadog", resolver())]) == []
    assert json.dumps(twice.manifest) == json.dumps(once.manifest)
    assert twice.changes == ()
