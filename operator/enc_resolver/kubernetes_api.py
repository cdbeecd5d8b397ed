"""Read Secrets through the Kubernetes API: one GET for each, over a few kept-alive connections, until a deadline.

Rule 1  only namespaces and names that the grammar allows come in here, so a URL is never anything but what it seems.
Rule 2  no proxy, no redirect, no other address than the cluster's own.
Rule 3  no exception and no message holds a token, a value or a body.

Nothing here knows handles or the Agent's protocol.
"""

from __future__ import annotations

import binascii
import json
import os
import threading
import time

from enc_resolver.answers import TooLargeError
from enc_resolver.connection import Connection, LostError, UntrustedError
from enc_resolver.service_account import AccountError, Server
from enc_resolver.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, Mapping, Optional, Sequence, Tuple, Union

    from enc_resolver.answers import Answer

    Name = Tuple[str, str]
    Secret = Dict[str, Union[bytes, "Unreadable"]]

_CONNECTIONS = 10
_ATTEMPTS = 6
_ATTEMPT_TIMEOUT = 10.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds
_LARGEST_BODY = 8 * 1024 * 1024  # bytes; etcd takes 1.5 MiB, base64 and managedFields add to it
_AGAIN = (429, 500, 502, 503, 504)
_DATE = "%a, %d %b %Y %H:%M:%S GMT"


class Unreadable(Value):
    """Why a Secret or a key of it was not read."""

    __slots__ = __match_args__ = ("why",)
    why: str


class _RefusedError(Exception):
    """This Secret will not be read, however often it is tried."""


class _Retry(Exception):  # noqa: N818  (not an error yet)
    """This attempt failed in a way that another may not; ``pause`` is the server's wish in seconds."""

    def __init__(self, why: str, pause: Optional[float] = None) -> None:
        super().__init__(why)
        self.why = why
        self.pause = pause


def read_secrets(
    wanted: Mapping[Name, Sequence[str]], service_account: str, deadline: float
) -> Dict[Name, Union[Secret, Unreadable]]:
    """Read the wanted keys of each (namespace, name); what is not there by ``deadline`` is Unreadable.

    ``service_account`` is the folder of the mounted token and CA, ``deadline`` a time of the monotonic clock.
    """
    try:
        server = Server(service_account)
    except AccountError as error:
        return {name: Unreadable(str(error)) for name in wanted}
    batch = _Batch(wanted, server, deadline)
    batch.run()
    return batch.outcome()


class _Batch:
    """The Secrets still to read and what has been found, shared by a few workers."""

    def __init__(self, wanted: Mapping[Name, Sequence[str]], server: Server, deadline: float) -> None:
        self._wanted = wanted
        self._server = server
        self._deadline = deadline
        self._todo = list(reversed(list(wanted)))
        self._found: Dict[Name, Union[Secret, Unreadable]] = {}
        self._changed = threading.Condition()

    def run(self) -> None:
        """Start the workers and wait for the last Secret or the deadline; who is late is left behind."""
        for _ in range(min(_CONNECTIONS, len(self._wanted))):
            threading.Thread(target=self._work, daemon=True).start()
        with self._changed:
            self._changed.wait_for(
                lambda: len(self._found) == len(self._wanted), max(0.0, self._deadline - time.monotonic())
            )

    def outcome(self) -> Dict[Name, Union[Secret, Unreadable]]:
        """Give what is known by now about every Secret."""
        late = Unreadable("the API server did not answer in time; secret_backend_timeout gives it longer")
        with self._changed:
            return {name: self._found.get(name, late) for name in self._wanted}

    def _work(self) -> None:
        reader = _Reader(self._server, self._deadline)
        while True:
            with self._changed:
                if not self._todo:
                    break
                name = self._todo.pop()
            found = reader.read(name, self._wanted[name])
            with self._changed:
                self._found[name] = found
                self._changed.notify()
        reader.close()


class _Reader:
    """One connection, and the patience with it."""

    def __init__(self, server: Server, deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._connection = Connection(server.address)

    def close(self) -> None:
        """Drop the connection."""
        self._connection.close()

    def read(self, name: Name, keys: Sequence[str]) -> Union[Secret, Unreadable]:
        """Read one Secret, with as many attempts as the deadline and the server's patience allow."""
        try:
            return _parse_secret(self._read_body(name), name, keys)
        except (_RefusedError, AccountError, UntrustedError) as refusal:
            return Unreadable(str(refusal))
        except Exception as error:  # noqa: BLE001  (its text could hold what was read)
            return Unreadable(f"internal error: {type(error).__name__}")

    def _read_body(self, name: Name) -> bytes:
        attempt = 0
        while True:
            try:
                return self._attempt(name)
            except _Retry as failure:
                attempt += 1
                pause = _pause(attempt) if failure.pause is None else failure.pause
                if attempt == _ATTEMPTS or time.monotonic() + pause >= self._deadline:
                    raise _RefusedError(failure.why) from None
            time.sleep(pause)

    def _attempt(self, name: Name) -> bytes:
        token = self._server.token
        until = min(self._deadline, time.monotonic() + _ATTEMPT_TIMEOUT)
        try:
            answer = self._connection.ask(self._server.request(*name), _LARGEST_BODY, until)
        except LostError as lost:
            raise _Retry(str(lost), 0.0 if lost.stale else None) from None
        except TooLargeError:
            raise _RefusedError(f"the Secret is larger than {_LARGEST_BODY} bytes") from None
        if answer.status == 401 and self._server.renew_token(token):
            raise _Retry("the API server refuses the token", 0.0)
        _check_status(answer, name)
        return answer.body


def _pause(attempt: int) -> float:
    longest: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1))
    return longest * (0.5 + os.urandom(1)[0] / 512)  # jitter without the random module's start-up time


def _check_status(answer: Answer, name: Name) -> None:
    if answer.status in _AGAIN:
        raise _Retry(f"the API server answered {answer.status}", _wish(answer.headers))
    if answer.status != 200:
        raise _RefusedError(_why_refused(answer.status, *name))


def _wish(headers: Mapping[str, str]) -> Optional[float]:
    """Return the seconds that Retry-After asks for; a date counts from the answer's own (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "")
    if text.isascii() and text.isdecimal():
        return float(text[:6])
    if not text:
        return None
    try:
        later, now = (time.mktime(time.strptime(date, _DATE)) for date in (text, headers.get("date", "")))
    except (ValueError, OverflowError):
        return None
    return max(0.0, later - now)


def _why_refused(status: int, namespace: str, name: str) -> str:
    if status == 401:
        return "the API server does not know the token of this ServiceAccount"
    if status == 403:
        return (
            f"secret {namespace}/{name} is forbidden: the Agent's ServiceAccount needs a Role in namespace"
            f" {namespace} that allows get on secrets, resourceNames [{name}]"
        )
    if status == 404:
        return f'secrets "{name}" not found in namespace {namespace}; create it, or correct the handle'
    return f"the API server answered {status}"


def _parse_secret(body: bytes, name: Name, keys: Sequence[str]) -> Secret:
    try:
        content = json.loads(body.decode("utf-8"))
        metadata = content["metadata"]
        data = content.get("data") or {}
        if (content["kind"], metadata["namespace"], metadata["name"]) != ("Secret", *name):
            raise ValueError  # noqa: TRY301
        return {key: _parse_value(data, key, name) for key in keys}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        raise _RefusedError("the API server's answer is not this Secret") from None


def _parse_value(data: Mapping[str, str], key: str, name: Name) -> Union[bytes, Unreadable]:
    if key not in data:
        return Unreadable("key {} not found in secret {}/{}".format(key, *name))
    return binascii.a2b_base64(data[key])
