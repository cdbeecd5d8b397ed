"""DatadogInstrumentation and ConfigMaps: what of them is judged."""

from typing import Any

import pytest

from enc_operator.core.admission.model import Answer, Mode, Verdict
from enc_operator.core.admission.review import review
from enc_operator.core.injection.parts import config_map as config_map_of
from enc_operator.core.inventory import Resolver
from enc_operator.resolver_bundle import payload, payload_digest
from living import Manifest, agent, check_file, grant, target
from reviewing import FOREIGN, bare_world, codes, document, finished, may, told, world

IN_DD = may("create", "pods", "dd")
IN_SHOP = may("create", "pods", "shop")


def instrumentation(handle: Any, *, kind: str = "Deployment", **config: Any) -> Manifest:
    """Return a DatadogInstrumentation with a handle in an instance."""
    checks = [{"integration": "redisdb", "instances": [{"password": handle, **config}]}]
    spec = {"targetRef": {"kind": kind, "name": "web"}, "config": {"checks": checks}}
    return {
        "apiVersion": "datadoghq.com/v1alpha1",
        "kind": "DatadogInstrumentation",
        "metadata": {"namespace": "shop", "name": "web"},
        "spec": spec,
    }


@pytest.mark.parametrize("kind", ["Deployment", "Service"])
def test_instrumentation(kind: str) -> None:
    """A DatadogInstrumentation is judged for the pods of its namespace, whatever it is about."""
    known = world(grant("g", "bank", "db", of={"namespace": "shop", "serviceAccounts": ["*"]}))
    asked = document(instrumentation(FOREIGN, kind=kind))

    assert codes(finished(asked, world(), IN_SHOP)) == ["access-denied"]
    assert codes(finished(asked, known, IN_SHOP)) == []


def test_instrumentation_that_stays() -> None:
    """What does not change the specification is not judged; any change is."""
    old = instrumentation(FOREIGN)

    assert finished(document({**old, "status": {}}, old), world()).verdict is Verdict.NOT_JUDGED
    assert codes(finished(document(instrumentation(FOREIGN, host="evil"), old), world())) == ["access-denied"]


def test_what_lies_too_deep() -> None:
    """A specification of which something could not be read is refused: it could be a handle."""
    plain = instrumentation("x")
    answer = review(document(plain, plain), world(), {}, whole=False)

    assert isinstance(answer, Answer)
    assert codes(answer) == ["json-depth"]


def test_values_that_are_nested_as_deep_as_can_be_read() -> None:
    """Two specifications that are too deep to be compared count as different."""
    deep: Any = FOREIGN
    for _ in range(900):
        deep = [deep]

    assert codes(finished(document(instrumentation(deep), instrumentation([deep])), world())) == [
        "access-denied"
    ]


def config_map(*, name: str = "confd", namespace: str = "dd", **data: str) -> Manifest:
    """Return a ConfigMap with files that are named with an underscore for the dot."""
    files = {key.replace("_", "."): value for key, value in data.items()}
    return {"kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name}, "data": files}


def test_other_namespaces() -> None:
    """Where no Agent may run, nobody reads a ConfigMap as an Agent's configuration."""
    asked = document(config_map(namespace="shop", a_yaml=f"p: {FOREIGN}"))

    assert finished(asked, world()).verdict is Verdict.NOT_JUDGED


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        pytest.param({}, Verdict.NOT_JUDGED, id="as the injection brings it"),
        pytest.param({"name": "enc-resolver"}, Verdict.DENIED, id="by another name"),
        pytest.param({"guard": f"p: {FOREIGN}"}, Verdict.DENIED, id="another text in it"),
        pytest.param({"a.yaml": f"p: '{FOREIGN}'"}, Verdict.DENIED, id="a file more"),
    ],
)
def test_our_own_resolver(changed: dict[str, str], verdict: Verdict) -> None:
    """The ConfigMap that an injection takes comes in where everything is enforced, as it is and in no other way."""
    resolver = Resolver(payload_digest(), payload(), ())
    known = world()
    known.inventory.resolver = resolver
    manifest = dict(config_map_of("dd", resolver))
    name = changed.pop("name", manifest["metadata"]["name"])
    manifest |= {"metadata": {**manifest["metadata"], "name": name}, "data": {**manifest["data"], **changed}}

    assert finished(document(manifest), known, IN_DD).verdict is verdict


def test_files_that_stay() -> None:
    """Of a ConfigMap the files are judged that change, each by itself."""
    bad = config_map(a_yaml=f"instances: [{{p: '{FOREIGN}'}}]", b_yaml="instances: []")
    more = config_map(a_yaml=f"instances: [{{p: '{FOREIGN}'}}]", b_yaml="instances: [{}]")

    assert finished(document(bad, bad), world()).verdict is Verdict.NOT_JUDGED
    assert finished(document(more, bad), world()).verdict is Verdict.NOT_JUDGED
    assert codes(finished(document(bad, config_map(b_yaml="instances: []")), world())) == ["access-denied"]


def test_its_own_secrets_and_granted_ones() -> None:
    """The Agents' configuration uses what its own namespace holds, and what a grant opens to Agents."""
    known = world(grant("g", "bank", "db", of={"agent": {"namespace": "dd"}}))

    assert codes(finished(document(check_file("k8s_secret@dd/a/b")), world(), IN_DD)) == []
    assert codes(finished(document(check_file("k8s_secret@bank/db/p")), known)) == []
    assert codes(finished(document(check_file("k8s_secret@%%kube_namespace%%/db/p")), world(), IN_DD)) == []


def main_file_agent() -> Manifest:
    """Return a node Agent whose main file is in ConfigMap `main`, and a variable in ConfigMap `env`."""
    found = agent()
    pod = found["spec"]["template"]["spec"]
    pod["volumes"].append({"name": "main", "configMap": {"name": "main"}})
    mount = {"name": "main", "mountPath": "/etc/datadog-agent/datadog.yaml", "subPath": "datadog.yaml"}
    pod["containers"][0]["volumeMounts"].append(mount)
    pod["containers"][0]["env"].append(
        {"name": "DD_API_KEY", "valueFrom": {"configMapKeyRef": {"name": "env", "key": "key"}}}
    )
    return found


@pytest.mark.parametrize(
    ("manifest", "found"),
    [
        pytest.param(
            config_map(name="main", datadog_yaml=f"api_key: {FOREIGN}"), ["access-denied"], id="a setting"
        ),
        pytest.param(
            config_map(name="main", datadog_yaml="api_key: ["), ["config-invalid"] * 2, id="no YAML"
        ),
        pytest.param(config_map(name="main", datadog_yaml="api_key: x"), [], id="no handle"),
        pytest.param(config_map(name="env", key=FOREIGN), ["access-denied"], id="a variable"),
    ],
)
def test_settings(manifest: Manifest, found: list[str]) -> None:
    """An Agent's main file and its environment are judged like its checks, as soon as it reads them."""
    known = world(main_file_agent())
    known.inventory.settings |= {"DD_API_KEY"}

    assert codes(finished(document(manifest), known)) == found


@pytest.mark.parametrize(
    ("text", "name", "found"),
    [
        pytest.param("#!/bin/sh\necho '\\['", "run.sh", [], id="a script"),
        pytest.param("-----BEGIN CERTIFICATE-----\nx\n", "ca.crt", [], id="a certificate"),
        pytest.param("a: [", "a.yaml", ["config-invalid"], id="a check's file that is no YAML"),
        pytest.param("a: [", "a.txt", [], id="any other file that is no YAML"),
        pytest.param("instances: [{p: ENC[a]}]", "a.yaml", ["handle-unquoted"], id="a handle without quotes"),
        pytest.param("- a", "a.yaml", ["config-invalid"], id="a list"),
        pytest.param(
            "instances: [{p: 'ENC[file@/etc/a]'}]", "a.yaml", [], id="a file that nobody mounts yet"
        ),
        pytest.param(
            "instances: [{p: 'ENC[x@y]'}]", "a.yaml", ["provider-unknown"], id="a provider that is none"
        ),
        pytest.param(
            "instances: [{p: 'ENC[k8s_secret@%%host%%/a/b]'}]",
            "a.yaml",
            ["variable-refused"],
            id="a namespace by variable",
        ),
        pytest.param(
            "a: x\na: 'ENC[k8s_secret@bank/a/b]'", "a.yaml", ["access-denied"], id="the second of two keys"
        ),
        pytest.param(
            "a: 'ENC[k8s_secret@bank/a/b]'\na: x", "a.yaml", ["access-denied"], id="the first of two keys"
        ),
    ],
)
def test_files_that_nobody_mounts_yet(text: str, name: str, found: list[str]) -> None:
    """A file that may be mounted later is judged as far as it is sure what it will be."""
    asked = document(config_map(name="later", **{name.replace(".", "_"): text}))

    assert codes(finished(asked, world(), IN_DD)) == found


@pytest.mark.parametrize(
    ("handle", "found"),
    [
        pytest.param("ENC[k8s_secret@bank/a/b]", ["access-denied"], id="a Secret elsewhere"),
        pytest.param("ENC[aws;whatever]", [], id="what another backend may read"),
        pytest.param("ENC[k8s_secret@%%host%%/a/b]", ["variable-refused"], id="a namespace by variable"),
    ],
)
def test_files_that_come_before_the_agents(handle: str, found: list[str]) -> None:
    """Before there is an Agent, its backend is not known: what names a Secret of Kubernetes is judged as such."""
    known = bare_world(target(enforcement="enforce"))
    asked = document(config_map(a_yaml=f"instances: [{{p: '{handle}'}}]"))

    assert codes(finished(asked, known, IN_DD)) == found


def test_what_is_odd_is_told() -> None:
    """What is only odd in a file is told; what is merely worth knowing is not."""
    answer = finished(document(config_map(a_yaml="init_config:\ninstances: [{p: 'x ENC[a]'}]")), world())

    assert told(answer) == ["handle-partial"]
    assert told(finished(document(config_map(a_yaml="cel_selector: {}")), world())) == []
    assert [reason.mode for reason in answer.reasons] == [Mode.ENFORCE]
