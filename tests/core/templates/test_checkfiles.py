"""A check's file below conf.d: whose check it is, what it waits for, and which of its parts are resolved."""

from typing import Any

import pytest

from enc_operator.core.syntax import SyntaxFault
from enc_operator.core.templates.checkfiles import check_name, is_check_file, parse_check_file


@pytest.mark.parametrize(
    ("path", "read", "check"),
    [
        pytest.param("/conf.d/redisdb.yaml", True, "redisdb", id="a file"),
        pytest.param("redisdb.yml", True, "redisdb", id="a name alone"),
        pytest.param("/conf.d/redisdb.d/conf.yaml", True, "redisdb", id="a folder of the check"),
        pytest.param(
            "/etc/datadog-agent/conf.d/redisdb.d/auto_conf.yaml", True, "redisdb", id="an automatic one"
        ),
        pytest.param("/conf.d/redisdb.yaml.default", True, "redisdb", id="a default"),
        pytest.param("/conf.d/redisdb.yml.default", True, "redisdb", id="a default with the short suffix"),
        pytest.param("/conf.d/my.yak.yaml", True, "my.yak", id="a name with .y in it"),
        pytest.param("/conf.d/redisdb.yaml.example", False, "redisdb.yaml.example", id="an example"),
        pytest.param("/conf.d/redisdb.yaml.d/conf.json", False, "redisdb.yaml", id="no YAML"),
        pytest.param("/conf.d/metrics", False, "metrics", id="no suffix"),
        pytest.param("/other/conf.yaml", True, "conf", id="a folder that is no check's"),
    ],
)
def test_names(path: str, read: bool, check: str) -> None:  # noqa: FBT001
    """The Agent reads YAML only, and the folder or the file names the check."""
    assert is_check_file(path) is read
    assert check_name(path) == check


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("instances: [{a: b}]\n", {}, id="a check that runs at once"),
        pytest.param(
            "ad_identifiers: [redis, 1, a/b]\n", {"identifiers": ("redis", "a/b")}, id="identifiers"
        ),
        pytest.param("ad_identifiers: redis\n", {}, id="identifiers that are no list"),
        pytest.param(
            "advanced_ad_identifiers:\n- kube_endpoints: {name: a}\n- kube_service: {name: b}\n",
            {"services": ("kube_service", "kube_endpoints")},
            id="Services and endpoints",
        ),
        pytest.param("advanced_ad_identifiers: [{crd: {}}, text]\n", {}, id="other advanced identifiers"),
        pytest.param(
            "advanced_ad_identifiers: {kube_service: {}}\n", {}, id="advanced identifiers that are no list"
        ),
        pytest.param("cel_selector: {containers: ['true']}\n", {"expression": True}, id="a CEL selector"),
        pytest.param("cluster_check: true\n", {"cluster_check": True}, id="a cluster check"),
        pytest.param("cluster_check: yes\n", {"cluster_check": True}, id="… in YAML 1.1's words"),
        pytest.param("cluster_check: 'true'\n", {}, id="a quoted true is none"),
        pytest.param("", {}, id="an empty file"),
        pytest.param("# nothing\n", {}, id="a file of comments"),
        pytest.param(
            "---\n---\ncluster_check: true\n", {}, id="only the first document, even if it is empty"
        ),
        pytest.param("cluster_check: true\n---\n[", {"cluster_check": True}, id="whatever follows it"),
        pytest.param("%YAML 1.1\n---\ncluster_check: true\n", {"cluster_check": True}, id="a directive"),
    ],
)
def test_files(text: str, expected: dict[str, Any]) -> None:
    """A file says what it waits for; without that the Agent takes it as a check at once."""
    file = parse_check_file("/conf.d/redisdb.yaml", text)
    found = {
        name: getattr(file, name)
        for name in ("identifiers", "services", "expression", "cluster_check")
        if getattr(file, name)
    }
    assert found == expected
    assert file.check == "redisdb"
    assert file.is_template is bool(set(expected) - {"cluster_check"})


@pytest.mark.parametrize(
    ("inner", "live"),
    [
        pytest.param(("init_config", "a"), True, id="init_config"),
        pytest.param(("instances", 0, "password"), True, id="instances"),
        pytest.param(("logs", 0), True, id="logs"),
        pytest.param(("jmx_metrics",), True, id="jmx_metrics"),
        pytest.param(("x-anchors", "password"), False, id="any other section"),
        pytest.param(("ad_identifiers", 0), False, id="identifiers"),
        pytest.param((), False, id="the file as a whole"),
    ],
)
def test_live_parts(inner: tuple[Any, ...], live: bool) -> None:  # noqa: FBT001
    """The Agent decrypts four sections of a file."""
    assert parse_check_file("a.yaml", "").is_live(inner) is live


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("- a\n", "config-invalid", id="a list"),
        pytest.param("text", "config-invalid", id="text"),
        pytest.param("a: [", "yaml-invalid", id="broken YAML"),
        pytest.param("[" * 1000, "yaml-depth", id="deep nesting"),
    ],
)
def test_files_that_cannot_be_read(text: str, code: str) -> None:
    """A file that is no mapping is a fault."""
    with pytest.raises(SyntaxFault) as caught:
        parse_check_file("a.yaml", text)
    assert caught.value.code == code


def test_what_is_written_twice_is_kept() -> None:
    """The values that lose to a later key are there to be judged."""
    file = parse_check_file("a.yaml", "instances: [{p: 'ENC[a]'}]\ninstances: []\n")
    assert file.parsed.shadowed == [[{"p": "ENC[a]"}]]
