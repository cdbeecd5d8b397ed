"""The webhook's own CA and certificate as values: what is stored of them, when they are due, what follows; pure but for randomness.

Where they are stored stands in `custody`, how the API server learns of the CA in `registration`.

A CA is trusted for a while before anything is signed by it, and for a while after nothing is any more:

    CA due ─► two CAs trusted ─(settling)─► leaf by the new one ─(settling)─► one CA trusted
"""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

AUTHORITIES, AUTHORITY_KEY, LEAF, LEAF_KEY = "ca.crt", "ca.key", "tls.crt", "tls.key"
"""The keys of the Secret; those of a Secret of type kubernetes.io/tls, and the CA's key."""

_SKEW = timedelta(minutes=5)  # an API server's clock may be behind
_CURVE = ec.SECP256R1()
_LOOK = 30.0


@dataclass(frozen=True, slots=True)
class Lives:
    """How long each certificate is valid, and how long everybody has to learn of a change; renewed after two thirds."""

    authority: timedelta = timedelta(days=730)
    leaf: timedelta = timedelta(days=90)
    settling: timedelta = timedelta(hours=1)

    @property
    def look(self) -> float:
        """After how many seconds to look again: what is due is found while there is most of the time left to learn of it."""
        return min(_LOOK, self.settling.total_seconds() / 8)


@dataclass(frozen=True)
class Certificates:
    """The trusted CAs, the newest last and with its key; and the leaf, signed by one of them."""

    authorities: tuple[x509.Certificate, ...]
    authority_key: ec.EllipticCurvePrivateKey
    leaf: x509.Certificate
    leaf_key: ec.EllipticCurvePrivateKey

    @cached_property
    def bundle(self) -> bytes:
        """What the API server is to trust, as PEM."""
        return b"".join(map(_pem, self.authorities))

    @cached_property
    def chain(self) -> bytes:
        """What the server shows, as PEM."""
        return _pem(self.leaf)

    @cached_property
    def key(self) -> bytes:
        """The leaf's private key, as PEM."""
        return _pem_of_key(self.leaf_key)

    @property
    def expires(self) -> datetime:
        """When the leaf is no longer valid."""
        return self.leaf.not_valid_after_utc

    def stored(self) -> dict[str, bytes]:
        """Return what is kept of them."""
        return {
            AUTHORITIES: self.bundle,
            AUTHORITY_KEY: _pem_of_key(self.authority_key),
            LEAF: self.chain,
            LEAF_KEY: self.key,
        }


def read_certificates(stored: Mapping[str, bytes]) -> Certificates | None:
    """Read what is kept; None where something is missing, broken, or does not belong together."""
    try:
        authorities = x509.load_pem_x509_certificates(stored[AUTHORITIES])
        leaf = x509.load_pem_x509_certificate(stored[LEAF])
        authority_key, leaf_key = _key(stored[AUTHORITY_KEY]), _key(stored[LEAF_KEY])
    except (KeyError, ValueError, TypeError, UnsupportedAlgorithm):
        return None
    found = Certificates(tuple(authorities), authority_key, leaf, leaf_key)
    paired = _is_pair(authorities[-1], authority_key) and _is_pair(leaf, leaf_key)
    return found if paired and any(_is_signed(leaf, authority) for authority in authorities) else None


def plan_certificates(
    known: Certificates | None, names: Sequence[str], now: datetime, lives: Lives
) -> Certificates:
    """Return what there should be from now on: `known` itself where nothing is due.

    `names` are the DNS names and addresses that the API server may reach the webhook by.
    """
    if known is None or _is_over(known.authorities[-1], now):
        authority, key = _make_authority(now, lives)
        return _with_leaf(Certificates((authority,), key, authority, key), names, now, lives)
    known = _with_lasting_authorities(known, now, lives)
    if _is_due(known.authorities[-1], now):
        authority, key = _make_authority(now, lives)
        # Its key replaces the old one's: what the old one signed lasts until the new one is trusted everywhere.
        return replace(known, authorities=(*known.authorities, authority), authority_key=key)
    settled = now >= _made(known.authorities[-1]) + lives.settling
    outdated = not _is_signed(known.leaf, known.authorities[-1])
    if _is_unfit(known.leaf, names, now) or (settled and (outdated or _is_due(known.leaf, now))):
        return _with_leaf(known, names, now, lives)
    return known


def _with_lasting_authorities(known: Certificates, now: datetime, lives: Lives) -> Certificates:
    """Trust no more what signed nothing that is in use, once everybody has had the time to learn of the newest leaf."""
    newest = known.authorities[-1]
    if len(known.authorities) == 1 or not _is_signed(known.leaf, newest):
        return known
    over = now >= _made(known.leaf) + lives.settling
    return replace(known, authorities=(newest,)) if over else known


def _is_unfit(leaf: x509.Certificate, names: Sequence[str], now: datetime) -> bool:
    return _is_over(leaf, now) or _names_of(leaf) != {str(_general(name).value) for name in names}


def _is_over(certificate: x509.Certificate, now: datetime) -> bool:
    """Tell whether it has expired; one that is not valid yet tells of a clock that is behind, and is left alone."""
    return now >= certificate.not_valid_after_utc


def _is_due(certificate: x509.Certificate, now: datetime) -> bool:
    made, ends = _made(certificate), certificate.not_valid_after_utc
    return now >= made + (ends - made) * 2 / 3


def _made(certificate: x509.Certificate) -> datetime:
    return certificate.not_valid_before_utc + _SKEW


def _is_signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _is_pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> bool:
    return certificate.public_key() == key.public_key()


def _names_of(leaf: x509.Certificate) -> set[str]:
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return set()
    return {str(name.value) for name in names}


def _make_authority(now: datetime, lives: Lives) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    key = ec.generate_private_key(_CURVE)
    serial = x509.random_serial_number()
    # Two CAs are trusted at times, so each has a name of its own.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"enc-operator webhook {serial:x}"[:64])])
    usage = _usage(sign_certificates=True)
    builder = (
        _builder(name, name, key, serial, now, lives.authority)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key


def _with_leaf(known: Certificates, names: Sequence[str], now: datetime, lives: Lives) -> Certificates:
    """Sign a new leaf by the newest CA, which it does not outlive."""
    key, authority = ec.generate_private_key(_CURVE), known.authorities[-1]
    life = min(lives.leaf, authority.not_valid_after_utc - now)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "enc-operator webhook")])
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(known.authority_key.public_key())
    builder = (
        _builder(subject, authority.subject, key, x509.random_serial_number(), now, life)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
        .add_extension(issuer, critical=False)
    )
    return replace(known, leaf=builder.sign(known.authority_key, hashes.SHA256()), leaf_key=key)


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    serial: int,
    now: datetime,
    life: timedelta,
) -> x509.CertificateBuilder:
    begins = now.replace(microsecond=0)  # certificates count in seconds
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(begins - _SKEW)
        .not_valid_after(begins + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, sign_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not sign_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=sign_certificates,
        crl_sign=sign_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _general(name: str) -> x509.DNSName | x509.IPAddress:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key(pem: bytes) -> ec.EllipticCurvePrivateKey:
    key = serialization.load_pem_private_key(pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("it is a key of another kind")
    return key


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)


def _pem_of_key(key: ec.EllipticCurvePrivateKey) -> bytes:
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption())
