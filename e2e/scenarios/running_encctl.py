"""encctl as a person runs it: with the cluster's own kubectl in PATH, and nothing else of this machine's."""

import subprocess
import sys
from pathlib import Path

from e2e.cluster.interface import Cluster

ENCCTL = Path(sys.executable).parent / "encctl"
Ran = subprocess.CompletedProcess[str]


def run_encctl(cluster: Cluster, command: str, *arguments: str) -> Ran:
    """Run a command of encctl that asks the cluster."""
    folder = Path(cluster.program("kubectl")).parent
    return subprocess.run(
        [ENCCTL, command, f"--kubeconfig={cluster.kubeconfig}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": "/nonexistent"},
    )
