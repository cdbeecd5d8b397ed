"""ConfigMaps and Secrets; of a Secret's values only handles are kept."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.objects.configuration import read_config_map, read_secret
from enc_operator.core.syntax import Source, parse_json
from enc_resolver.handles import handle_in
from reading_objects import WHERE, holds, read, reader

CANARY = "canary-3f9"


def encoded(text: str) -> str:
    """Encode a value as Secrets and binaryData have it."""
    return base64.b64encode(text.encode()).decode()


def test_config_maps() -> None:
    """A ConfigMap's texts are kept, those of binaryData decoded."""
    manifest = {
        "data": {"a": "text", "n": 1},
        "binaryData": {"b": encoded("ENC[x]"), "c": "/w==", "d": "no base64!", "e": "é", "f": None},
    }
    fact = read_config_map(manifest, WHERE, "shop", "c")
    assert fact.data == {"a": "text", "b": "ENC[x]", "c": "\ufffd", "d": fact.data["d"], "e": ""}
    assert fact.binary == {"b", "c", "d", "e"}


@pytest.mark.parametrize(
    ("manifest", "keys", "handles"),
    [
        pytest.param({}, set(), {}, id="nothing"),
        pytest.param({"data": {"a": encoded("x")}, "stringData": {"b": "y"}}, {"a", "b"}, {}, id="values"),
        pytest.param({"data": {"a": encoded(" ENC[x]")}}, {"a"}, {"a": " ENC[x]"}, id="a handle in data"),
        pytest.param({"stringData": {"a": "ENC[x]"}}, {"a"}, {"a": "ENC[x]"}, id="a handle in stringData"),
        pytest.param(
            {"data": {"a": encoded("ENC[x]")}, "stringData": {"a": "y"}},
            {"a"},
            {},
            id="stringData replaces data",
        ),
        pytest.param(
            {"data": {"a": None, "b": "é", "c": "x"}}, {"a", "b", "c"}, {}, id="values that cannot be decoded"
        ),
        pytest.param({"data": ["a"], "stringData": "x"}, set(), {}, id="another shape"),
        pytest.param({"data": {"a": encoded("x ENC[y]")}}, {"a"}, {}, id="a part of a value is no handle"),
    ],
)
def test_secrets(manifest: dict[str, Any], keys: set[str], handles: dict[str, str]) -> None:
    """Of a Secret there are its keys, and the values that are handles."""
    fact = read_secret(manifest, WHERE, "shop", "s")
    assert fact.keys == keys
    assert fact.handles == handles


WRAPPED = st.sampled_from(["{}", "x{}", "{}\n", "ENC{}", "ENC[ {}", "{}]", "enc[{}]"])
PLACES = st.sampled_from(["data", "stringData", "plain", "annotation", "label", "list", "number"])


def secret(value: str, place: str) -> dict[str, Any]:
    """Return a Secret with a value somewhere."""
    found: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "shop"},
    }
    if place in ("data", "stringData"):
        found[place] = {"key": encoded(value) if place == "data" else value}
    elif place == "plain":
        found["data"] = {"key": value}
    elif place == "annotation":
        applied = json.dumps({"data": {"key": value}})
        found["metadata"]["annotations"] = {
            "kubectl.kubernetes.io/last-applied-configuration": applied,
            "n": 1,
        }
    elif place == "label":
        found["metadata"]["labels"] = {"a": value}
    else:
        found["data"] = [value] if place == "list" else {"key": {value: 1}}
    return found


def pod(name: str) -> dict[str, Any]:
    """Return a pod with a template, of which the text is kept."""
    metadata = {"name": name, "annotations": {"ad.datadoghq.com/app.checks": "{}", "broken": 1}}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": {"containers": [{"name": "app"}]},
    }


@given(
    WRAPPED,
    PLACES,
    st.sampled_from([None, 2, "\t"]),
    st.sampled_from(["Secret", "List", "SecretList", "nameless"]),
)
def test_no_value_of_a_secret_survives(frame: str, place: str, indent: Any, kind: str) -> None:
    """Wherever a value stood in a Secret, nothing of it can be reached from the inventory, source texts included."""
    document: dict[str, Any] = secret(frame.format(CANARY), place)
    if kind == "nameless":
        del document["kind"]
    elif kind != "Secret":
        document = {
            "kind": kind,
            "apiVersion": "v1",
            "items": [pod("a"), document, {"kind": "List", "items": [document]}, pod("b")],
        }
    text = json.dumps(document, indent=indent)
    reading = reader()
    reading.read(parse_json(text).value, Source("f", 0, text))
    assert handle_in(frame.format(CANARY)) is None
    assert not holds(reading.inventory, CANARY)
    assert not holds(reading.inventory, encoded(CANARY)[:8])


def test_a_secret_knows_its_line() -> None:
    """A Secret's place is its document's line, without the text."""
    (fact,) = read("kind: Secret\nmetadata: {name: s}\nstringData: {a: 'ENC[x]'}\n").secrets
    assert fact.where.source == Source("f", 0)
    assert fact.where.at("data", "a").position() == (1, 1)
