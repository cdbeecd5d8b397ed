#!/opt/datadog-agent/embedded/bin/python3
"""Read secrets from files below one folder, as the script of that name in the Agent's image does."""

import json
import sys
from pathlib import Path

REQUEST_BYTES = 1024  # the Agent's script reads no more, so a longer request is cut off and refused
ARGUMENTS = 2


def requested() -> list[str]:
    """Return the handles of the request, or end the process."""
    text = sys.stdin.read(REQUEST_BYTES)
    try:
        return list(json.loads(text)["secrets"])
    except (ValueError, KeyError, TypeError) as problem:
        sys.exit(f"Cannot parse input: {type(problem).__name__}")


def read(root: Path, handle: str) -> dict[str, str | None]:
    """Return one handle's answer in the Agent's protocol; nothing outside of the root is read."""
    path = (root / handle).resolve()
    if not path.is_relative_to(root):
        return {"value": None, "error": f"{handle} is outside of {root}"}
    try:
        return {"value": path.read_text(encoding="utf-8"), "error": None}
    except (OSError, ValueError) as problem:
        return {"value": None, "error": f"{handle}: {type(problem).__name__}"}


def main() -> None:
    """Answer the request on standard input."""
    if len(sys.argv) != ARGUMENTS:
        sys.exit("usage: readsecret.py <root folder>")
    root = Path(sys.argv[1]).resolve()
    sys.stdout.write(json.dumps({handle: read(root, handle) for handle in requested()}))


if __name__ == "__main__":
    main()
