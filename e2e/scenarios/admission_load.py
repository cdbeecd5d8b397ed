"""Many pods at once that the API server asks the webhook about, none of them stored, and what was not as it should be."""

import itertools
import json
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import urllib3

from e2e.scenarios.operated_world import Clusterful

_REFUSED_OF = 20
_OURS = 'admission webhook "pods.enc-operator.io" denied the request'


class Load:
    """Clients with a connection each that create pods in a dry run: one of twenty must be refused by us, all others must come in.

    `wrong` has the moment (monotonic seconds) and the words of each answer that was another one.
    """

    def __init__(self, tenants: Clusterful, clients: int = 8) -> None:
        with tenants.cluster.api() as api:
            found = api.configuration
        self._pool = urllib3.PoolManager(
            maxsize=clients, retries=False, timeout=30,
            cert_file=found.cert_file, key_file=found.key_file, ca_certs=found.ssl_ca_cert,
        )  # fmt: skip
        self._url = f"{found.host}/api/v1/namespaces/{tenants.names['shop']}/pods?dryRun=All"
        allowed = tenants.pod("allowed", tenants.handle("shop", "db"))
        refused = tenants.pod("refused", tenants.handle("bank", "db"))
        self._bodies = {True: json.dumps(allowed), False: json.dumps(refused)}
        self._over = threading.Event()
        self._numbers = itertools.count(1)
        self._threads = [threading.Thread(target=self._keep_asking) for _ in range(clients)]
        self.clients, self.answered = clients, 0
        self.wrong: list[tuple[float, str]] = []

    def __enter__(self) -> Self:
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for each in self._threads:
            each.join()
        self._pool.clear()

    def _keep_asking(self) -> None:
        while not self._over.is_set():
            number = next(self._numbers)
            said = self._ask(should_come_in=bool(number % _REFUSED_OF))
            if said:
                self.wrong.append((time.monotonic(), said))
            self.answered = max(self.answered, number)

    def _ask(self, *, should_come_in: bool) -> str:
        """Send one, and return what is wrong with the answer."""
        try:
            answer = self._pool.request(
                "POST",
                self._url,
                body=self._bodies[should_come_in],
                headers={"Content-Type": "application/json"},
            )
        except urllib3.exceptions.HTTPError as error:
            return f"no answer: {type(error).__name__}"
        said: Mapping[str, Any] = answer.json()
        message = said.get("message", "")
        comes_in, is_refused = answer.status == HTTPStatus.CREATED, _OURS in message
        right = comes_in if should_come_in else is_refused
        return "" if right else f"{answer.status} {message or 'it came in'}"
