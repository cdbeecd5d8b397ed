"""The pod's ServiceAccount: where the API server is, how it proves itself, and how we do.

Read as client-go's ``rest.InClusterConfig`` reads it: KUBERNETES_SERVICE_HOST and _PORT, and the mounted token and CA.
The server is verified, always. What is asked with it is not known here, but for the form of a request.
"""

from __future__ import annotations

import os
import ssl

from enc_resolver.connection import Address

_HOST = frozenset("-.:0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class AccountError(Exception):
    """Say why the pod's own ServiceAccount cannot be used."""


class Server:
    """Where the API server is, how it proves itself, and how we do."""

    def __init__(self, service_account: str) -> None:
        host = os.environ.get("KUBERNETES_SERVICE_HOST", "")
        port = os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not (host and _HOST.issuperset(host) and _is_port(port)):
            raise AccountError("not in a Kubernetes pod: KUBERNETES_SERVICE_HOST or _PORT is not set")
        self.address = Address(host, int(port), _verifying(service_account))
        self.service_account = service_account
        self.token = self._read_token()

    def request(self, namespace: str, name: str) -> bytes:
        """Write the GET of a Secret."""
        host = f"[{self.address.host}]" if ":" in self.address.host else self.address.host
        lines = [
            f"GET /api/v1/namespaces/{namespace}/secrets/{name} HTTP/1.1",
            f"Host: {host}:{self.address.port}",
            f"Authorization: Bearer {self.token}",
            "Accept: application/json",
            "Accept-Encoding: identity",
            "User-Agent: enc-resolver",
        ]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")

    def renew_token(self, refused: str) -> bool:
        """Read the token again, which the kubelet rotates; tell whether there is another one now."""
        self.token = self._read_token()
        return self.token != refused

    def _read_token(self) -> str:
        try:
            with open(os.path.join(self.service_account, "token"), "rb") as file:
                token = file.read(64 * 1024).strip()
        except OSError:
            raise AccountError(
                f"no token in {self.service_account}; is automountServiceAccountToken off?"
            ) from None
        if not token or not all(0x21 <= byte <= 0x7E for byte in token):
            raise AccountError(f"the token in {self.service_account} is not one")
        return token.decode("ascii")


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text[:6]) < 65536


def _verifying(service_account: str) -> ssl.SSLContext:
    # Not create_default_context: from Python 3.13 on it refuses cluster CAs without a key identifier
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    tls.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        tls.load_verify_locations(os.path.join(service_account, "ca.crt"))
    except (OSError, ssl.SSLError):
        raise AccountError(f"no CA certificate in {service_account}; is a token mounted?") from None
    return tls
