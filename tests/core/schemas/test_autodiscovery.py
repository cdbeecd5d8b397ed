"""The shape of Autodiscovery annotations: the schemas, the check without a library, and that they agree."""

import sys
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from enc_operator.core.schemas import check_annotation
from enc_operator.core.schemas.autodiscovery import (
    CHECK_NAMES_SCHEMA,
    CHECKS_SCHEMA,
    INIT_CONFIGS_SCHEMA,
    INSTANCES_SCHEMA,
    LOGS_SCHEMA,
)

SCHEMAS = {
    "checks": CHECKS_SCHEMA,
    "check_names": CHECK_NAMES_SCHEMA,
    "init_configs": INIT_CONFIGS_SCHEMA,
    "instances": INSTANCES_SCHEMA,
    "logs": LOGS_SCHEMA,
}
FIELDS = ("name", "init_config", "instances", "logs", "ignore_autodiscovery_tags", "check_tag_cardinality")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
OBJECTS = st.dictionaries(st.text(max_size=3), SCALARS, max_size=2)
VALUES = st.recursive(SCALARS | OBJECTS, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


@st.composite
def field_names(draw: st.DrawFn) -> str:
    """Return a field's name, in capitals here and there, sometimes with one letter wrong."""
    name = draw(st.sampled_from(FIELDS))
    letters = [draw(st.sampled_from(sorted({c, c.upper(), *("ſ" if c == "s" else c)}))) for c in name]
    return "".join(letters) + draw(st.sampled_from(["", "", "", "s", "\n"]))


CHECKS = st.dictionaries(
    st.text(max_size=5), st.dictionaries(field_names(), VALUES, max_size=3) | VALUES, max_size=2
)


@pytest.mark.parametrize("suffix", SCHEMAS)
def test_each_schema_is_a_json_schema(suffix: str) -> None:
    """Editors and pre-commit hooks can use them."""
    Draft202012Validator.check_schema(SCHEMAS[suffix])


@settings(deadline=None)
@given(suffix=st.sampled_from(sorted(SCHEMAS)), value=VALUES | CHECKS)
def test_check_and_schema_agree(suffix: str, value: Any) -> None:
    """What the one refuses, the other refuses."""
    assert bool(check_annotation(suffix, value)) is not Draft202012Validator(SCHEMAS[suffix]).is_valid(value)


@settings(deadline=None)
@given(value=CHECKS)
def test_check_and_schema_agree_on_checks(value: Any) -> None:
    """The form with the most rules, with field names in any case."""
    assert bool(check_annotation("checks", value)) is not Draft202012Validator(CHECKS_SCHEMA).is_valid(value)


@pytest.mark.parametrize(
    ("suffix", "value"),
    [
        pytest.param("checks", {}, id="no check at all"),
        pytest.param("checks", {"redisdb": {}}, id="a check that is only named"),
        pytest.param(
            "checks",
            {"redisdb": {"init_config": {}, "instances": [{"host": "%%host%%"}]}},
            id="the usual form",
        ),
        pytest.param(
            "checks", {"redisdb": {"Instances": [{}], "colour": 1}}, id="unknown beside a field in capitals"
        ),
        pytest.param(
            "checks", {"r": {"name": None, "instances": None, "ignore_autodiscovery_tags": None}}, id="nulls"
        ),
        pytest.param("check_names", ["redisdb", ""], id="names"),
        pytest.param("init_configs", [{}, [{}]], id="init_configs, one in a list"),
        pytest.param("instances", [{}, [{}, {}]], id="instances, two for one check"),
        pytest.param("logs", [{"source": "redis"}], id="logs"),
        pytest.param("tags", "no JSON", id="a suffix that is not JSON"),
    ],
)
def test_what_the_agent_takes_has_no_fault(suffix: str, value: Any) -> None:
    """The Agent's decoder accepts each of these."""
    assert check_annotation(suffix, value) == ()


@pytest.mark.parametrize(
    ("suffix", "value", "path", "message"),
    [
        pytest.param("checks", [], (), "must be an object, not a list", id="a list as checks"),
        pytest.param("checks", {"r": None}, ("r",), "must be an object, not null", id="null as a check"),
        pytest.param("checks", {"r": {"instances": {}}}, ("r", "instances"), "must be a list", id="one instance bare"),
        pytest.param(
            "checks", {"r": {"instances": [{}, "x"]}}, ("r", "instances", 1), "must be an object, not a string",
            id="an instance that is text",
        ),
        pytest.param("checks", {"r": {"init_config": None}}, ("r", "init_config"), "not null", id="a null init_config"),
        pytest.param("checks", {"r": {"logs": None}}, ("r", "logs"), "must be a list, not null", id="null as logs"),
        pytest.param("checks", {"r": {"NAME": 1}}, ("r", "NAME"), "must be a string", id="a name that is a number"),
        pytest.param(
            "checks", {"r": {"ignore_autodiscovery_tags": "true"}}, ("r", "ignore_autodiscovery_tags"),
            "must be true or false", id="true in quotes",
        ),
        pytest.param("checks", {"r": {"instance": [{}]}}, ("r", "instance"), "nothing runs", id="misspelt instances"),
        pytest.param("checks", {"r": {"host": "x"}}, ("r", "host"), "nothing runs", id="an instance one level too high"),
        pytest.param("check_names", "redisdb", (), "must be a list, not a string", id="one name bare"),
        pytest.param("check_names", [None], (0,), "must be a string, not null", id="null as a name"),
        pytest.param("init_configs", {}, (), "must be a list, not an object", id="one init_config bare"),
        pytest.param("init_configs", [[{}, {}]], (0,), "holds 2 items", id="two init_configs for one check"),
        pytest.param("init_configs", [[]], (0,), "holds 0 items", id="no init_config for a check"),
        pytest.param("init_configs", [None], (0,), "must be an object, not null", id="null as init_config"),
        pytest.param("instances", "x", (), "must be a list, not a string", id="text as instances"),
        pytest.param("instances", [[]], (0,), "is empty", id="no instance for a check"),
        pytest.param("instances", [[{}, 1]], (0, 1), "must be an object", id="a number among instances"),
        pytest.param("logs", {}, (), "must be a list, not an object", id="one log bare"),
        pytest.param("logs", [[]], (0,), "must be an object, not a list", id="a list as a log"),
    ],
)  # fmt: skip
def test_what_the_agent_refuses_or_loses_is_one_fault(
    suffix: str, value: Any, path: tuple[str | int, ...], message: str
) -> None:
    """Where it is and what it is; there is always a fix."""
    (fault,) = check_annotation(suffix, value)

    assert fault.path == path
    assert message in fault.message
    assert fault.fix


def test_a_misspelt_field_comes_with_the_right_spelling() -> None:
    """The check would stay silent without a word from the Agent."""
    (fault,) = check_annotation("checks", {"redisdb": {"init_config": {}, "instance": [{}]}})

    assert fault.fix == 'did you mean "instances"?'


def test_faults_never_show_values() -> None:
    """What stands in an instance may be a password."""
    faults = check_annotation(
        "checks", {"r": {"instances": ["the-password"], "name": ["the-password"], "logs": "the-password"}}
    )

    assert len(faults) == 3
    assert "the-password" not in repr(faults)


def test_field_names_fold_as_gos_decoder_folds_them() -> None:
    """Beside a letter and its capital only the long s and the Kelvin sign stand for a letter of a field's name."""
    characters = [chr(code) for code in range(sys.maxunicode)]
    candidates = [c for c in characters if any(f.isascii() for f in (c.casefold(), c.lower(), c.upper()))]

    def stands_for(letter: str, name: str) -> set[str]:
        return {
            c
            for c in candidates
            if check_annotation("checks", {"r": {"instances": [], name.replace(letter, c): 1}})
        }

    assert stands_for("s", "logs") == {"s", "S", "\u017f"}
    assert stands_for("k", "check_tag_cardinality") == {"k", "K", "\u212a"}
    assert stands_for("m", "name") == {"m", "M"}


def test_a_hostile_annotation_has_a_bounded_number_of_faults() -> None:
    """Wording a hundred thousand faults would keep an admission review waiting."""
    hostile: dict[str, Any] = {f"check{number}": {"instance": []} for number in range(50_000)}

    assert len(check_annotation("checks", hostile)) == 100
