"""The chart as Helm renders it: golden files, Kubernetes's own schemas, and what must hold whatever the values are."""

import json
import re
from pathlib import Path

import pytest
import yaml

from enc_operator.process.settings import parse_settings
from enc_operator.resolver_bundle import init_command
from kubernetes_schemas import faults
from rendering_chart import AGENTS, CHART, Manifest, manifests, rendered
from tools import write_manifests

GOLDEN = Path(__file__).parent / "golden"
_OF_OTHERS = (
    "apiextensions.k8s.io/",
    "cert-manager.io/",
    "monitoring.coreos.com/",
)  # not among Kubernetes' own
CASES = sorted(path.name for path in GOLDEN.iterdir())


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, helm: str, *, update_golden: bool) -> None:
    """The chart with these values renders to exactly this; Helm 4 ends each document with an empty line more."""
    found = rendered(helm, f"--values={GOLDEN / case / 'values.yaml'}")
    found = re.sub(r"\n\n(---\n|\Z)", r"\n\1", found)
    expected = GOLDEN / case / "expected.yaml"
    if update_golden:
        expected.write_text(found)

    assert expected.read_text() == found


@pytest.mark.parametrize("case", [*CASES, "install.yaml"])
def test_kubernetes_knows_every_field(case: str) -> None:
    """The oldest supported Kubernetes and the newest take every object, and know every field of it."""
    file = write_manifests.INSTALL if case == "install.yaml" else GOLDEN / case / "expected.yaml"
    objects = [each for each in manifests(file.read_text()) if not each["apiVersion"].startswith(_OF_OTHERS)]

    assert faults(objects) == []


def test_the_install_for_kubectl_is_the_chart(helm: str) -> None:
    """manifests/install.yaml is what the chart renders now; `make manifests` writes it."""
    assert helm
    assert write_manifests.INSTALL.read_text() == write_manifests.install()


def test_rendering_twice_is_rendering_once(helm: str) -> None:
    """Nothing is random: who keeps the rendered manifests in Git sees only real changes."""
    assert rendered(helm, AGENTS) == rendered(helm, AGENTS)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--set=fense.enabled=false", "fense"),
        ("--set=fence.enable=false", "enable"),
        ("--set=graceSeconds=-1", "graceSeconds"),
        ('--set-json=agents=[{"namespace": "datadog"}]', "serviceAccounts"),
        ('--set-json=agents=[{"namespace": "datadog", "serviceAccounts": ["*"]}]', "agents"),
        ('--set-json=agents=[{"namespace": "d\'", "serviceAccounts": ["a"]}]', "agents"),
        ("--set=image.digest=latest", "digest"),
    ],
    ids=["a misspelt section", "a misspelt field", "a negative time", "an Agent without ServiceAccounts", "a wildcard",
         "a quote in a name", "a digest that is a tag"],
)  # fmt: skip
def test_values_that_make_no_sense_are_refused(option: str, said: str, helm: str) -> None:
    """A typo is an error with its name, never a default."""
    with pytest.raises(ValueError, match=said):
        rendered(helm, option)


@pytest.mark.parametrize(
    ("namespace", "said"),
    [("default", "in a namespace of its own"), ("kube-system", "in a namespace of its own"), ("datadog", "would hold up the Agents")],
    ids=["default", "Kubernetes' own", "the Agents' own"],
)  # fmt: skip
def test_a_namespace_that_is_shared_is_refused(namespace: str, said: str, helm: str) -> None:
    """The fence holds for every ServiceAccount of the release's namespace, so others' may not be there."""
    with pytest.raises(ValueError, match=said):
        rendered(helm, AGENTS, namespace=namespace)


def test_releases_of_two_namespaces_share_no_name(helm: str) -> None:
    """Nothing that stands in no namespace, or in another one, has the same name in two releases."""
    one, other = (
        {place(each) for each in manifests(rendered(helm, AGENTS, namespace=name))} for name in ("a", "b")
    )

    assert one & other == set()


def test_two_releases_of_one_namespace_meet_in_the_fence(helm: str) -> None:
    """Each fence would refuse the other's writes; Helm refuses the second release since the policies' names are taken."""
    one, other = (
        {place(each) for each in manifests(rendered(helm, AGENTS, name=name))} for name in ("a", "b")
    )

    assert {kind for kind, _, _ in one & other} == {
        "ValidatingAdmissionPolicy",
        "ValidatingAdmissionPolicyBinding",
    }


def place(manifest: Manifest) -> tuple[str, str, str]:
    """Return what identifies an object."""
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


@pytest.mark.parametrize("case", CASES)
def test_the_operator_reads_the_settings_that_the_chart_writes(case: str) -> None:
    """The rendered settings have no fault, and name the Lease that the chart makes and the Agents of the values."""
    objects = manifests((GOLDEN / case / "expected.yaml").read_text())
    values = yaml.safe_load((GOLDEN / case / "values.yaml").read_text())
    text = next(each["data"]["settings.yaml"] for each in objects if each["kind"] == "ConfigMap")

    settings = parse_settings(text)

    leases = [place(each)[1:] for each in objects if each["kind"] == "Lease"]
    assert leases == [(settings.lease.namespace, settings.lease.name)]
    assert [agent.namespace for agent in settings.agents] == [each["namespace"] for each in values["agents"]]
    assert settings.install == "enc-operator.enc-operator"


@pytest.mark.parametrize(
    "name", ["enc-operator", "e" * 53, "prod"], ids=["the chart's own", "the longest", "a short one"]
)
def test_names_fit(name: str, helm: str) -> None:
    """Whatever a release is called, every name and label is short enough, and the install's label is a DNS name."""
    namespace = "n" * 63
    objects = manifests(rendered(helm, AGENTS, name=name, namespace=namespace))
    text = next(each["data"]["settings.yaml"] for each in objects if each["kind"] == "ConfigMap")

    assert faults(objects) == []
    assert len(parse_settings(text).install) <= 63
    assert max(len(each["metadata"]["name"]) for each in objects) <= 253
    assert (
        max(len(each["metadata"]["name"]) for each in objects if each["kind"] in {"Job", "Service", "Pod"})
        <= 63
    )


@pytest.mark.parametrize("case", CASES)
def test_nobody_may_read_a_secret_of_others(case: str) -> None:
    """No role that the chart makes speaks of Secrets but that of the webhook's own certificates, of everything, or of impersonation."""
    objects = manifests((GOLDEN / case / "expected.yaml").read_text())
    rules = [rule for each in objects if each["kind"] in {"Role", "ClusterRole"} for rule in each["rules"]]
    secrets = [place(each)[1:] for each in objects if each["kind"] == "Secret"]
    own = [
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": [name], "verbs": ["get", "update"]}
        for _, name in secrets
    ]
    assert [rule for rule in rules if rule in own] == own
    rules = [rule for rule in rules if rule not in own]

    assert not [rule for rule in rules if {"secrets", "*", "secrets/*"} & set(rule["resources"])]
    assert not [rule for rule in rules if {"*", "impersonate"} & set(rule["verbs"])]
    assert not [rule for rule in rules if "escalate" in rule["verbs"] and rule["resources"] != ["roles"]]


def test_namespaces_bound_what_may_be_written() -> None:
    """With a list of namespaces no ClusterRole writes RBAC, and Roles for it stand in those namespaces only."""
    objects = manifests((GOLDEN / "namespaced/expected.yaml").read_text())
    writers = {
        (each["kind"], each["metadata"].get("namespace", ""))
        for each in objects
        if each["kind"] in {"Role", "ClusterRole"}
        and any("escalate" in rule["verbs"] for rule in each["rules"])
    }

    assert writers == {("Role", "shop"), ("Role", "database")}


def test_every_value_has_a_place_in_the_schema() -> None:
    """A value that is added to values.yaml must be added to the schema, and the other way round."""
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    schema = json.loads((CHART / "values.schema.json").read_text())

    assert list(schema["properties"].keys() - {"global"} - values.keys()) == []
    assert sections(values) <= sections_of(schema)


def sections(values: Manifest, above: str = "") -> set[str]:
    """Return the paths of all fields."""
    found = {f"{above}{key}" for key in values}
    return found.union(*(sections(child, f"{above}{key}.") for key, child in values.items()
                         if isinstance(child, dict) and key != "resources"))  # fmt: skip


def sections_of(schema: Manifest, above: str = "") -> set[str]:
    """Return the paths of all fields that a schema knows."""
    known = schema.get("properties", {})
    return {f"{above}{key}" for key in known}.union(
        *(sections_of(child, f"{above}{key}.") for key, child in known.items())
    )


def test_the_fence_knows_the_command_of_this_release() -> None:
    """What the operator puts into Agents' pods is what the fence lets through: `make manifests` writes it."""
    assert json.loads((CHART / "files/init-command.json").read_text()) == init_command()
