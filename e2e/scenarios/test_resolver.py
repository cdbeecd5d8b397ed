"""The resolver and a real API server: one Role, one Secret; its neighbour refused; a thousand handles in one batch."""

import base64
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from kubernetes import client

from e2e.cluster.folder import wait_until
from e2e.cluster.interface import Cluster
from e2e.scenarios.secret_access import allow, reads
from enc_operator.resolver_bundle import resolver_script

_SECRETS, _KEYS = 50, 20


@dataclass(frozen=True)
class Resolver:
    """The resolver as a pod of the namespace would run it, with the token of its ServiceAccount."""

    script: Path
    account: Path
    server: str
    namespace: str

    def ask(self, *handles: str) -> dict[str, dict[str, str]]:
        """Ask for handles as the Agent does."""
        question = json.dumps({"version": "1.1", "secrets": handles, "secret_backend_timeout": 30})
        address = urlsplit(self.server)
        ran = subprocess.run(
            [sys.executable, "-IS", self.script, f"--service-account={self.account}"],
            input=question.encode(),
            capture_output=True,
            check=True,
            env={
                "KUBERNETES_SERVICE_HOST": str(address.hostname),
                "KUBERNETES_SERVICE_PORT": str(address.port),
            },
        )
        assert ran.stderr == b""
        answers: dict[str, dict[str, str]] = json.loads(ran.stdout)
        return answers


@pytest.fixture
def resolver(api_server: Cluster, namespace: str, tmp_path: Path) -> Resolver:
    """Give the default ServiceAccount `get` on the Secret `allowed`, and the resolver its token."""
    (tmp_path / "resolver").write_text(resolver_script())
    with api_server.api() as api:
        settings = api.configuration
        for name in ("allowed", "neighbour"):
            _create_secret(api, namespace, name, {"key": "s3cr3t"})
    allow(api_server, namespace, "default", "allowed")
    with api_server.api_of(namespace, "default") as api:
        token = api.configuration.api_key["BearerToken"].removeprefix("Bearer ")
        core = client.CoreV1Api(api)
        wait_until(lambda: reads(core, namespace, "allowed"), "the Role has taken effect", seconds=10)
    (tmp_path / "token").write_text(token)
    (tmp_path / "ca.crt").write_bytes(Path(settings.ssl_ca_cert).read_bytes())
    return Resolver(tmp_path / "resolver", tmp_path, settings.host, namespace)


def test_a_role_for_one_secret_gives_that_one_and_a_clear_error_for_its_neighbour(resolver: Resolver) -> None:
    """The error names the Role that is missing; it does not keep the other handle from its value."""
    allowed, neighbour = (f"k8s_secret@{resolver.namespace}/{name}/key" for name in ("allowed", "neighbour"))

    answers = resolver.ask(allowed, neighbour)

    assert answers[allowed] == {"value": "s3cr3t", "error": ""}
    assert answers[neighbour]["value"] == ""
    assert (
        f"needs a Role in namespace {resolver.namespace} that allows get on secrets, resourceNames [neighbour]"
        in answers[neighbour]["error"]
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("ENC[k8s_secret@NAMESPACE/neighbour/key]", id="as it is"),
        pytest.param("\t ENC[k8s_secret@NAMESPACE/neighbour/key] ", id="blanks around it"),
        pytest.param("EN%%hostname%%C[k8s_secret@NAMESPACE/neighbour/key]", id="split by an empty variable"),
    ],
)
def test_a_value_that_is_itself_a_handle_is_never_passed_on(
    value: str, api_server: Cluster, resolver: Resolver
) -> None:
    """The next Agent would resolve it with its own rights; the error shows nothing of it, and other keys are read."""
    with api_server.api() as api:
        text = value.replace("NAMESPACE", resolver.namespace)
        data = {
            name: base64.b64encode(each.encode()).decode() for name, each in (("key", text), ("ok", "s3cr3t"))
        }
        client.CoreV1Api(api).patch_namespaced_secret("allowed", resolver.namespace, {"data": data})
    nested, plain = (f"k8s_secret@{resolver.namespace}/allowed/{key}" for key in ("key", "ok"))

    answers = resolver.ask(nested, plain)

    assert answers[plain] == {"value": "s3cr3t", "error": ""}
    assert answers[nested]["value"] == ""
    assert "itself a secret handle" in answers[nested]["error"]
    assert "neighbour" not in answers[nested]["error"]


def test_both_spellings_of_a_handle_are_read(resolver: Resolver) -> None:
    """The Agent's own k8s.secrets form is the same Secret."""
    handle = f"{resolver.namespace}/allowed;key"

    assert resolver.ask(handle)[handle] == {"value": "s3cr3t", "error": ""}


def test_a_missing_key_of_a_secret_is_told_from_a_missing_permission(resolver: Resolver) -> None:
    """Who corrects the handle must not go looking for a Role."""
    handle = f"k8s_secret@{resolver.namespace}/allowed/other"

    assert (
        resolver.ask(handle)[handle]["error"] == f"key other not found in secret {resolver.namespace}/allowed"
    )


def test_a_thousand_handles_in_one_batch_take_one_request_for_each_secret(
    api_server: Cluster, resolver: Resolver
) -> None:
    """Every value arrives; the API server's own log shows how often it was asked."""
    names = [f"many-{number:02}" for number in range(_SECRETS)]
    with api_server.api() as api:
        for name in names:
            _create_secret(
                api, resolver.namespace, name, {f"key-{key:02}": f"{name}/{key}" for key in range(_KEYS)}
            )
    allow(api_server, resolver.namespace, "default", *names)
    handles = {
        f"k8s_secret@{resolver.namespace}/{name}/key-{key:02}": f"{name}/{key}"
        for name in names
        for key in range(_KEYS)
    }
    wait_until(
        lambda: not resolver.ask(*list(handles)[-1:])[list(handles)[-1]]["error"],
        "the Role has taken effect",
        seconds=10,
    )
    asked_before = _gets(api_server, resolver.namespace)

    answers = resolver.ask(*handles)

    assert {handle: answer["value"] for handle, answer in answers.items()} == handles
    if asked_before is not None:
        asked = _gets(api_server, resolver.namespace)
        assert asked is not None
        assert asked - asked_before == _SECRETS


def _gets(cluster: Cluster, namespace: str) -> int | None:
    """Count how often the resolver has read a Secret of a namespace; None where there is no audit log."""
    if cluster.audit_log is None:
        return None
    events: list[dict[str, Any]] = [json.loads(line) for line in cluster.audit_log.read_text().splitlines()]
    ours = [event for event in events if event.get("userAgent") == "enc-resolver" and event["verb"] == "get"]
    return len([event for event in ours if event["objectRef"].get("namespace") == namespace])


def _create_secret(api: client.ApiClient, namespace: str, name: str, values: dict[str, str]) -> None:
    data = {key: base64.b64encode(value.encode()).decode() for key, value in values.items()}
    client.CoreV1Api(api).create_namespaced_secret(namespace, {"metadata": {"name": name}, "data": data})
