"""The webhook's command line."""

from pathlib import Path

import pytest

from enc_operator import __version__
from enc_operator.webhook.main import main

LEAST = "lease: {namespace: enc-operator, name: enc-operator}\n"
KUBECONFIG = """
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: a, user: a}}]
clusters: [{name: a, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: a, user: {}}]
"""


@pytest.mark.parametrize(
    ("settings", "kubeconfig", "said"),
    [
        (None, KUBECONFIG, "cannot be read"),
        ("lease: 1", KUBECONFIG, "settings.yaml:1:8: lease: must be an object"),
        (LEAST, KUBECONFIG, "the settings say nothing of a webhook; add `webhook`"),
        (LEAST + "webhook: {certificates: {folder: /tls}}\n", None, "no way to a cluster"),
    ],
    ids=["no settings", "settings that make no sense", "settings of the operator alone", "no cluster"],
)
def test_what_keeps_it_from_beginning_is_said(
    settings: str | None,
    kubeconfig: str | None,
    said: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The exit code is 2, and the message says what to do."""
    if settings is not None:
        (tmp_path / "settings.yaml").write_text(settings)
    if kubeconfig is not None:
        (tmp_path / "kubeconfig").write_text(kubeconfig)

    code = main([f"--settings={tmp_path / 'settings.yaml'}", f"--kubeconfig={tmp_path / 'kubeconfig'}"])

    assert code == 2
    assert said in capsys.readouterr().err


def test_it_says_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The project's."""
    with pytest.raises(SystemExit):
        main(["--version"])

    assert capsys.readouterr().out == f"enc-operator {__version__}\n"
