"""One request to the API server as a value, and what can come of it but success."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.cluster.decoding import decode
from enc_operator.core.inventory import NOTHING
from enc_operator.errors import EncError

JSON = "application/json"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
_SHOWN = 500  # characters of an answer that is no Status


@dataclass(frozen=True, slots=True)
class Call:
    """A request: `path` is absolute without host, `query` has no None, `body` is what JSON can write."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    body: Any = None
    content_type: str = JSON
    accept: str = JSON

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it is sent; `server_name` is whom the certificate has to be for where that is not the URL's host."""

    url: str
    headers: Mapping[str, str]
    body: str | None
    server_name: str | None
    proxy: str | None


class ApiError(EncError):
    """The API server refused a call, or was not reached.

    `status` is the HTTP status, 0 where no answer came; `reason` is that of the Status (`NotFound`, `Conflict`, `Expired`), or
    `Unreachable`, or `Silence` where a connection stood but nothing came for too long; `retry_after` in seconds is what the server
    asks for.
    """

    def __init__(
        self, call: Call, status: int, reason: str, message: str, retry_after: float | None = None
    ) -> None:
        super().__init__(f"{call}: {message}", _FIXES.get(status, ""))
        self.call = call
        self.status = status
        self.reason = reason
        self.said = message
        self.retry_after = retry_after

    @property
    def unknown_outcome(self) -> bool:
        """Whether the call may have taken effect all the same: no answer came, or a server gave up waiting."""
        return self.status in (0, 500, 502, 503, 504)

    @property
    def passing(self) -> bool:
        """Whether the same call may succeed later without anybody changing anything."""
        return self.unknown_outcome or self.status in (408, 429)


_FIXES = {
    401: "the token is not accepted (any more): check the ServiceAccount and the cluster's clock",
    403: "give the ServiceAccount that right, or look for the policy or quota that the message names",
}


def failure_of(call: Call, status: int, body: bytes, retry_after: str | None = None) -> ApiError:
    """Make the failure of an answer that is no success; the body is a `Status` (meta/v1) or some proxy's text."""
    told = _status_in(body)
    message = str(told.get("message") or body[:_SHOWN].decode(errors="replace").strip() or "no reason given")
    reason = str(told.get("reason") or _REASONS.get(status, "Unknown"))
    return ApiError(call, status, reason, f"{status} {message}", _seconds(retry_after) or _asked_for(told))


def failure_told(call: Call, told: Mapping[str, Any]) -> ApiError:
    """Make the failure of a `Status` that came inside an answer, as the ERROR event of a watch does."""
    status = told.get("code")
    known = status if isinstance(status, int) else 0
    reason = str(told.get("reason") or _REASONS.get(known, "Unknown"))
    message = f"{known} {told.get('message') or 'no reason given'}"
    return ApiError(call, known, reason, message, _asked_for(told))


def _asked_for(told: Mapping[str, Any]) -> float | None:
    details = told.get("details")
    seconds = details.get("retryAfterSeconds") if isinstance(details, dict) else None
    return float(seconds) if isinstance(seconds, int) and seconds > 0 else None


def _status_in(body: bytes) -> Mapping[str, Any]:
    try:
        told = decode(body)
    except ValueError:
        return NOTHING
    return told if isinstance(told, dict) and told.get("kind") == "Status" else NOTHING


def _seconds(text: str | None) -> float | None:
    """Read Retry-After; its other form, a date, is not used by API servers (RFC 9110, 10.2.3)."""
    return float(text) if text and text.isascii() and text.isdigit() else None


_REASONS = {
    401: "Unauthorized",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    410: "Expired",
    422: "Invalid",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}
