"""One call of kubectl, and what its complaints mean. What to ask for does not belong here."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.errors import EncError

PAGE = 500
"""Objects in one answer: what kubectl itself asks for at once."""

_TIMEOUT = "30s"
_SHOWN_LINES = 3
_LOG_LINE = re.compile(r"[IWEF]\d{4} ")  # of klog, which says the same in many more words
_FROM_SERVER = re.compile(r"Error from server \((\w+)\): (.*)")


class NotAllowed(EncError):  # noqa: N818 - what the API server answered, not our error
    """The user may not do this (403)."""


class NotThere(EncError):  # noqa: N818 - what the API server answered, not our error
    """The API server knows no such resource (404)."""


class _Expired(EncError):  # noqa: N818 - what the API server answered, not our error
    """The list is too old to go on with (410)."""


_ANSWERS: Mapping[str, type[EncError]] = {
    "Forbidden": NotAllowed,
    "NotFound": NotThere,
    "Expired": _Expired,
    "Gone": _Expired,
}


@dataclass(frozen=True, slots=True)
class Ran:
    """How a call ended."""

    failed: bool
    out: bytes
    err: str


def run_kubectl(kubectl: Kubectl, words: Sequence[str], text: str = "") -> Ran:
    """Run kubectl, with `text` as its standard input; raise EncError where there is none."""
    program = shutil.which("kubectl")
    if program is None:
        raise EncError("the cluster is asked through kubectl, which is not in PATH", "install it")
    ran = subprocess.run(  # noqa: S603 - the user's own kubectl, with options that it gets one by one
        [program, *kubectl.calling(_TIMEOUT), *words], input=text.encode(), capture_output=True, check=False
    )
    return Ran(bool(ran.returncode), ran.stdout, ran.stderr.decode("utf-8", "replace"))


def list_pages(kubectl: Kubectl, path: str, query: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
    """Yield the items of a list page by page; raise NotAllowed, NotThere, or EncError where nobody answers.

    Where a list grows too old between two pages it begins again, so an object may come twice.
    """
    try:
        yield from _pages(kubectl, path, query)
    except _Expired:
        yield from _pages(kubectl, path, query)


def knows(kubectl: Kubectl, version: str, plural: str) -> bool:
    """Tell whether the API server has a resource; one that is not to be found out counts as one that it has."""
    try:
        found = read_path(kubectl, f"/apis/{version}")
    except NotThere:
        return False
    except NotAllowed:
        return True
    return any(resource.get("name") == plural for resource in found.get("resources", []))


def _pages(kubectl: Kubectl, path: str, query: Mapping[str, str]) -> Iterator[list[dict[str, Any]]]:
    following = ""
    while True:
        asked = {**query, "limit": str(PAGE), **({"continue": following} if following else {})}
        page = read_path(kubectl, f"{path}?{urlencode(asked)}")
        yield page.get("items") or []
        following = page.get("metadata", {}).get("continue", "")
        if not following:
            return


def read_path(kubectl: Kubectl, path: str) -> dict[str, Any]:
    """Return what stands at a path; raise NotAllowed, NotThere, or EncError where nobody answers."""
    ran = run_kubectl(kubectl, ["get", "--raw", path])
    if ran.failed:
        raise _complaint(ran.err)
    return _decode(ran.out)


def _decode(out: bytes) -> dict[str, Any]:
    try:
        page = json.loads(out)
    except ValueError:
        page = None
    if not isinstance(page, dict):
        raise EncError("the cluster could not be asked: kubectl printed no JSON", _FIX)
    return page


_FIX = "check --context and --kubeconfig"


def _complaint(stderr: str) -> EncError:
    answered = _FROM_SERVER.search(stderr)
    if answered and answered[1] in _ANSWERS:
        return _ANSWERS[answered[1]](answered[2])
    return EncError(f"the cluster could not be asked: {last_words(stderr) or 'kubectl failed'}", _FIX)


def last_words(stderr: str) -> str:
    """Return the last lines of what kubectl said, each once, without its log."""
    lines = list(dict.fromkeys(line.strip() for line in stderr.splitlines() if line.strip()))
    lines = [line for line in lines if not _LOG_LINE.match(line)] or lines
    return " / ".join(lines[-_SHOWN_LINES:])
