"""A client that posts objects or reviews, in a process of its own (`client/main.go`): at a fixed rate, or as many as are answered.

What the objects are stands with who orders them.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import yaml

from e2e.cluster.binaries import build_program

_CLIENT = Path(__file__).parent / "client"


@dataclass(frozen=True, slots=True)
class Order:
    """Post these bodies to a path, one after the other and again from the first.

    With a `rate` so many a second are sent; without one `workers` each send their next when the last is answered. It ends after
    `seconds`, or after `count` requests. An answer that does not hold the text `said` is a failure.
    """

    path: str
    bodies: Sequence[str]
    rate: float = 0
    workers: int = 0
    seconds: float = 0
    count: int = 0
    said: str = ""


@dataclass(slots=True)
class Run:
    """What came of an order: each request's latency in seconds, how long all took, how many failed and how the first did."""

    latencies: list[float]
    seconds: float
    failed: int
    first: str = ""

    def at(self, share: float) -> float:
        """Return a quantile of the latencies."""
        return sorted(self.latencies)[int(len(self.latencies) * share)]

    @property
    def rate(self) -> float:
        """How many were answered well in a second."""
        return (len(self.latencies) - self.failed) / self.seconds


class Load:
    """The process, built for it, and what is ordered of it; `kubeconfig` names the files of a client's certificate.

    It speaks to the API server, or to the URL of another `server` whose CA's file is given with it.
    """

    def __init__(self, kubeconfig: Path, server: tuple[str, Path] | None = None) -> None:
        content = yaml.safe_load(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        url, authority = server or (cluster["server"], cluster["certificate-authority"])
        self._folder = tempfile.TemporaryDirectory()
        build_program(_CLIENT, Path(self._folder.name))
        trusted = (str(authority), user["client-certificate"], user["client-key"])
        self._process = subprocess.Popen(
            [f"{self._folder.name}/client", url, *trusted],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()
        self._folder.cleanup()

    def send(self, order: Order) -> Run:
        """Have it sent."""
        assert self._process.stdin  # noqa: S101  (for the type checker)
        assert self._process.stdout  # noqa: S101
        self._process.stdin.write(f"{json.dumps(asdict(order))}\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))
