"""Images as archives: built by Docker where its engine answers, otherwise by buildah on a base that debootstrap makes.

Each archive is kept by the hash of everything that went into it; the base of a Dockerfile is named as its FROM names it.
"""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from e2e.cluster import debian, kind
from e2e.cluster.archive import architecture
from e2e.cluster.cache import cached, content_hash
from e2e.cluster.interface import Unavailable, run

BASE = "docker.io/library/debian:trixie-slim"
_SUITE = "trixie"
# What Debian's own slim images leave out.
_UNNEEDED = (
    "usr/share/doc",
    "usr/share/man",
    "usr/share/locale",
    "usr/share/info",
    "var/lib/apt/lists",
    "var/cache/apt",
)
_TRUST = Path("/etc/ssl/certs/ca-certificates.crt")


def base() -> Path:
    """Return an archive of the base image that the Dockerfiles name."""
    if _has_docker():
        return cached("images", content_hash("docker", BASE), _pull_base) / "image.tar"
    debian.install_missing("buildah", "debootstrap")
    digest = content_hash(
        "debootstrap", _SUITE, architecture(), _pip_settings(), *([_TRUST] if _TRUST.exists() else [])
    )
    return cached("images", digest, _bootstrap) / "image.tar"


def build(
    name: str,
    context: Path,
    *,
    dockerfile: Path | None = None,
    target: str | None = None,
    ground: Path | None = None,
) -> Path:
    """Build an image called `name` from a folder and return its archive; `ground` is that of another image than the base to build on."""
    dockerfile = dockerfile or context / "Dockerfile"
    ground = ground or base()
    digest = content_hash(name, target or "", dockerfile, str(ground.parent.name), *_content(context))
    builder = _build_with_docker if _has_docker() else _build_with_buildah
    return (
        cached("images", digest, lambda folder: builder(folder, name, context, dockerfile, target, ground))
        / "image.tar"
    )


def _content(context: Path) -> Iterator[str | Path]:
    for path in sorted(_files(context)):
        yield str(path.relative_to(context))
        yield f"{path.stat().st_mode:o}"
        yield path


def _files(context: Path) -> Iterator[Path]:
    """List what a build sees: everything, or what a .dockerignore that begins with `*` lets through again."""
    ignore = context / ".dockerignore"
    listed = ignore.read_text().splitlines() if ignore.exists() else ["!."]
    for entry in (context / line.removeprefix("!") for line in listed if line.startswith("!")):
        within = entry.rglob("*") if entry.is_dir() else [entry]
        yield from (path for path in within if path.is_file() and "__pycache__" not in path.parts)


def _build_with_docker(
    folder: Path, name: str, context: Path, dockerfile: Path, target: str | None, ground: Path
) -> None:
    run(["docker", "load", "--quiet", f"--input={ground}"])
    run(["docker", "build", f"--tag={name}", f"--file={dockerfile}", *_target(target), str(context)])
    run(["docker", "save", f"--output={folder}/image.tar", name])


def _build_with_buildah(
    folder: Path, name: str, context: Path, dockerfile: Path, target: str | None, ground: Path
) -> None:
    with _buildah() as buildah:
        buildah("pull", "--quiet", f"docker-archive:{ground}")
        buildah(
            "bud", "--pull-never", f"--tag={name}", f"--file={dockerfile}", *_target(target), str(context)
        )
        buildah("push", "--quiet", name, f"docker-archive:{folder}/image.tar:{name}")


def _bootstrap(folder: Path) -> None:
    root = folder / "root"
    run(
        ["debootstrap", "--variant=minbase", _SUITE, str(root)],
        variables={"DEBIAN_FRONTEND": "noninteractive"},
    )
    for unneeded in _UNNEEDED:
        shutil.rmtree(root / unneeded, ignore_errors=True)
    _trust_what_this_machine_trusts(root)
    with _buildah() as buildah:
        container = buildah("from", "scratch").strip()
        buildah("copy", "--quiet", container, str(root), "/")
        buildah("config", "--cmd", "bash", container)
        buildah("commit", "--quiet", container, BASE)
        buildah("push", "--quiet", BASE, f"docker-archive:{folder}/image.tar:{BASE}")
    shutil.rmtree(root)


def _trust_what_this_machine_trusts(root: Path) -> None:
    """Let pip in a build reach the package index as it is reached here: behind a company's proxy, with its certificate."""
    if _TRUST.exists():
        (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
        shutil.copy(_TRUST, root / "etc/ssl/certs/build.pem")
        (root / "etc/pip.conf").write_text(_pip_settings())


def _pip_settings() -> str:
    index = os.environ.get("PIP_INDEX_URL")
    return "[global]\ncert = /etc/ssl/certs/build.pem\n" + (f"index-url = {index}\n" if index else "")


def _pull_base(folder: Path) -> None:
    run(["docker", "pull", BASE])
    run(["docker", "save", f"--output={folder}/image.tar", BASE])


def _target(target: str | None) -> list[str]:
    return [f"--target={target}"] if target else []


def _has_docker() -> bool:
    try:
        kind.require_engine()
    except Unavailable:
        return False
    return True


@contextmanager
def _buildah() -> Iterator["_Buildah"]:
    """Give buildah a storage of its own, which is gone afterwards: the machine's images stay as they are."""
    storage = Path(tempfile.mkdtemp(prefix="enc-e2e-buildah-"))
    try:
        yield _Buildah(storage)
    finally:
        subprocess.run(
            ["umount", "--recursive", "--lazy", str(storage / "root/overlay")],
            capture_output=True,
            check=False,
        )
        shutil.rmtree(storage)


class _Buildah:
    """buildah on one storage; RUN steps are isolated by chroot alone, which works without a container engine."""

    def __init__(self, storage: Path) -> None:
        self._storage = storage

    def __call__(self, command: str, *arguments: str) -> str:
        """Run a command of buildah."""
        where = [f"--root={self._storage}/root", f"--runroot={self._storage}/run", "--storage-driver=overlay"]
        variables = {"BUILDAH_ISOLATION": "chroot", "TMPDIR": str(self._storage)}
        return run(["buildah", *where, command, *arguments], variables=variables)
