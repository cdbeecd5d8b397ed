"""Programs that a node needs and the machine lacks: installed on Debian, otherwise named."""

from pathlib import Path

import pytest

from e2e.cluster import debian
from e2e.cluster.interface import Unavailable


def _programs(folder: Path, monkeypatch: pytest.MonkeyPatch, **scripts: str) -> None:
    for name, text in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}")


def test_nothing_is_installed_where_nothing_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package manager is not even called."""
    _programs(tmp_path, monkeypatch, runc="", nft="", **{"apt-get": "exit 1"})

    debian.install_missing("runc", "nft")


def test_missing_programs_are_installed_by_their_packages_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lists are brought up to date first, and people are told what happens to their machine."""
    _programs(tmp_path, monkeypatch, **{"apt-get": f'echo "$@" >> {tmp_path}/called'})

    debian.install_missing("ip", "nsenter", "unshare")

    called = (tmp_path / "called").read_text().splitlines()
    assert called == ["--quiet update", "--quiet install --yes --no-install-recommends iproute2 util-linux"]
    assert "installing iproute2 util-linux" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("scripts", "message"),
    [
        pytest.param({}, "install them with your system's package manager", id="no Debian"),
        pytest.param({"apt-get": "echo no >&2; exit 100"}, "apt-get update failed: no", id="apt-get refuses"),
    ],
)
def test_what_cannot_be_installed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripts: dict[str, str], message: str
) -> None:
    """The reason says what to do."""
    _programs(tmp_path, monkeypatch, **scripts)

    with pytest.raises(Unavailable, match=message):
        debian.install_missing("runc")
