"""Why the Agent takes no check from an annotation, said at its place."""

from typing import Any

import pytest

from annotating import AD, ENC, LEGACY, V1, live, problems

VOIDED = "which voids the whole annotation"
GOOD = {"good": {"instances": [{"p": ENC}]}}


@pytest.mark.parametrize(
    ("bad", "what", "inner"),
    [
        pytest.param([], 'check "x" must be an object', ("x",), id="a check that is a list"),
        pytest.param(
            {"instances": {}},
            '"instances" of check "x" must be a list',
            ("x", "instances"),
            id="instances that are no list",
        ),
        pytest.param(
            {"Instances": [1]},
            'instance 0 of check "x" is no object',
            ("x", "Instances", 0),
            id="an instance that is a number",
        ),
        pytest.param(
            {"instances": [{}, [{}]]},
            'instance 1 of check "x" is no object',
            ("x", "instances", 1),
            id="nested instances",
        ),
        pytest.param(
            {"name": 1, "logs": []},
            '"name" of check "x" must be a string',
            ("x", "name"),
            id="a name that is a number",
        ),
        pytest.param(
            {"ignore_autodiscovery_tags": "true"},
            '"ignore_autodiscovery_tags" of check "x" must be true or false',
            ("x", "ignore_autodiscovery_tags"),
            id="a quoted true",
        ),
        pytest.param(
            {"check_tag_cardinality": []},
            '"check_tag_cardinality" of check "x" must be a string',
            ("x", "check_tag_cardinality"),
            id="a cardinality that is a list",
        ),
    ],
)
def test_one_bad_check_voids_the_annotation(bad: Any, what: str, inner: tuple[Any, ...]) -> None:
    """What Go cannot decode makes the Agent drop every check of the annotation."""
    for value in ({**GOOD, "x": bad}, {"x": bad, **GOOD}):
        annotations = {AD + "a.checks": value}
        assert live(annotations) == set()
        assert problems(annotations) == [(AD + "a.checks", "template-invalid", f"{what}, {VOIDED}", inner)]


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param(
            {AD + "a.checks": []},
            [
                (
                    AD + "a.checks",
                    "template-invalid",
                    "must be a JSON object from check name to its configuration",
                    (),
                )
            ],
            id="a list of checks",
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"instnces": []}}},
            [
                (
                    AD + "a.checks",
                    "template-invalid",
                    'check "x" has neither instances nor logs: nothing runs',
                    ("x", "instnces"),
                )
            ],
            id="a check with misspelt instances",
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"name": "y"}}},
            [
                (
                    AD + "a.checks",
                    "template-invalid",
                    'check "x" has neither instances nor logs: nothing runs',
                    ("x",),
                )
            ],
            id="a check without instances",
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"Init_Config": None, "instances": []}}},
            [
                (
                    AD + "a.checks",
                    "init-config-null",
                    '"Init_Config" of check "x" is null: with a secret backend the Agent drops the check',
                    ("x", "Init_Config"),
                )
            ],
            id="an init_config that is null",
        ),
        pytest.param(
            {AD + "a.checks": "{'x': 1}"},
            [
                (
                    AD + "a.checks",
                    "json-invalid",
                    "not JSON: expecting property name enclosed in double quotes (line 1, column 2): the Agent drops this annotation",
                    (),
                )
            ],
            id="no JSON",
        ),
        pytest.param(
            {AD + "a.logs": "[" * 2000},
            [
                (
                    AD + "a.logs",
                    "json-depth",
                    "nested more than 500 levels deep: the Agent drops this annotation",
                    (),
                )
            ],
            id="nesting that cannot be checked",
        ),
        pytest.param(
            {AD + "a.instances": [{}]},
            [
                (
                    AD + "a.instances",
                    "template-invalid",
                    "needs a.check_names and a.init_configs beside it: without it the Agent takes no check",
                    (),
                )
            ],
            id="instances alone",
        ),
        pytest.param(
            {**V1, AD + "a.check_names": ["x", "y"]},
            [
                (
                    AD + "a.check_names",
                    "lists-unequal",
                    "2 check_names, 1 init_configs and 1 instances: the Agent takes none of them",
                    (),
                )
            ],
            id="lists of different length",
        ),
        pytest.param(
            {**V1, AD + "a.init_configs": [[]]},
            [
                (
                    AD + "a.check_names",
                    "lists-unequal",
                    "1 check_names, 0 init_configs and 1 instances: the Agent takes none of them",
                    (),
                )
            ],
            id="an empty list among them",
        ),
        pytest.param(
            {**V1, AD + "a.init_configs": None},
            [
                (
                    AD + "a.check_names",
                    "lists-unequal",
                    "1 check_names, 0 init_configs and 1 instances: the Agent takes none of them",
                    (),
                )
            ],
            id="a list that is null",
        ),
        pytest.param(
            {**V1, AD + "a.instances": {}},
            [(AD + "a.instances", "template-invalid", "must be a JSON list", ())],
            id="instances that are no list",
        ),
        pytest.param(
            {**V1, AD + "a.instances": "["},
            [(AD + "a.instances", "json-invalid", None, ())],
            id="instances that are no JSON",
        ),
        pytest.param(
            {**V1, AD + "a.check_names": [1]},
            [
                (
                    AD + "a.check_names",
                    "template-invalid",
                    "item 0 must be a string: the Agent takes none of the three lists",
                    (0,),
                )
            ],
            id="a name that is a number",
        ),
        pytest.param(
            {**V1, AD + "a.init_configs": [[{}, {}]]},
            [
                (
                    AD + "a.init_configs",
                    "template-invalid",
                    "item 0 must be one JSON object: the Agent takes none of the three lists",
                    (0,),
                )
            ],
            id="two init_configs for one check",
        ),
        pytest.param(
            {**V1, AD + "a.instances": [[{}, 1]]},
            [
                (
                    AD + "a.instances",
                    "template-invalid",
                    "item 0 must be a JSON object or a list of them: the Agent takes none of the three lists",
                    (0,),
                )
            ],
            id="a nested instance that is a number",
        ),
        pytest.param(
            {AD + "a.logs": {}},
            [(AD + "a.logs", "template-invalid", "must be a JSON list of log configurations", ())],
            id="logs that are no list",
        ),
        pytest.param(
            {LEGACY + "a.checks": {}},
            [(LEGACY + "a.checks", "template-invalid", "the legacy prefix has no such key", ())],
            id="version 2 with the legacy prefix",
        ),
        pytest.param(
            {**V1, LEGACY + "a.logs": []},
            [
                (
                    LEGACY + "a.logs",
                    "template-invalid",
                    f"the Agent reads one prefix for an identifier, and {AD}a.check_names decides for the other",
                    (),
                )
            ],
            id="logs with the other prefix",
        ),
        pytest.param({AD + "a.check.id": "b", AD + "c": "d"}, [], id="keys without JSON"),
    ],
)
def test_problems(
    annotations: dict[str, Any], expected: list[tuple[str, str, str | None, tuple[Any, ...]]]
) -> None:
    """Why the Agent takes nothing is said at the key, and at the place in its value."""
    found = problems(annotations)
    assert [
        (*row[:2], row[2] if known[2] else None, row[3]) for row, known in zip(found, expected, strict=True)
    ] == expected
    assert live(annotations) in (set(), {"ENC[v1]"})
