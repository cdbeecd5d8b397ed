"""Secrets that the input shows not to exist."""

import pytest

from assessing import NODE_AGENT, assess_texts, codes, pod

SECRET = "kind: Secret\nmetadata: {name: %s, namespace: %s, uid: x}\ndata: {password: Li4u, %s: Li4u}\n"


@pytest.mark.parametrize(
    ("secret", "handle", "expected", "marked"),
    [
        pytest.param(("db", "shop", "x"), "shop/db/password", [], "", id="it is there"),
        pytest.param(("db", "shop", "x"), "shop/db/y", ["key-missing"], "y", id="a key that is not"),
        pytest.param(
            ("other", "shop", "x"), "shop/db/password", ["secret-missing"], "db", id="a Secret that is not"
        ),
        pytest.param(
            ("other", "mine", "x"), "shop/db/password", [], "", id="nothing is known of the namespace"
        ),
        pytest.param(
            ("other", "shop", "x"),
            "shop/%%kube_namespace%%-db/password",
            ["secret-missing"],
            "ENC[k8s_secret@shop/%%kube_namespace%%-db/password]",
            id="a name that a variable makes",
        ),
        pytest.param(
            ("db", "other", "x"), "other/none/y", ["access-denied"], None, id="a denied one is told nothing"
        ),
    ],
)
def test_missing(secret: tuple[str, str, str], handle: str, expected: list[str], marked: str | None) -> None:
    """An allowed reference to what the input does not have is reported, at the name."""
    text = pod(f"ENC[k8s_secret@{handle}]")
    found = assess_texts(NODE_AGENT, text, SECRET % secret)

    assert codes(found)[: len(expected)] == expected
    if expected and marked is not None:
        start, end = found.findings[0].where.extent()
        assert text.split("\n")[start.line - 1][start.column - 1 : end.column - 1] == marked


def test_a_name_that_is_not_known() -> None:
    """Of a name that the running pod decides, nothing is known."""
    found = assess_texts(NODE_AGENT, pod("ENC[k8s_secret@shop/%%host%%/k]"), SECRET % ("db", "shop", "x"))

    assert codes(found) == ["pending"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        pytest.param("db-password", ["did you mean db-password?"], id="almost its name"),
        pytest.param("other", [], id="another one"),
    ],
)
def test_secrets_of_a_chart(name: str, expected: list[str]) -> None:
    """Where the input may not hold all Secrets of a namespace, only a typing error is one."""
    written = (SECRET % (name, "shop", "x")).replace(", uid: x", "")
    found = assess_texts(NODE_AGENT, pod("ENC[k8s_secret@shop/db-pasword/password]"), written).findings

    assert [(item.code, item.fix) for item in found] == [("secret-missing", fix) for fix in expected]
