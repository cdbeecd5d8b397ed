"""Write the Go module of the test clusters for a Kubernetes version: `python tools/pin_kubernetes.py 1.30.14 1.30.mod`.

Kubernetes requires its own parts (k8s.io/api, …) at v0.0.0 and replaces them by folders of its repository; outside it they are
replaced by the versions that were published with it.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "e2e/cluster/kubernetes"


def main(version: str, file: str) -> None:
    """Write the file and its sums, with what Kubernetes requires and the etcd server that its client asks for."""
    requirements = _requirements(version)
    staged = [path for path, required in requirements.items() if required == "v0.0.0"]
    lines = [
        "module enc-operator.io/e2e/cluster/kubernetes",
        "go " + _go_version(version),
        f"require k8s.io/kubernetes v{version}",
        f"require go.etcd.io/etcd/server/v3 {requirements['go.etcd.io/etcd/client/v3']}",
        *(f"replace {path} => {path} v0.{version.split('.', 1)[1]}" for path in staged),
    ]
    (FOLDER / file).write_text("\n".join(lines) + "\n")
    subprocess.run(["go", "mod", "tidy", f"-modfile={file}"], cwd=FOLDER, check=True)


def _requirements(version: str) -> dict[str, str]:
    return {each["Path"]: each["Version"] for each in _module(version)["Require"]}


def _go_version(version: str) -> str:
    return str(_module(version)["Go"])


def _module(version: str) -> dict[str, Any]:
    download = _go("mod", "download", "-json", f"k8s.io/kubernetes@v{version}")
    return _go("mod", "edit", "-json", str(download["GoMod"]))


def _go(*arguments: str) -> dict[str, Any]:
    output = subprocess.run(
        ["go", *arguments], cwd=FOLDER.parents[2], check=True, capture_output=True, text=True
    )
    decoded: dict[str, Any] = json.loads(output.stdout)
    return decoded


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
