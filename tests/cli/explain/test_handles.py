"""What a handle means to each secret backend, and its parts."""

import pytest

from enc_operator.cli.explain.handles import backend_table, part_lines, secret_of

OURS, SCRIPT, READSECRET, K8S, OTHER, OWN = range(6)


@pytest.mark.parametrize(
    ("handle", "backend", "meaning"),
    [
        pytest.param(
            "k8s_secret@shop/db/password",
            OURS,
            "key password of Secret db in namespace shop, through the Kubernetes API",
            id="a Secret",
        ),
        pytest.param(
            "k8s_secret@shop/db/password",
            READSECRET,
            "nothing: this resolver knows no providers, not k8s_secret either",
            id="a Secret, for a script that reads files",
        ),
        pytest.param(
            "k8s_secret@shop/db/password",
            K8S,
            "nothing: not of the form namespace/name;key",
            id="another form",
        ),
        pytest.param(
            "shop/db;password",
            K8S,
            "key password of Secret db in namespace shop, through the Kubernetes API",
            id="the form of k8s.secrets",
        ),
        pytest.param(
            "k8s_secret@%%kube_namespace%%/db-%%port%%/password",
            SCRIPT,
            "key password of Secret db-%%port%% in namespace %%kube_namespace%%, through the Kubernetes API",
            id="template variables stay as they are written",
        ),
        pytest.param("file@/etc/x", SCRIPT, "the file /etc/x of the Agent's container", id="a file"),
        pytest.param(
            "db/password",
            READSECRET,
            "the file db/password below the resolver's root folder, such as /run/secrets",
            id="a file below the root folder",
        ),
        pytest.param("vault@x", OURS, "nothing: provider not supported: vault", id="an unknown provider"),
        pytest.param(
            "vault@x",
            OTHER,
            "only that backend knows; nothing of Kubernetes is granted for it",
            id="another type",
        ),
        pytest.param(
            "k8s_secret@shop/db/password",
            OWN,
            "key password of Secret db in namespace shop, through the Kubernetes API",
            id="a command of the user's own",
        ),
    ],
)
def test_meanings(handle: str, backend: int, meaning: str) -> None:
    """Each backend has its own grammar."""
    _, _, rows = backend_table(handle)

    assert rows[backend][1] == meaning


@pytest.mark.parametrize(
    ("handle", "lines"),
    [
        pytest.param(
            "k8s_secret@shop/db/password",
            [
                "ENC[k8s_secret@shop/db/password]",
                "               ^^^^ namespace",
                "                    ^^ Secret",
                "                       ^^^^^^^^ key",
            ],
            id="a Secret",
        ),
        pytest.param(
            "shop/db;password",
            ["ENC[shop/db;password]", "    ^^^^ namespace", "         ^^ Secret", "            ^^^^^^^^ key"],
            id="the form of k8s.secrets",
        ),
        pytest.param("db/password", ["ENC[db/password]"], id="a file has no parts"),
    ],
)
def test_parts(handle: str, lines: list[str]) -> None:
    """The parts of a Secret's key stand under the handle."""
    assert list(part_lines(handle)) == lines


def test_secret_of_none() -> None:
    """A handle with variables names no Secret yet."""
    assert secret_of("k8s_secret@%%kube_namespace%%/db/password") is None
