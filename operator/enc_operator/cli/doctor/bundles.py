"""A caBundle: which CAs it holds, and until when they are valid. Nothing of a Secret is needed for that, and nothing read."""

import base64
import binascii
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Bundle:
    """What can be said of a caBundle: how many certificates it holds, and when the last CA among them ends, if there is one."""

    certificates: int
    ends: datetime | None


def read_bundle(written: str) -> Bundle | None:
    """Read a caBundle as it stands in a configuration (base64 of PEM); None where it is no bundle."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cadata=base64.b64decode(written, validate=True).decode("ascii"))
    except (ssl.SSLError, binascii.Error, UnicodeDecodeError, ValueError):
        return None
    # The standard library tells nothing of a certificate that is no CA, which API servers trust all the same.
    ends = [ssl.cert_time_to_seconds(str(each["notAfter"])) for each in context.get_ca_certs()]
    last = datetime.fromtimestamp(max(ends), UTC) if ends else None
    return Bundle(context.cert_store_stats()["x509"], last)
