"""Make the virtual environment `.venv` from a lock file, or say what the machine lacks."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
VENV = ROOT / ".venv"
_OLDEST = (3, 11)


def main(extra: str) -> None:
    """Install the locked packages of an extra, then the project itself."""
    if sys.version_info < _OLDEST:
        sys.exit(
            f"enc-operator needs Python 3.11 or later, this is {sys.version.split()[0]}: make PYTHON=python3.12 …"
        )
    try:
        import ensurepip  # noqa: F401, PLC0415 - Debian leaves it out of python3
    except ImportError:
        sys.exit("Python's venv is not installed: on Debian, apt-get install python3-venv")
    if not (VENV / "bin/python").exists():
        _run(sys.executable, "-m", "venv", str(VENV))
    pip = (str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    _run(*pip, "--require-hashes", "--requirement", str(ROOT / f"requirements/{extra}.lock"))
    _run(*pip, "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    (VENV / extra).touch()


def _run(*command: str) -> None:
    if subprocess.run(command, check=False).returncode:
        sys.exit(f"failed: {' '.join(command)}")


if __name__ == "__main__":
    main(sys.argv[1])
