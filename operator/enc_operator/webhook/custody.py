"""Where certificates come from: the one Secret that replicas share, or files that somebody else renews.

The install creates the Secret, empty; its name is all that the webhook may read and update. Nothing of it is ever logged.
"""

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

from cryptography import x509

from enc_operator.cluster.calls import ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.errors import EncError
from enc_operator.webhook.certificates import LEAF, LEAF_KEY, Lives, plan_certificates, read_certificates

_CONFLICT = 409
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What the server shows, and what the API server is to trust; all PEM. No `bundle`: its trust is somebody else's affair."""

    chain: bytes
    key: bytes
    expires: datetime
    bundle: bytes = b""


class Custody(Protocol):
    """Who has the certificates."""

    def current(self) -> Shown:
        """Return what there should be now; raise EncError where there is none."""


class SharedSecret:
    """Own certificates in a Secret: whoever finds them due makes new ones, and of two who do so at the same time the first counts."""

    def __init__(
        self,
        gateway: Gateway,
        place: tuple[str, str],
        names: Sequence[str],
        now: Callable[[], datetime],
        lives: Lives,
    ) -> None:
        namespace, name = place
        self._path = f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets/{quote(name, safe='')}"
        self._gateway, self._names, self._now, self._lives = gateway, names, now, lives

    def current(self) -> Shown:
        """Read the Secret, and write what is due; raise ApiError where that is refused."""
        for _ in range(_ATTEMPTS - 1):
            try:
                return self._attempt()
            except ApiError as error:
                if error.status != _CONFLICT:
                    raise
        return self._attempt()

    def _attempt(self) -> Shown:
        secret = self._gateway.call(Call("GET", self._path))
        known = read_certificates(_decoded(secret.get("data")))
        found = plan_certificates(known, self._names, self._now(), self._lives)
        if found is not known:
            data = {key: base64.b64encode(value).decode() for key, value in found.stored().items()}
            # With its resourceVersion: another replica may have been first.
            self._gateway.call(Call("PUT", self._path, body={**secret, "data": data}))
        return Shown(found.chain, found.key, found.expires, found.bundle)


class CertificateFiles:
    """Certificates in a mounted folder, which cert-manager or a person renews."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def current(self) -> Shown:
        """Read the files as they are now; raise EncError where they are none."""
        try:
            chain, key = ((self._folder / name).read_bytes() for name in (LEAF, LEAF_KEY))
            return Shown(chain, key, x509.load_pem_x509_certificate(chain).not_valid_after_utc)
        except OSError as error:
            reason = f"cannot be read: {error.strerror}"
        except ValueError:
            reason = f"{LEAF} is no certificate"
        raise EncError(
            f"{self._folder}: {reason}",
            f"put {LEAF} and {LEAF_KEY} there, as a Secret of type kubernetes.io/tls has them",
        )


def _decoded(data: Any) -> Mapping[str, bytes]:
    found = {}
    for key, value in (data if isinstance(data, dict) else {}).items():
        try:
            found[key] = base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError, ValueError):
            continue
    return found
