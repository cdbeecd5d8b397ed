"""The programs of a native cluster, built from the Go modules beside this file; what they are started with stands elsewhere."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

from e2e.cluster.cache import cached, content_hash
from e2e.cluster.interface import Unavailable

KUBERNETES = Path(__file__).parent / "kubernetes"
TOOLS = Path(__file__).parent / "tools"
HELM = "ENC_E2E_HELM"
PROGRAMS = (
    "etcd", "kube-apiserver", "kube-controller-manager", "kube-proxy", "kube-scheduler", "kubectl", "kubelet",
)  # fmt: skip


def versions() -> dict[str, Path]:
    """Map each minor version of Kubernetes that is pinned, such as `1.37`, to its module file."""
    files = sorted(KUBERNETES.glob("*.mod"))
    return {_version(file).rpartition(".")[0]: file for file in files}


def newest() -> str:
    """Return the minor version that `go.mod` itself pins: what tests use unless told otherwise."""
    return _version(KUBERNETES / "go.mod").rpartition(".")[0]


def kubernetes(minor: str | None = None) -> Path:
    """Return the folder with Kubernetes's programs and etcd; builds them for some minutes when they are not in the cache."""
    minor = minor or newest()
    file = versions().get(minor)
    if file is None:
        raise Unavailable(
            f"Kubernetes {minor} is not pinned, only {', '.join(versions())}: tools/pin_kubernetes.py pins one"
        )
    version = _version(file)
    digest = content_hash(KUBERNETES / "main.go", file, file.with_suffix(".sum"), go_version(), version)
    return cached("kubernetes", digest, lambda folder: _build_kubernetes(folder, file.name, version))


def tools() -> Path:
    """Return the folder with containerd and its shim, `ctr`, the pod network's plugins, Helm and the pause program."""
    digest = content_hash(TOOLS / "go.mod", TOOLS / "go.sum", TOOLS / "pause/main.go", go_version())
    return cached("tools", digest, _build_tools)


def helm() -> str:
    """Return the path of Helm: the pinned one, or what ENC_E2E_HELM names, another version."""
    return os.environ.get(HELM) or str(tools() / "helm")


def build_program(module: Path, folder: Path, *flags: str, package: str = ".") -> None:
    """Build one package of a module into a folder, without C and without paths of this machine."""
    command = [
        "go",
        "build",
        "-trimpath",
        "-buildvcs=false",
        "-mod=readonly",
        *flags,
        "-o",
        f"{folder}/",
        package,
    ]
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "", "GOTOOLCHAIN": "auto"}
    ran = subprocess.run(command, cwd=module, capture_output=True, text=True, check=False, env=environment)
    if ran.returncode:
        raise Unavailable(f"building {package} in {module.name} failed: {ran.stderr.strip()[-3000:]}")


def _build_kubernetes(folder: Path, modfile: str, version: str) -> None:
    major, minor, _ = version.split(".")
    values = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())
    build_program(KUBERNETES, folder, f"-modfile={modfile}", f"-ldflags=-s -w {flags}")
    for program in PROGRAMS:
        (folder / program).symlink_to("kubernetes")


def _build_tools(folder: Path) -> None:
    listed = re.search(r"^tool \(\n(.*?)^\)", (TOOLS / "go.mod").read_text(), re.DOTALL | re.MULTILINE)
    packages: list[str] = listed[1].split() if listed else []
    for package in [*packages, "./pause"]:
        build_program(TOOLS, folder, "-tags=no_btrfs,no_zfs,no_devmapper", "-ldflags=-s -w", package=package)


def _version(file: Path) -> str:
    found = re.search(r"k8s\.io/kubernetes v(\d+\.\d+\.\d+)", file.read_text())
    if not found:
        raise Unavailable(f"{file.name} requires no k8s.io/kubernetes")
    return found[1]


def go_version() -> str:
    """Return Go's version and what it builds for: two of them build two programs."""
    if not shutil.which("go"):
        raise Unavailable("a native cluster is built with Go, which is not installed (https://go.dev/dl)")
    return subprocess.run(
        ["go", "env", "GOVERSION", "GOARCH"], capture_output=True, text=True, check=True
    ).stdout


Build = Callable[[Path], None]
