"""Which parts of an annotation's JSON the Agent takes as checks and log configurations."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from annotating import AD, ENC, LEGACY, V1, groups, live

FIELDS = ("instances", "Instances", "logs", "init_config", "name", "x")


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        pytest.param({AD + "a.checks": {"x": {"instances": [{"p": ENC}]}}}, {ENC}, id="version 2"),
        pytest.param(
            {AD + "a.checks": {"x": {"init_config": {"p": ENC}, "instances": []}}},
            {ENC},
            id="its init_config",
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"logs": [{"p": ENC}]}}}, {ENC}, id="its logs, without instances"
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"instances": None, "logs": [{"p": ENC}]}}},
            {ENC},
            id="instances that are null",
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"other": ENC, "name": ENC, "instances": []}}}, set(), id="no other field"
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"Instances": [{"p": ENC}]}}}, {ENC}, id="a field in another case"
        ),
        pytest.param({AD + "a.checks": {"x": {"INſTANCES": [{"p": ENC}]}}}, {ENC}, id="… with the long s"),
        pytest.param(
            {AD + "a.checks": {"x": {"in\ufb06ances": [{"p": ENC}], "logs": []}}},
            set(),
            id="a ligature is another field",
        ),
        pytest.param(
            {AD + "a.checks": '{"x": {"instances": [{"p": "ENC[1]"}], "Instances": [{"p": "ENC[2]"}]}}'},
            {"ENC[2]"},
            id="of two cases the last",
        ),
        pytest.param(
            {
                AD + "a.checks": '{"x": {"instances": [{"p": "ENC[1]"}], "Instances": [{"p": "ENC[2]"}],'
                ' "instances": [{"p": "ENC[3]"}]}}'
            },
            {"ENC[3]"},
            id="… also if it was there before",
        ),
        pytest.param(
            {AD + "a.checks": {"x": None, "y": {"instances": [{"p": ENC}]}}},
            {ENC},
            id="beside a check that is null",
        ),
        pytest.param(
            {AD + "a.checks": {"x": {"": [], "logs": [{"p": ENC}]}}}, {ENC}, id="a field without a name"
        ),
        pytest.param(V1, {"ENC[v1]"}, id="version 1"),
        pytest.param(
            {**V1, AD + "a.instances": [[{"p": "ENC[1]"}, {"p": "ENC[2]"}]]},
            {"ENC[1]", "ENC[2]"},
            id="nested instances",
        ),
        pytest.param(
            {**V1, AD + "a.init_configs": [[{"p": ENC}]]}, {ENC, "ENC[v1]"}, id="a nested init_config"
        ),
        pytest.param(
            {**V1, AD + "a.instances": [[], {"p": ENC}]}, {ENC}, id="an empty list among the instances"
        ),
        pytest.param({**V1, AD + "a.check_names": [None]}, {"ENC[v1]"}, id="a name that is null"),
        pytest.param({**V1, AD + "a.checks": {}}, set(), id="version 1 is not read beside version 2"),
        pytest.param({**V1, AD + "a.checks": "{"}, set(), id="… even when its JSON is bad"),
        pytest.param({**V1, AD + "a.checks": "{", AD + "a.logs": [ENC]}, {ENC}, id="… but the logs are"),
        pytest.param({AD + "a.logs": [{"p": ENC}]}, {ENC}, id="logs"),
        pytest.param(
            {AD + "a.logs": [{"p": ENC}], AD + "a.instances": [{"p": "ENC[1]"}]},
            {ENC},
            id="logs beside half of version 1",
        ),
        pytest.param(
            {key.replace(AD, LEGACY): value for key, value in V1.items()},
            {"ENC[v1]"},
            id="version 1 with the legacy prefix",
        ),
        pytest.param({LEGACY + "a.logs": [ENC]}, {ENC}, id="logs with the legacy prefix"),
        pytest.param(
            {LEGACY + "a.checks": {"x": {"instances": [{"p": ENC}]}}},
            set(),
            id="no version 2 with the legacy prefix",
        ),
        pytest.param(
            {**V1, LEGACY + "a.logs": [ENC]}, {"ENC[v1]"}, id="legacy logs are not read beside checks"
        ),
        pytest.param(
            {AD + "a.checks": {}, **{key.replace(AD, LEGACY): value for key, value in V1.items()}},
            set(),
            id="legacy checks are not read beside version 2",
        ),
        pytest.param(
            {AD + "a.logs": [ENC], **{key.replace(AD, LEGACY): value for key, value in V1.items()}},
            {"ENC[v1]"},
            id="logs are not read beside legacy checks",
        ),
        pytest.param(
            {AD + "a.instances": [{"p": "ENC[1]"}], LEGACY + "a.logs": [ENC]},
            {ENC},
            id="legacy logs beside half of version 1",
        ),
        pytest.param(
            {AD + "a.logs": [ENC], LEGACY + "a.logs": ["ENC[2]"]},
            {ENC},
            id="of two logs those of the new prefix",
        ),
        pytest.param(
            {AD + "a.logs": [ENC], LEGACY + "b.logs": ["ENC[2]"]},
            {ENC, "ENC[2]"},
            id="another identifier's legacy logs",
        ),
        pytest.param(
            {AD + "a.logs": [ENC], "ad.stackstate.com/a.logs": ["ENC[2]"]},
            {ENC, "ENC[2]"},
            id="another flavour's logs",
        ),
        pytest.param({AD + "a.check.id": ENC}, set(), id="an identifier's name is no template"),
    ],
)
def test_live(annotations: dict[str, Any], expected: set[str]) -> None:
    """A string is live where the Agent takes it as part of a check or a log configuration."""
    assert live(annotations) == expected


@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from([AD, LEGACY]),
            st.sampled_from(["checks", "check_names", "init_configs", "instances", "logs", "check.id"]),
        ).map(lambda pair: f"{pair[0]}a.{pair[1]}"),
        st.recursive(
            st.sampled_from([None, 1, ENC]),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["", *FIELDS]), inner, max_size=3)
            ),
            max_leaves=6,
        ),
    )
)
def test_any_value_is_taken_apart(annotations: dict[str, Any]) -> None:
    """No JSON under any key raises, and of an identifier only one prefix is live."""
    assert len({group.legacy for group in groups(annotations) if group.live}) <= 1


def test_many_checks_are_told_apart_in_linear_time() -> None:
    """Whether a place is live is looked up, not searched for."""
    checks = {f"check{index}": {"instances": [{"p": ENC}]} for index in range(20_000)}
    (group,) = groups({AD + "a.checks": checks})
    assert all(group.is_live("checks", (name, "instances", 0, "p")) for name in checks)
