"""Read Secrets through the Kubernetes API: one GET for each, over a few kept-alive connections, until a deadline.

Rule 1  only namespaces and names that the grammar allows come in here, so a URL is never anything but what it seems.
Rule 2  the server is verified against the mounted CA, always; no proxy, no redirect, no other address than the
        cluster's own (KUBERNETES_SERVICE_HOST, as client-go's rest.InClusterConfig reads it).
Rule 3  no exception and no message holds a token, a value or a body.

Nothing here knows handles or the Agent's protocol.
"""

from __future__ import annotations

import binascii
import http.client
import json
import os
import re
import ssl
import threading
import time

from enc_resolver.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Mapping, Optional, Sequence, Tuple, Union

    Name = Tuple[str, str]
    Secret = Dict[str, Union[bytes, "Unreadable"]]

_CONNECTIONS = 8
_ATTEMPTS = 6
_ATTEMPT_TIMEOUT = 10.0  # seconds
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0  # seconds
_LARGEST_BODY = 8 * 1024 * 1024  # bytes; etcd takes 1.5 MiB, base64 and managedFields add to it
_HOST = re.compile("[-0-9A-Za-z.:]+")
_AGAIN = (429, 500, 502, 503, 504)


class Unreadable(Value):
    """Why a Secret or a key of it was not read."""

    __slots__ = __match_args__ = ("why",)
    why: str


class _AccountError(Exception):
    """The pod's own ServiceAccount cannot be used."""


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
        server = _Server(service_account)
    except _AccountError as error:
        return {name: Unreadable(str(error)) for name in wanted}
    batch = _Batch(wanted, server, deadline)
    batch.run()
    return batch.outcome()


class _Server:
    """Where the API server is, how it proves itself, and how we do."""

    def __init__(self, service_account: str) -> None:
        self.host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
        port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not _HOST.fullmatch(self.host) or not port.isdecimal():
            raise _AccountError("not in a Kubernetes pod: KUBERNETES_SERVICE_HOST or _PORT is not set")
        self.port = int(port)
        self.service_account = service_account
        # Not create_default_context: from Python 3.13 on it refuses cluster CAs without a key identifier
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.tls.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            self.tls.load_verify_locations(os.path.join(service_account, "ca.crt"))
        except (OSError, ssl.SSLError):
            raise _AccountError(f"no CA certificate in {service_account}; is a token mounted?") from None
        self.token = self._read_token()

    def renew_token(self, refused: str) -> bool:
        """Read the token again, which the kubelet rotates; tell whether there is another one now."""
        self.token = self._read_token()
        return self.token != refused

    def _read_token(self) -> str:
        try:
            with open(os.path.join(self.service_account, "token"), "rb") as file:
                token = file.read(64 * 1024).strip()
        except OSError:
            raise _AccountError(
                f"no token in {self.service_account}; is automountServiceAccountToken off?"
            ) from None
        if not token or not all(0x21 <= byte <= 0x7E for byte in token):
            raise _AccountError(f"the token in {self.service_account} is not one")
        return token.decode("ascii")


class _Batch:
    """The Secrets still to read and what has been found, shared by a few workers."""

    def __init__(self, wanted: Mapping[Name, Sequence[str]], server: _Server, deadline: float) -> None:
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
    """One connection, opened anew where it broke."""

    def __init__(self, server: _Server, deadline: float) -> None:
        self._server = server
        self._deadline = deadline
        self._connection = http.client.HTTPSConnection(server.host, server.port, context=server.tls)

    def close(self) -> None:
        """Drop the connection; the next attempt opens it again."""
        self._connection.close()

    def read(self, name: Name, keys: Sequence[str]) -> Union[Secret, Unreadable]:
        """Read one Secret, with as many attempts as the deadline and the server's patience allow."""
        try:
            return _parse_secret(self._read_body(name), name, keys)
        except (_RefusedError, _AccountError) as refusal:
            return Unreadable(str(refusal))
        except Exception as error:  # noqa: BLE001  (its text could hold what was read)
            self.close()
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
        try:
            response = self._get(name, token)
            body = _read_up_to(response, _LARGEST_BODY + 1)
        except ssl.SSLCertVerificationError:
            self.close()
            raise _RefusedError("the API server's certificate is not one of the mounted CA") from None
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise _Retry(f"no answer from the API server: {type(error).__name__}") from None
        if len(body) > _LARGEST_BODY:
            self.close()
            raise _RefusedError(f"the Secret is larger than {_LARGEST_BODY} bytes")
        if response.length:  # read() with a limit does not tell an answer that was cut off
            self.close()
            raise _Retry("the API server's answer was cut off")
        if response.status == 401 and self._server.renew_token(token):
            raise _Retry("the API server refuses the token", 0.0)
        _check_status(response, name)
        return body

    def _get(self, name: Name, token: str) -> http.client.HTTPResponse:
        connection = self._connection
        connection.timeout = max(0.01, min(_ATTEMPT_TIMEOUT, self._deadline - time.monotonic()))
        if connection.sock:
            connection.sock.settimeout(connection.timeout)
        headers = {
            "Accept": "application/json",
            "Authorization": f"Bearer {token}",
            "User-Agent": "enc-resolver",
        }
        connection.request("GET", "/api/v1/namespaces/{}/secrets/{}".format(*name), headers=headers)
        return connection.getresponse()


def _read_up_to(response: http.client.HTTPResponse, room: int) -> bytes:
    pieces: List[bytes] = []
    while room:
        # In small pieces: up to Python 3.10 read() sets aside all that it may read, in every worker
        piece = response.read(min(room, 64 * 1024))
        if not piece:
            break
        pieces.append(piece)
        room -= len(piece)
    return b"".join(pieces)


def _pause(attempt: int) -> float:
    longest: float = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2 ** (attempt - 1))
    return longest * (0.5 + os.urandom(1)[0] / 512)  # jitter without the random module's start-up time


def _check_status(response: http.client.HTTPResponse, name: Name) -> None:
    if response.status in _AGAIN:
        wish = response.headers.get("Retry-After", "")
        pause = float(wish) if len(wish) < 6 and wish.isdecimal() else None
        raise _Retry(f"the API server answered {response.status}", pause)
    if response.status != 200:
        raise _RefusedError(_why_refused(response.status, *name))


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
