"""Programs that come from Debian's packages, installed where they are missing; what is built from source stands in `binaries`."""

import shutil
import subprocess
import sys

from e2e.cluster.interface import Unavailable

_PACKAGES = {
    "buildah": "buildah",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "mount": "mount",
    "nft": "nftables",
    "nsenter": "util-linux",
    "runc": "runc",
    "unshare": "util-linux",
}


def install_missing(*programs: str) -> None:
    """Install the packages of those programs that the machine lacks (root on Debian), and say so.

    Raises Unavailable with the packages' names where that is not possible.
    """
    missing = sorted({_PACKAGES[program] for program in programs if not shutil.which(program)})
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise Unavailable(
            f"a native node needs {', '.join(missing)}: install them with your system's package manager"
        )
    sys.stderr.write(f"installing {' '.join(missing)} (apt-get), which a native node needs\n")
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *missing]):
        ran = subprocess.run(["apt-get", "--quiet", *command], capture_output=True, text=True, check=False)
        if ran.returncode:
            raise Unavailable(f"apt-get {' '.join(command)} failed: {ran.stderr.strip()[-1000:]}")
