"""A client that creates objects, in a process of its own: at a fixed rate, or as many as are answered.

At a fixed rate (open loop) each request is sent when it is due, however many are under way, and its latency counts from when it was
due: a server that stands still is charged for everything that was to come meanwhile. What the objects are stands with who orders them.

Started as a program it takes orders from its standard input and answers each, both one line of JSON.
"""

import asyncio
import gc
import json
import ssl
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import aiohttp
import yaml

_CREATED = 201
_SECONDS = 10.0  # after which a request has failed


@dataclass(frozen=True, slots=True)
class Order:
    """Post these bodies to a path, one after the other and again from the first.

    With a `rate` so many a second are sent; without one `workers` each send their next when the last is answered. It ends after
    `seconds`, or after `count` requests.
    """

    path: str
    bodies: Sequence[str]
    rate: float = 0
    workers: int = 0
    seconds: float = 0
    count: int = 0


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
    """The process, and what is ordered of it."""

    def __init__(self, kubeconfig: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__, str(kubeconfig)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def send(self, order: Order) -> Run:
        """Have it sent."""
        assert self._process.stdin  # noqa: S101  (for the type checker)
        assert self._process.stdout  # noqa: S101
        self._process.stdin.write(f"{json.dumps(asdict(order))}\n")
        self._process.stdin.flush()
        return Run(**json.loads(self._process.stdout.readline()))


class _Client:
    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session, self._server = session, server

    async def do(self, order: Order) -> Run:
        """Do what is ordered."""
        run = Run([], 0, 0)
        began = time.monotonic()
        await (self._open(order, run) if order.rate else self._closed(order, run))
        run.seconds = time.monotonic() - began
        return run

    async def _open(self, order: Order, run: Run) -> None:
        began = time.monotonic()
        async with asyncio.TaskGroup() as sent:
            for number in range(int(order.rate * order.seconds)):
                due = began + number / order.rate
                await asyncio.sleep(due - time.monotonic())  # the load's rate, not a wait for something
                sent.create_task(self._post(order, number, due, run))

    async def _closed(self, order: Order, run: Run) -> None:
        numbers = iter(range(order.count or sys.maxsize))
        until = time.monotonic() + (order.seconds or float("inf"))

        async def work() -> None:
            for number in numbers:
                await self._post(order, number, time.monotonic(), run)
                if time.monotonic() > until:
                    return

        async with asyncio.TaskGroup() as working:
            for _ in range(order.workers):
                working.create_task(work())

    async def _post(self, order: Order, number: int, due: float, run: Run) -> None:
        url, body = f"{self._server}{order.path}", order.bodies[number % len(order.bodies)]
        try:
            async with self._session.post(url, data=body) as answer:
                said = await answer.text()
                wrong = "" if answer.status == _CREATED else f"{answer.status} {said}"
        except (aiohttp.ClientError, TimeoutError) as error:
            wrong = repr(error)
        run.latencies.append(time.monotonic() - due)
        run.failed += bool(wrong)
        run.first = run.first or wrong


async def _serve(content: dict[str, Any]) -> None:
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    context = ssl.create_default_context(cafile=cluster["certificate-authority"])
    context.load_cert_chain(user["client-certificate"], user["client-key"])
    connector = aiohttp.TCPConnector(limit=0, ssl=context)
    headers, timeout = {"Content-Type": "application/json"}, aiohttp.ClientTimeout(_SECONDS)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:
        client = _Client(session, cluster["server"])
        while line := await asyncio.to_thread(sys.stdin.readline):
            gc.collect()
            gc.freeze()
            run = await client.do(Order(**json.loads(line)))
            print(json.dumps(asdict(run)), flush=True)


if __name__ == "__main__":
    asyncio.run(_serve(yaml.safe_load(Path(sys.argv[1]).read_text())))
