"""What is known of a container's environment."""

from typing import Any

import pytest

from enc_operator.core.agents.environment import EVERYTHING, Configuration, environment_of
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import ConfigMapFact, SecretFact
from enc_operator.core.syntax import Source
from enc_operator.core.templates.variables import Unknown

PLACE = Where(Source("f"), ObjectRef("DaemonSet", "dd", "node"))
MAP = Where(Source("f"), ObjectRef("ConfigMap", "dd", "map"))
SECRET = Where(Source("f"), ObjectRef("Secret", "dd", "secret"))
KNOWN = Configuration(
    {("dd", "map"): ConfigMapFact(MAP, "dd", "map", {"A": "from map", "B": "b"})},
    {("dd", "secret"): SecretFact(SECRET, "dd", "secret", frozenset({"A", "h"}), {"h": "ENC[x]"})},
)


def values(*entries: dict[str, Any], sources: list[dict[str, Any]] | None = None) -> dict[str, str | Unknown]:
    """Return the variables' values."""
    found = environment_of({"env": list(entries), "envFrom": sources or []}, PLACE, "dd", KNOWN)
    return {name: variable.value for name, variable in found.items()}


def entry(kind: str, **reference: str) -> dict[str, Any]:
    """Return a variable that comes from elsewhere."""
    return {"name": "X", "valueFrom": {kind: reference}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param({"name": "X", "value": "a"}, "a", id="a literal"),
        pytest.param({"name": "X"}, "", id="no value"),
        pytest.param(entry("configMapKeyRef", name="map", key="A"), "from map", id="a ConfigMap's key"),
        pytest.param(
            entry("configMapKeyRef", name="map", key="Z"), Unknown.ANY, id="a key that is not there"
        ),
        pytest.param(entry("configMapKeyRef", name="gone", key="A"), Unknown.ANY, id="an absent ConfigMap"),
        pytest.param(entry("secretKeyRef", name="secret", key="h"), "ENC[x]", id="a Secret that is a handle"),
        pytest.param(entry("secretKeyRef", name="secret", key="A"), Unknown.WORD, id="a Secret that is none"),
        pytest.param(
            entry("secretKeyRef", name="secret", key="Z"), Unknown.ANY, id="a Secret's key that is not there"
        ),
        pytest.param(entry("secretKeyRef", name="gone", key="A"), Unknown.ANY, id="an absent Secret"),
        pytest.param(entry("fieldRef", fieldPath="metadata.namespace"), "dd", id="its own namespace"),
        pytest.param(entry("fieldRef", fieldPath="status.hostIP"), Unknown.WORD, id="an address"),
        pytest.param(entry("fieldRef", fieldPath="status.podIPs"), Unknown.WORD, id="addresses"),
        pytest.param(entry("resourceFieldRef", resource="limits.cpu"), Unknown.WORD, id="a number"),
        pytest.param(
            entry("fieldRef", fieldPath="metadata.annotations['a']"),
            Unknown.ANY,
            id="an annotation is any text",
        ),
    ],
)
def test_one_variable(given: dict[str, Any], expected: str | Unknown) -> None:
    """A value is known, or known to be no handle, or may be anything."""
    assert values(given) == {"X": expected}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        pytest.param(
            {"configMapRef": {"name": "map"}, "prefix": "P_"},
            {"P_A": "from map", "P_B": "b"},
            id="a ConfigMap",
        ),
        pytest.param({"secretRef": {"name": "secret"}}, {"A": Unknown.WORD, "h": "ENC[x]"}, id="a Secret"),
        pytest.param({"secretRef": {"name": "gone"}}, {EVERYTHING: Unknown.ANY}, id="an absent source"),
    ],
)
def test_sources(source: dict[str, Any], expected: dict[str, str | Unknown]) -> None:
    """All keys of a source are variables; an absent one may set any."""
    assert values(sources=[source]) == expected


def test_precedence() -> None:
    """`env` goes before `envFrom`, later sources before earlier ones, and of two equal names the last wins."""
    sources = [{"secretRef": {"name": "secret"}}, {"configMapRef": {"name": "map"}}]

    found = values({"name": "B", "value": "1"}, {"name": "B", "value": "2"}, sources=sources)

    assert found == {"A": "from map", "h": "ENC[x]", "B": "2"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("ENC[k8s_secret@$(NS)/a/b]", "ENC[k8s_secret@dd/a/b]", id="an earlier variable"),
        pytest.param("$$(NS)", "$(NS)", id="an escaped one"),
        pytest.param("$$$(NS)", "$dd", id="behind an escaped dollar"),
        pytest.param("$(LATER)", "$(LATER)", id="a later variable stays as it is written"),
        pytest.param("$(NS", "$(NS", id="an open bracket"),
        pytest.param("E$(NODE)", Unknown.ANY, id="an unknown value may make anything"),
        pytest.param("ENC[a/$(NODE)]", "ENC[a/$(NODE)]", id="a handle stays visible"),
    ],
)
def test_references_to_variables(value: str, expected: str | Unknown) -> None:
    """`$(NAME)` is expanded as the kubelet expands it, so that a handle in pieces is seen."""
    before = [
        {"name": "NS", "valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}},
        {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
    ]

    found = values(*before, {"name": "X", "value": value}, {"name": "LATER", "value": "l"})

    assert found["X"] == expected


def test_references_to_absent_sources() -> None:
    """A name that only an absent source could set is unknown, not text."""
    assert (
        values({"name": "X", "value": "$(Y)"}, sources=[{"secretRef": {"name": "gone"}}])["X"] is Unknown.ANY
    )


def test_places() -> None:
    """A value stands where it was written: in the workload, in the ConfigMap, in the Secret."""
    entries = [
        {"name": "L", "value": "l"},
        {"name": "M", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "A"}}},
        {"name": "S", "valueFrom": {"secretKeyRef": {"name": "secret", "key": "h"}}},
    ]

    found = environment_of({"env": entries}, PLACE, "dd", KNOWN)

    assert [found[name].where for name in "LMS"] == [
        PLACE.at("env", 0, "value"),
        MAP.at("data", "A"),
        SECRET.at("data", "h"),
    ]
