"""Checking a resource: what the files of the tables do not show."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from enc_operator.core.schemas import SchemaFault, check_resource

Crds = Mapping[str, Mapping[str, Any]]
NAMES = st.from_regex(r"[a-z]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
LISTS = st.lists(NAMES, min_size=1, max_size=4, unique=True) | st.just(["*"])
SELECTORS = st.fixed_dictionaries({"matchLabels": st.dictionaries(NAMES, NAMES, min_size=1, max_size=3)})
REFERRERS = st.one_of(
    st.fixed_dictionaries({"namespace": NAMES, "serviceAccounts": LISTS}),
    st.fixed_dictionaries({"namespaceSelector": SELECTORS, "serviceAccounts": LISTS}),
    st.fixed_dictionaries({"agent": st.fixed_dictionaries({"namespace": NAMES})}),
)
GRANTS = st.fixed_dictionaries(
    {
        "apiVersion": st.just("enc-operator.io/v1alpha1"),
        "kind": st.just("SecretGrant"),
        "metadata": st.fixed_dictionaries({"name": NAMES}),
        "spec": st.fixed_dictionaries(
            {
                "from": st.lists(REFERRERS, min_size=1, max_size=3),
                "to": st.lists(
                    st.fixed_dictionaries({"secretName": NAMES, "keys": LISTS}), min_size=1, max_size=3
                ),
            },
            optional={"expires": st.just("2030-01-01T00:00:00Z")},
        ),
    }
)
FIELDS = st.sampled_from(
    ["namespace", "namespaceSelector", "agent", "serviceAccounts", "matchExpressions", "operator"]
)
UNKNOWN = st.text(min_size=1, max_size=12).map(lambda text: f"{text}X")
quietly = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)


def closed_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield the objects of a grant whose fields are fixed; the keys of matchLabels are the author's."""
    if isinstance(value, dict):
        yield value
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(child, dict | list) and key != "matchLabels":
            yield from closed_objects(child)


@quietly
@given(grant=GRANTS)
def test_a_generated_grant_is_valid(grant: dict[str, Any], crds: Crds) -> None:
    """The next test starts from grants without a fault."""
    assert check_resource(grant, crds) == ()


@quietly
@given(grant=GRANTS, name=UNKNOWN, value=st.none() | st.text() | st.lists(st.integers()), data=st.data())
def test_an_unknown_field_anywhere_is_refused(
    grant: dict[str, Any], name: str, value: Any, data: st.DataObject, crds: Crds
) -> None:
    """Whichever object of a valid grant has one field more is a fault with that field's path."""
    objects = list(closed_objects(grant))
    objects[data.draw(st.integers(0, len(objects) - 1))][name] = value

    (fault,) = check_resource(grant, crds)

    assert fault.path[-1] == name
    assert fault.message.startswith("unknown field")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(FIELDS | st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@quietly
@given(grant=GRANTS, value=JSON, data=st.data())
def test_whatever_stands_anywhere_is_judged_without_an_error(
    grant: dict[str, Any], value: Any, data: st.DataObject, crds: Crds
) -> None:
    """An object where a list belongs, a list where a name belongs: a fault with a fix, never an exception."""
    objects = list(closed_objects(grant))
    chosen = objects[data.draw(st.integers(0, len(objects) - 1))]
    chosen[data.draw(st.sampled_from(sorted(chosen)))] = value

    assert all(fault.message and fault.fix for fault in check_resource(grant, crds))


def test_an_object_where_a_list_belongs_is_one_fault(grant: dict[str, Any], crds: Crds) -> None:
    """What is in it is under no schema, and no rule is asked about it."""
    grant["spec"]["to"] = {"first": {}}
    grant["spec"]["from"][0]["serviceAccounts"] = {"*": "a"}

    assert [fault.path[-1] for fault in check_resource(grant, crds)] == ["serviceAccounts", "to"]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        pytest.param(
            {"kind": "SecretGrnat"},
            SchemaFault(("kind",), 'unknown kind "SecretGrnat"', 'did you mean "SecretGrant"?'),
            id="a misspelt kind",
        ),
        pytest.param(
            {"kind": "Widget"},
            SchemaFault(
                ("kind",), 'unknown kind "Widget"', "use one of AgentTarget, ClusterSecretGrant, SecretGrant"
            ),
            id="a foreign kind",
        ),
        pytest.param(
            {"kind": None},
            SchemaFault((), '"kind" is missing', "use one of AgentTarget, ClusterSecretGrant, SecretGrant"),
            id="no kind",
        ),
        pytest.param({"kind": ["a"]}, SchemaFault(("kind",), 'unknown kind ["a"]', ""), id="a list as kind"),
        pytest.param(
            {"apiVersion": "enc-operator.io/v1beta9"},
            SchemaFault(
                ("apiVersion",),
                'unknown apiVersion "enc-operator.io/v1beta9"',
                'did you mean "enc-operator.io/v1alpha1"?',
            ),
            id="an unknown version",
        ),
        pytest.param(
            {"apiVersion": 1},
            SchemaFault(("apiVersion",), "unknown apiVersion 1", ""),
            id="a number as version",
        ),
        pytest.param(
            {"metadata": None},
            SchemaFault(("metadata",), "must be an object, not null", ""),
            id="no metadata",
        ),
        pytest.param(
            {"spec": {"from": [], 1: 2}},
            SchemaFault(("spec", "1"), 'unknown field "1"', "remove it; known here: expires, from, to"),
            id="a key that is no string",
        ),
    ],
)
def test_what_is_wrong_at_the_root_is_said_with_its_fix(
    change: dict[str, Any], fault: SchemaFault, grant: dict[str, Any], crds: Crds
) -> None:
    """Kind, version and metadata come first; an expected fix left empty is not compared."""
    found = check_resource({**grant, **change}, crds)

    assert (fault.path, fault.message) in [(f.path, f.message) for f in found]
    assert not fault.fix or fault.fix in [f.fix for f in found]


def test_a_misspelt_field_is_not_also_reported_as_missing(grant: dict[str, Any], crds: Crds) -> None:
    """One mistake is one fault, with the right spelling."""
    grant["spec"]["to"][0]["secretname"] = grant["spec"]["to"][0].pop("secretName")

    assert check_resource(grant, crds) == (
        SchemaFault(
            ("spec", "to", 0, "secretname"),
            'unknown field "secretname"',
            'did you mean "secretName"?',
            on_key=True,
        ),
    )


def test_a_missing_field_comes_with_its_description(grant: dict[str, Any], crds: Crds) -> None:
    """The fix says what belongs there."""
    del grant["spec"]["to"][0]["secretName"]

    assert check_resource(grant, crds) == (
        SchemaFault(
            ("spec", "to", 0),
            '"secretName" is missing',
            "add secretName: The name of the Secret. There is no wildcard.",
        ),
    )


def test_all_faults_are_found_in_the_documents_order(grant: dict[str, Any], crds: Crds) -> None:
    """A user corrects a file once, not fault by fault."""
    grant["spec"]["from"] = [{"namespace": "shop", "serviceAccounts": ["a", "*"]}] * 11
    grant["spec"]["from"][2] = {"namespace": "", "serviceAccounts": ["a", "a"]}
    grant["metadata"]["labels"] = {"a b": "c"}

    found = [fault.path for fault in check_resource(grant, crds)]

    assert found[:2] == [("metadata", "labels"), ("spec", "from", 0, "serviceAccounts")]
    assert found[3:5] == [("spec", "from", 2, "namespace"), ("spec", "from", 2, "serviceAccounts", 1)]
    assert found[-1] == ("spec", "from", 10, "serviceAccounts")


def test_a_null_is_a_fault_where_the_api_server_would_remove_it(grant: dict[str, Any], crds: Crds) -> None:
    """A blank `expires:` must not become a grant that never ends."""
    grant["spec"]["expires"] = None

    assert check_resource(grant, crds) == (
        SchemaFault(("spec", "expires"), "must be a string, not null", "give it a value or remove it"),
    )


def test_a_rule_without_a_predicate_cannot_be_decided(grant: dict[str, Any], crds: Crds) -> None:
    """A CRD from elsewhere that was not loaded with `read_crds` never passes for checked."""
    version = crds["SecretGrant"]["spec"]["versions"][0]
    schema = {
        **version["schema"]["openAPIV3Schema"],
        "x-kubernetes-validations": [{"rule": "self.x", "message": "no"}],
    }
    spec = {
        **crds["SecretGrant"]["spec"],
        "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
    }

    with pytest.raises(ValueError, match="no predicate"):
        check_resource(grant, {"SecretGrant": {"spec": spec}})


def test_nothing_is_known_without_crds(grant: dict[str, Any]) -> None:
    """An empty table of CRDs refuses, and accepts nothing."""
    assert check_resource(grant, {}) == (
        SchemaFault(("kind",), 'unknown kind "SecretGrant"', "use one of nothing"),
    )


def test_a_hostile_resource_has_a_bounded_number_of_unknown_fields(grant: dict[str, Any], crds: Crds) -> None:
    """Looking for what was meant takes time for each of them."""
    grant["spec"].update({f"x{number}": 0 for number in range(50_000)})

    assert len(check_resource(grant, crds)) == 100
