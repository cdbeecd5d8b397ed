"""Ways around the webhook that somebody would try, each refused: those that show without a cluster."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest

from enc_operator.core.admission.model import Verdict
from enc_operator.core.inventory import Question
from enc_operator.core.objects.pods import TEMPLATES
from living import agent, check_file, grant, namespace
from reviewing import (
    FOREIGN,
    MAY_MAKE_PODS,
    OWN,
    checks,
    codes,
    document,
    finished,
    message,
    pod,
    service,
    told,
    world,
)

KEY = "ad.datadoghq.com/app.checks"
BARE = pod(annotations={})


def template(kind: str, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object that makes pods like this one."""
    inner: dict[str, Any] = {key: manifest[key] for key in ("metadata", "spec")}
    for step in reversed(TEMPLATES[kind]):
        inner = {step: inner}
    return {"kind": kind, **inner, "metadata": {"namespace": "shop", "name": "web"}}


@pytest.mark.parametrize("kind", sorted(TEMPLATES.keys() - {"Pod"}))
def test_templates(kind: str) -> None:
    """Whatever makes pods is refused like the pods themselves, at the path in its template."""
    answer = finished(document(template(kind, pod())), world(), MAY_MAKE_PODS)

    path = ".".join((*TEMPLATES[kind], "metadata.annotations"))
    assert codes(answer) == ["access-denied"]
    assert f'in {kind} shop/web {path}["{KEY}"] → redisdb.instances[0].password' in message(answer)


@pytest.mark.parametrize("kind", sorted(TEMPLATES.keys() - {"Pod"}))
def test_templates_changed(kind: str) -> None:
    """A template is judged anew when its text changes, and left alone when something else does."""
    bare, bad = template(kind, BARE), template(kind, pod())

    assert codes(finished(document(bad, bare), world())) == ["access-denied"]
    assert finished(document(bad, {**bad, "status": {}}), world()).verdict is Verdict.NOT_JUDGED


@pytest.mark.parametrize(
    "resource", ["pods", "pods/status", "pods/ephemeralcontainers", "pods/resize", "pods/anything"]
)
def test_subresources(resource: str) -> None:
    """An annotation that comes through a subresource is judged like any other."""
    answer = finished(document(pod(), BARE, resource=resource), world(), MAY_MAKE_PODS)

    assert codes(answer) == ["access-denied"]


@pytest.mark.parametrize("resource", ["pods/binding", "bindings"])
@pytest.mark.parametrize(
    ("handle", "may", "found"),
    [
        pytest.param(FOREIGN, True, ["access-denied"], id="another namespace's Secret"),
        pytest.param(OWN, False, ["requester-denied"], id="its own, by somebody who makes no pods"),
        pytest.param(OWN, True, [], id="its own"),
    ],
)
def test_bindings(resource: str, handle: str, may: bool, found: list[str]) -> None:  # noqa: FBT001
    """The annotations of a Binding end up on the pod, so they are judged as such."""
    binding = {"kind": "Binding", "metadata": {**pod(handle)["metadata"]}, "target": {"name": "node"}}
    answer = finished(document(binding, resource=resource), world(), *[MAY_MAKE_PODS] * may)

    assert codes(answer) == found
    assert told(answer) == []


def test_a_binding_is_of_no_known_service_account() -> None:
    """What ServiceAccount the pod has is not in a Binding: no right of one, and no grant to one, lets it in."""
    binding = {"kind": "Binding", "metadata": pod()["metadata"], "target": {"name": "node"}}
    to_web = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["web"]})
    to_all = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]})

    assert codes(finished(document(binding), world(to_web))) == ["access-denied"]
    assert codes(finished(document(binding), world(to_all))) == []


def test_terminating_pods() -> None:
    """A pod that is being deleted is judged as long as it runs; its finalizers may go."""
    gone = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    bare, bad = ({**each, "metadata": {**each["metadata"], **gone}} for each in (BARE, pod()))
    kept = {**bad, "metadata": {**bad["metadata"], "finalizers": ["a/b"]}}

    assert codes(finished(document(bad, bare), world())) == ["access-denied"]
    assert finished(document(bad, kept), world()).verdict is Verdict.NOT_JUDGED


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(checks(FOREIGN), id="plain"),
        pytest.param(checks(FOREIGN).replace("ENC[", r"\u0045NC["), id="an escape in JSON"),
        pytest.param(checks(FOREIGN).replace("ENC[", r"EN\u0043\u005b"), id="all of it escaped"),
        pytest.param(checks(FOREIGN).replace("ENC[", "EN%%hostname%%C["), id="split by an empty variable"),
        pytest.param(checks(FOREIGN).replace("ENC[", "EN‰hostname‰C["), id="split in the Agent's own mark"),
        pytest.param(checks(FOREIGN + "%%hostname%%"), id="an empty variable behind it"),
        pytest.param(
            checks("ENC[k8s_secret@%%env_NS%%/db/password]"), id="the Agent's environment as namespace"
        ),
        pytest.param(checks("ENC[k8s_secret@%%host%%/db/password]"), id="an address as namespace"),
        pytest.param(
            checks("ENC[k8s_secret@bank/%%host%%/password]"), id="a foreign Secret named by a variable"
        ),
        pytest.param(checks("\t " + FOREIGN + "\t"), id="blanks around it"),
        pytest.param(checks(FOREIGN, port=10**400), id="a huge number beside it"),
        pytest.param(
            checks(FOREIGN)[:-1] + ', "x": 1' + "0" * 5000 + "}", id="a number that is too long for Python"
        ),
        pytest.param("[" * 2000 + json.dumps(FOREIGN) + "]" * 2000, id="JSON that is nested too deeply"),
        pytest.param(checks(FOREIGN) + ",", id="JSON that the Agent drops"),
        pytest.param('{"a": "' + FOREIGN + '", "a": "x"}', id="hidden behind a duplicate key"),
        pytest.param(
            checks("ENC[file@/var/run/secrets/kubernetes.io/serviceaccount/token]"), id="the Agent's token"
        ),
        pytest.param(checks("ENC[file@/etc/passwd]"), id="any file of the Agent's"),
        pytest.param(checks("ENC[k8s_secret@bank/../password]"), id="a way out of the namespace"),
        pytest.param(checks("ENC[]"), id="an empty handle"),
    ],
)
def test_tricks_in_a_text(text: str) -> None:
    """However a reference is written, it is refused where what it names is not the author's, or is not known."""
    answer = finished(document(pod(annotations={KEY: text})), world(), MAY_MAKE_PODS)

    assert answer.verdict is Verdict.DENIED
    assert codes(answer) != []


def test_a_handle_in_the_agents_environment() -> None:
    """A variable of the Agent's environment that holds a handle is the Agent's own, and no pod's to have sent anywhere."""
    node = agent()
    container = node["spec"]["template"]["spec"]["containers"][0]
    container["env"].append({"name": "HANDLE", "value": "ENC[k8s_secret@dd/keys/api]"})

    assert codes(finished(document(pod("%%env_HANDLE%%")), world(node))) == ["variable-refused"]
    assert codes(finished(document(pod("%%env_HANDLE%%")), world())) == []


@pytest.mark.parametrize(
    "key",
    [
        "ad.datadoghq.com/app.checks",
        "ad.datadoghq.com/app.logs",
        "ad.datadoghq.com/app.instances",
        "ad.datadoghq.com/nobody.checks",
        "ad.stackstate.com/app.checks",
        "service-discovery.datadoghq.com/app.instances",
        "service-discovery.stackstate.com/app.init_configs",
        "ad.datadoghq.com/app.checks ",
    ],
)
def test_every_key(key: str) -> None:
    """Text under any Autodiscovery key is judged, also for a container that is not there yet; under other keys it is nothing."""
    answer = finished(document(pod(annotations={key: checks(FOREIGN)})), world())

    assert codes(answer) == ([] if key.endswith(" ") else ["access-denied"])


@pytest.mark.parametrize("handle", ["enc[k8s_secret@bank/db/p]", "x" + FOREIGN, FOREIGN + "\n", "ENC [a]"])
def test_what_the_agent_takes_for_no_handle(handle: str) -> None:
    """What never becomes a handle goes through, and its author is told where it looks like one."""
    assert finished(document(pod(handle)), world()).allowed


def test_endpoints_annotations() -> None:
    """What a Service says of its endpoints is judged like what it says of itself."""
    manifest = service()
    manifest["metadata"]["annotations"] = {"ad.datadoghq.com/endpoints.checks": checks(FOREIGN)}

    assert codes(finished(document(manifest), world(), MAY_MAKE_PODS)) == ["access-denied"]


def test_a_grant_to_a_service_account_admits_no_service() -> None:
    """Whoever edits a Service has no ServiceAccount: only a grant to all of a namespace admits it."""
    to_web = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["web"]})
    to_all = grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]})

    assert codes(finished(document(service(FOREIGN)), world(to_web))) == ["access-denied"]
    assert codes(finished(document(service(FOREIGN)), world(to_all))) == []


@pytest.mark.parametrize(
    ("identifier", "found"),
    [
        pytest.param("containerd://0123", ["template-invalid"], id="somebody else's container"),
        pytest.param("docker://0123", ["template-invalid"], id="one of another runtime"),
        pytest.param("mysql", [], id="a name of its own"),
    ],
)
def test_check_ids(identifier: str, found: list[str]) -> None:
    """No pod takes the identifier of another's container, with which it would be sent what that one's templates name."""
    annotations = {"ad.datadoghq.com/app.check.id": identifier}

    assert codes(finished(document(pod(annotations=annotations)), world())) == found


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"data": {"a.yaml": "instances: [{p: 'HANDLE'}]"}}, id="data"),
        pytest.param(
            {"data": {"a.yaml": r'instances: [{p: "\x45NC[k8s_secret@bank/db/p]"}]'}}, id="an escape in YAML"
        ),
        pytest.param(
            {
                "data": {
                    "a.yaml": f"instances: [{{p: !!binary {base64.b64encode(FOREIGN.encode()).decode()}}}]"
                }
            },
            id="a binary in YAML",
        ),
        pytest.param(
            {"binaryData": {"a.yaml": base64.b64encode(b"instances: [{p: 'HANDLE'}]").decode()}},
            id="binaryData",
        ),
        pytest.param(
            {"data": {"anything": "instances: [{p: 'HANDLE'}]"}}, id="a key that items could rename"
        ),
        pytest.param(
            {"data": {"a.yaml": "ad_identifiers: [redis]\ninstances: [{p: 'HANDLE'}]"}}, id="a template"
        ),
        pytest.param({"data": {"a.yaml": "a: &a [{p: 'HANDLE'}]\ninstances: *a"}}, id="an alias"),
        pytest.param({"data": {"a.yaml": "a: [" * 2000 + "'HANDLE'"}}, id="YAML that is nested too deeply"),
        pytest.param(
            {
                "binaryData": {
                    "a.yaml": base64.b64encode("instances: [{p: 'HANDLE'}]".encode("utf-16")).decode()
                }
            },
            id="UTF-16, which Go's YAML reads",
        ),
    ],
)
@pytest.mark.parametrize("name", ["confd", "not-mounted-yet"])
def test_config_maps_of_agents(data: dict[str, Any], name: str) -> None:
    """However a handle stands in a ConfigMap of the Agents' namespace, and whether it is mounted yet or not, it is judged."""
    shown = json.loads(json.dumps(data).replace("HANDLE", FOREIGN))
    if "binaryData" in shown and b"HANDLE" in base64.b64decode(shown["binaryData"]["a.yaml"]):
        text = base64.b64decode(shown["binaryData"]["a.yaml"]).replace(b"HANDLE", FOREIGN.encode())
        shown["binaryData"]["a.yaml"] = base64.b64encode(text).decode()
    manifest = {"kind": "ConfigMap", "metadata": {"namespace": "dd", "name": name}, **shown}

    assert finished(document(manifest), world()).verdict is Verdict.DENIED


@pytest.mark.parametrize(
    ("data", "verdict"),
    [
        pytest.param(f"a: [{{p: '{FOREIGN}'}}]".encode("utf-16"), Verdict.DENIED, id="UTF-16"),
        pytest.param(f"a:\t1\n\tp: {FOREIGN}".encode(), Verdict.DENIED, id="tabs"),
        pytest.param(b'a:\t1\n\tp: "\\x45NC[a]"', Verdict.DENIED, id="tabs and an escape"),
        pytest.param(b'a:\t1\n\tp: "EN\\\n  C[a]"', Verdict.DENIED, id="tabs and an escaped line's end"),
        pytest.param(b"if true; then\n\techo a: \\\n b; fi", Verdict.NOT_JUDGED, id="a script"),
        pytest.param(b"\0\1", Verdict.NOT_JUDGED, id="bytes"),
    ],
)
def test_what_only_the_agent_reads(data: bytes, verdict: Verdict) -> None:
    """What we cannot read is refused under any key where it could hold a handle: a volume's items give it a check's name later."""
    encoded = {"notes": base64.b64encode(data).decode()}
    manifest = {"kind": "ConfigMap", "metadata": {"namespace": "dd", "name": "new"}, "binaryData": encoded}

    assert finished(document(manifest), world()).verdict is verdict


def test_a_namespace_that_labels_itself() -> None:
    """A label that nobody vouches for opens nothing, whoever gives it to his namespace."""
    by_label = {"namespaceSelector": {"matchLabels": {"tier": "gold"}}, "serviceAccounts": ["*"]}
    by_team = {"namespaceSelector": {"matchLabels": {"team": "shop"}}, "serviceAccounts": ["*"]}
    spoofed = namespace("shop", tier="gold", team="shop")

    label, team = (world(spoofed, grant("g", "bank", "db", of=each)) for each in (by_label, by_team))
    assert codes(finished(document(pod()), label)) == ["access-denied"]
    assert codes(finished(document(pod()), team)) == []


def test_rights_of_an_agent_are_nobodys() -> None:
    """A pod that runs as an Agent's ServiceAccount has no right to what the Agent may read: RBAC is never asked for it."""
    manifest = pod(account="node")
    manifest["metadata"]["namespace"] = "dd"
    known, asked = world(check_file("k8s_secret@dd/a/b")), Question("dd", "node", "bank", "db")
    assert codes(finished(document(manifest), known, asked)) == ["access-denied"]
