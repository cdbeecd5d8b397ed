"""The injection: what it adds, what it leaves alone, whom it refuses; twice is once."""

import json
from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest
import yaml

from assessing import CLUSTER_AGENT, EXAMPLES, NODE_AGENT, document, resolver
from enc_operator.core.injection.parts import config_map
from enc_operator.core.inventory import Component, Flavour, TargetFact
from injecting import TARGET, VOLUME, edited, environment, inject, pod_spec
from kubernetes_schemas import faults


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
    """The Cluster Agent has no Python: it gets the guard, whose arguments are its own helper and the folders that it may read."""
    target = replace(TARGET, volumes=(VOLUME,))

    spec = pod_spec(inject(document(CLUSTER_AGENT), target, Component.CLUSTER, folders=("/mine",)))

    arguments = environment(spec["containers"][0])["DD_SECRET_BACKEND_ARGUMENTS"]
    helper = "/opt/datadog-agent/bin/datadog-cluster-agent"
    assert arguments == f"{helper} --allow-root /etc/enc/secrets/tls --allow-root /mine"
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


@pytest.mark.parametrize(
    ("component", "helper"),
    [(Component.NODE, "agent/agent"), (Component.CLUSTER, "stackstate-cluster-agent")],
    ids=["node Agent", "Cluster Agent"],
)
def test_stackstates_own_helpers(component: Component, helper: str) -> None:
    """They are where StackState's images have them."""
    target = replace(TARGET, flavour=Flavour.STACKSTATE, mode="builtin")

    spec = pod_spec(inject(document(NODE_AGENT), target, component, flavour=Flavour.STACKSTATE))

    expected = f"/opt/stackstate-agent/bin/{helper}"
    assert environment(spec["containers"][0])["STS_SECRET_BACKEND_ARGUMENTS"] == expected


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


def test_server_fields_are_left_out() -> None:
    """What only the API server writes does not go back to it."""
    manifest = edited(NODE_AGENT)
    manifest["status"] = {"numberReady": 1}
    manifest["metadata"] |= {"uid": "u", "resourceVersion": "7", "labels": {"kept": "yes"}}
    manifest["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
        "mine": "kept",
    }

    changed = inject(manifest).manifest

    assert changed is not None
    assert "status" not in changed
    assert changed["metadata"] == {
        "name": "node",
        "namespace": "dd",
        "labels": {"kept": "yes"},
        "annotations": {"mine": "kept"},
    }


def test_defaults_of_the_api_server_are_no_change() -> None:
    """What the API server adds to the init container that was applied is left; what it does not add is taken back."""
    once = inject(document(NODE_AGENT)).manifest
    assert once is not None
    stored = deepcopy(dict(once))
    init = stored["spec"]["template"]["spec"]["initContainers"][0]
    init |= {
        "resources": {},
        "terminationMessagePath": "/dev/termination-log",
        "terminationMessagePolicy": "File",
    }

    assert inject(stored).changes == ()
    init["terminationMessagePath"] = "/etc/passwd"
    assert inject(stored).changes == ("init container enc-resolver",)


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
