"""The CRDs themselves: valid for Kubernetes, structural, and wholly implemented here."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from enc_operator.core.schemas import read_crds
from enc_operator.core.schemas.metadata import METADATA
from enc_operator.core.schemas.nodes import subschemas
from enc_operator.core.schemas.patterns import PATTERNS
from enc_operator.core.schemas.rules import RULES
from enc_operator.core.schemas.translation import KEYWORDS

FOLDER = Path(__file__).parents[3] / "charts/enc-operator/crds"
FILES = sorted(FOLDER.glob("*.yaml"))
# https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
FORBIDDEN = {
    *("$ref", "definitions", "dependencies", "deprecated", "discriminator", "id", "patternProperties"),
    *("readOnly", "writeOnly", "xml", "uniqueItems"),
}
NOT_MEANT = {
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-int-or-string",
}
# apiserver `pkg/cel/escaping.go`
RESERVED = {
    *("as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let"),
    *("loop", "namespace", "null", "package", "return", "true", "var", "void", "while"),
}
UNBOUNDED = {"apiVersion", "kind", "lastTransitionTime"}


def schema_of(crd: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the schema of the only version."""
    (version,) = crd["spec"]["versions"]
    found: Mapping[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


def load(path: Path) -> Any:
    """Parse a CRD."""
    return yaml.safe_load(path.read_text())


def named_schemas(schema: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each property's name and schema."""
    for part in subschemas(schema):
        yield from part.get("properties", {}).items()


def parts() -> list[Mapping[str, Any]]:
    """Return every schema of every CRD."""
    return [part for path in FILES for part in subschemas(schema_of(load(path)))]


def rules(schemas: list[Mapping[str, Any]]) -> set[str]:
    """Return the texts of the CEL rules."""
    return {validation["rule"] for part in schemas for validation in part.get("x-kubernetes-validations", ())}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_crd_is_valid_by_kubernetes_own_schema(path: Path) -> None:
    """The API server's OpenAPI document knows every field, strictly."""
    kubernetes_validate.validate(load(path), "1.36", strict=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_schema_is_structural(path: Path) -> None:
    """Each level has a type and none of the keywords that structural schemas forbid; the root is a plain object."""
    schema = schema_of(load(path))

    for part in subschemas(schema):
        assert part.get("type"), part
        assert not set(part) & (FORBIDDEN | NOT_MEANT), part
        assert not {"properties", "additionalProperties"} <= set(part), part
        assert part.get("additionalProperties") is not False
        assert ("items" in part) == (part["type"] == "array")
    assert schema["type"] == "object"
    assert schema["properties"]["metadata"] == {"type": "object"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lists_maps_and_strings_have_bounds(path: Path) -> None:
    """The API server estimates the CEL rules' cost from the bounds and refuses a CRD that could cost too much."""
    schema = schema_of(load(path))

    for part in subschemas(schema):
        assert part["type"] != "array" or "maxItems" in part
        assert "additionalProperties" not in part or "maxProperties" in part
    for name, part in named_schemas(schema):
        assert part["type"] != "string" or "maxLength" in part or "enum" in part or name in UNBOUNDED, name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_field_is_described_in_a_sentence(path: Path) -> None:
    """`kubectl explain` has an answer for each field."""
    schema = schema_of(load(path))

    for name, part in named_schemas(schema):
        assert name == "metadata" or re.fullmatch(r"[A-Za-z].*[.]", part["description"]), name
        assert part.get("items", {}).get("type") != "object" or part["items"]["description"], name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_string_of_a_spec_has_a_format(path: Path) -> None:
    """With a format the API server takes a list for a string (k8s.io/kube-openapi `pkg/validation/validate/type.go`)."""
    for part in subschemas(schema_of(load(path))["properties"]["spec"]):
        assert part["type"] != "string" or "format" not in part


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_lists_of_a_spec_have_at_least_one_item(path: Path) -> None:
    """An empty list never means anything, since "all" is written with a star."""
    for part in subschemas(schema_of(load(path))["properties"]["spec"]):
        assert part["type"] != "array" or part["minItems"] == 1


def test_every_cel_rule_has_a_predicate_and_a_message_and_no_predicate_is_superfluous() -> None:
    """The table of predicates and the CRDs hold the same rules."""
    assert rules(parts()) | rules(list(subschemas(METADATA))) == set(RULES)
    assert all(v["message"] for part in parts() for v in part.get("x-kubernetes-validations", ()))


def test_no_cel_rule_names_a_field_by_a_word_that_cel_reserves() -> None:
    """Kubernetes 1.30 knows such a field as `__namespace__` only; that `namespace` is one too came later."""
    selected = {name for rule in rules(parts()) for name in re.findall(r"\.(\w+)\b(?!\()", rule)}

    assert "__namespace__" in selected
    assert selected & RESERVED == set()


def test_every_pattern_has_words_and_no_words_are_superfluous() -> None:
    """The table of patterns and the CRDs hold the same ones."""
    schemas = [*parts(), *subschemas(METADATA)]

    assert {part["pattern"] for part in schemas if "pattern" in part} == set(PATTERNS)


def test_every_pattern_is_anchored_at_both_ends() -> None:
    """A pattern that matches somewhere inside would let anything through."""
    assert all(pattern.startswith("^") and pattern.endswith("$") for pattern in PATTERNS)


def test_both_grants_have_the_same_referrers_and_secret_volumes_a_part_of_them() -> None:
    """The three spellings of a referrer cannot drift apart."""
    own, cluster, target = (
        schema_of(load(FOLDER / f"{name}.yaml"))["properties"]["spec"]["properties"]
        for name in ("secretgrants", "clustersecretgrants", "agenttargets")
    )
    allowed = target["secretVolumes"]["items"]["properties"]["allowedFrom"]["items"]["properties"]

    assert own["from"] == cluster["from"]
    assert {"agent": own["from"]["items"]["properties"]["agent"], **allowed} == own["from"]["items"][
        "properties"
    ]


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        pytest.param({"oneOf": []}, "keywords", id="a keyword that is not implemented"),
        pytest.param({"pattern": "^x$"}, "pattern", id="a pattern without words"),
        pytest.param(
            {"x-kubernetes-validations": [{"rule": "true"}]}, "CEL rule", id="a rule without a predicate"
        ),
    ],
)
def test_a_crd_that_is_not_wholly_implemented_does_not_load(
    change: Mapping[str, Any], complaint: str
) -> None:
    """Half a check would pass what the API server refuses."""
    crd = load(FILES[0])
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].update(change)

    with pytest.raises(ValueError, match=complaint):
        read_crds([yaml.safe_dump(crd)])


def test_keywords_of_the_crds_are_all_used_or_reserved() -> None:
    """Only null and unknown fields, which no CRD here admits, are implemented ahead of need."""
    used = {word for part in parts() for word in part}

    assert KEYWORDS - used <= {"nullable", "x-kubernetes-preserve-unknown-fields"}
