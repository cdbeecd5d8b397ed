"""TLS whose certificate is replaced while connections last: each new one is shown the newest."""

import ssl
import tempfile
from pathlib import Path


class Tls:
    """A server's context; there is no certificate before the first `use`, so no connection comes about."""

    def __init__(self) -> None:
        self._newest = _context()
        self.context = _context()
        self.context.sni_callback = self._choose
        self._shown: tuple[bytes, bytes] | None = None

    @property
    def shows(self) -> bool:
        """Whether there is a certificate."""
        return self._shown is not None

    def use(self, chain: bytes, key: bytes) -> bool:
        """Show these from now on, both PEM; tell whether they are others than before. Raises ssl.SSLError for what is no pair."""
        if (chain, key) == self._shown:
            return False
        # A context of its own: one that had an RSA key would go on showing it beside a new elliptic one.
        context = _context()
        with tempfile.TemporaryDirectory(prefix="tls-") as folder:  # ssl reads certificates from files only
            files = Path(folder, "tls.crt"), Path(folder, "tls.key")
            for file, content in zip(files, (chain, key), strict=True):
                file.write_bytes(content)
            context.load_cert_chain(*files)
        self._newest, self._shown = context, (chain, key)
        return True

    def _choose(
        self, connection: ssl.SSLObject | ssl.SSLSocket, name: str | None, own: ssl.SSLContext
    ) -> None:
        """Choose what one connection is shown; called for every client, also for those that name no host."""
        del name, own
        connection.context = self._newest


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
