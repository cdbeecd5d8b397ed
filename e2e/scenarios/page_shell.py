"""A shell in which a page's commands run as they stand, but for the words that differ here. Which commands those are is not here."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from e2e.cluster.interface import Cluster
from e2e.scenarios.running_encctl import ENCCTL, Ran


@dataclass(frozen=True)
class Shell:
    """Where the page's commands run, and the words in it that differ here, in the order in which they are replaced."""

    folder: Path
    programs: Path
    kubeconfig: Path
    here: dict[str, str]

    def adapted(self, text: str) -> str:
        """Return a text with the words of this machine."""
        for theirs, ours in self.here.items():
            text = text.replace(theirs, ours)
        return text

    def run(self, command: str) -> Ran:
        """Run a command."""
        environment = {
            **os.environ,
            "PATH": f"{self.programs}:/usr/bin:/bin",
            "KUBECONFIG": str(self.kubeconfig),
            "DD_API_KEY": "example",
        }
        return subprocess.run(
            ["/bin/sh", "-c", self.adapted(command)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )


def link_programs(cluster: Cluster, folder: Path) -> Path:
    """Have the cluster's own programs in a folder, and encctl."""
    folder.mkdir(exist_ok=True)
    for name in ("kubectl", "helm"):
        (folder / name).symlink_to(cluster.program(name))
    (folder / "encctl").symlink_to(ENCCTL)
    return folder
