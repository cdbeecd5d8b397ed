"""The operator's command line: what a mistake is answered with, and that nothing is asked of a cluster that is not there."""

from pathlib import Path

import pytest

from enc_operator.controller.main import main, ready_url


def test_settings_that_are_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file is named, with what to do; the exit code says that nothing was done."""
    code = main(["check", "--settings", str(tmp_path / "none.yaml"), "--kubeconfig", str(tmp_path / "none")])

    assert code == 2
    assert "none" in capsys.readouterr().err


def test_outside_a_cluster(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a pod's token the way to a cluster has to be given."""
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    settings = tmp_path / "settings.yaml"
    settings.write_text("lease: {namespace: enc, name: enc}\n")

    assert main(["take-back", "--settings", str(settings), "--dry-run"]) == 2
    assert "give --kubeconfig" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["crds"], ["run"], ["take-back", "--dry-run"]], ids=" ".join)
def test_what_makes_no_sense(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A command without what it needs ends with its usage."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: enc-operator" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        (
            {"A_B_SERVICE_HOST": "10.96.0.7", "A_B_SERVICE_PORT": "8080"},
            "http://10.96.0.7:8080/readyz",
        ),
        ({"A_B_SERVICE_HOST": "fd00::7", "A_B_SERVICE_PORT": "80"}, "http://[fd00::7]:80/readyz"),
        ({}, "http://a-b:8080/readyz"),
    ],
    ids=["IPv4", "IPv6", "nothing is told: by name"],
)
def test_a_services_address_is_what_the_pod_is_told(environment: dict[str, str], url: str) -> None:
    """A cluster without DNS is served too."""
    assert ready_url("a-b", environment) == url
