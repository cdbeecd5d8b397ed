"""What can be shown of kind clusters on a machine without an engine: kind itself takes what we give it, and asks Docker for the right things.

The engine is played by a script that notes what it is asked and answers as one would, until the node would have to start.
"""

import os
from pathlib import Path

import pytest
import yaml

from e2e.cluster.interface import CommandFailed, Level, Unavailable
from e2e.cluster.kind import KindCluster, installed_or_built

_ENGINE = """#!/bin/sh
dir=$(dirname "$0")
printf '%s\\n' "$*" >> "$dir/asked"
case "$*" in
  info*) echo '{"ServerVersion":"28.0.0","CgroupDriver":"cgroupfs","CgroupVersion":"2","MemoryLimit":true,"PidsLimit":true,"CPUShares":true}' ;;
  *--type=image*) exit 1 ;;
  run*) touch "$dir/$(printf '%s' "$*" | sed -n 's/.*--name \\([^ ]*\\).*/\\1/p').node" ;;
  ps*) for node in "$dir"/*.node; do [ -e "$node" ] && basename "$node" .node; done ;;
  rm*) rm -f "$dir"/*.node ;;
  logs*) echo 'Reached target Multi-User System.' ;;
  inspect*kind.role*) echo control-plane ;;
  inspect*kind.cluster*) basename "$dir"/*.node -control-plane.node ;;
  inspect*IPAddress*) echo 172.18.0.2, ;;
  *'cat /kind/version') echo v1.37.0 ;;
  *'cp /dev/stdin /kind/kubeadm.conf') cat > "$dir/kubeadm.yaml" ;;
  *'kubeadm init'*) echo 'no node can start here' >&2; exit 1 ;;
esac
exit 0
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a program called docker first on the path, and return the folder in which it takes its notes."""
    try:
        installed_or_built("kind")
    except Unavailable as reason:
        pytest.skip(f"kind is not here: {reason}")
    (tmp_path / "docker").write_text(_ENGINE)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    return tmp_path


def test_kind_takes_the_configuration_and_mounts_policy_and_log(engine: Path) -> None:
    """The node is started with the audit policy and the folder for the log mounted."""
    _try_to_create()

    started = next(line for line in _asked(engine) if line.startswith("run "))
    assert "/policy.json:/etc/kubernetes/enc-e2e/policy.json:ro" in started
    assert "/log:/var/log/enc-e2e" in started
    assert "kindest/node:" in started


def test_the_api_server_of_a_kind_node_writes_an_audit_log(engine: Path) -> None:
    """Kind merges our patch into kubeadm's configuration, in the form that this version of kubeadm has."""
    _try_to_create()

    documents = [each for each in yaml.safe_load_all((engine / "kubeadm.yaml").read_text()) if each]
    server = next(each for each in documents if each["kind"] == "ClusterConfiguration")["apiServer"]
    arguments = {each["name"]: each["value"] for each in server["extraArgs"]}
    assert arguments["audit-log-path"] == "/var/log/enc-e2e/audit.log"
    assert arguments["audit-policy-file"] == "/etc/kubernetes/enc-e2e/policy.json"
    assert [volume["mountPath"] for volume in server["extraVolumes"]] == [
        "/etc/kubernetes/enc-e2e",
        "/var/log/enc-e2e",
    ]


def test_a_named_version_chooses_the_nodes_image(engine: Path) -> None:
    """A version is one of kind's image tags."""
    _try_to_create("1.34.0")

    assert any(line.startswith("run ") and line.endswith("kindest/node:v1.34.0") for line in _asked(engine))


def test_a_cluster_that_did_not_start_is_deleted_with_its_files(engine: Path) -> None:
    """Nothing stays of a failed start."""
    _try_to_create()

    assert any(line.startswith("rm -f -v enc-e2e-") for line in _asked(engine))
    assert not list(engine.glob("enc-e2e-*"))
    assert not list(engine.glob("*.node"))


def _try_to_create(version: str | None = None) -> None:
    with pytest.raises(CommandFailed, match="no node can start here"):
        KindCluster(Level.NODE, version=version)


def _asked(engine: Path) -> list[str]:
    return [line.strip() for line in (engine / "asked").read_text().splitlines()]
