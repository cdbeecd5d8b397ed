"""The webhook's own CA and certificate through their lives."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509 import verification

from enc_operator.webhook.certificates import (
    AUTHORITIES,
    AUTHORITY_KEY,
    LEAF,
    LEAF_KEY,
    Certificates,
    Lives,
    plan_certificates,
    read_certificates,
)

BEGIN = datetime(2026, 3, 1, 12, 0, 0, 250, tzinfo=UTC)
NAMES = ("hook.enc.svc", "127.0.0.1")
LIVES = Lives(timedelta(days=300), timedelta(days=30), timedelta(hours=1))
FIRST = plan_certificates(None, NAMES, BEGIN, LIVES)
RSA = rsa.generate_private_key(65537, 2048).private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
)
OTHER = plan_certificates(None, NAMES, BEGIN, LIVES)


def at(known: Certificates, names: tuple[str, ...] = NAMES, **after: float) -> Certificates:
    """Plan at some time after the beginning, from what is stored."""
    read = read_certificates(known.stored())
    assert read
    planned = plan_certificates(read, names, BEGIN + timedelta(**after), LIVES)
    return read if planned is read else planned


def accepted(served: Certificates, trusted: bytes, name: str = NAMES[0], **after: float) -> bool:
    """Verify as a client does that knows a bundle of CAs and a name."""
    store = verification.Store(x509.load_pem_x509_certificates(trusted))
    policy = verification.PolicyBuilder().store(store).time(BEGIN + timedelta(**after))
    verifier = policy.build_server_verifier(subject(name))
    try:
        verifier.verify(x509.load_pem_x509_certificate(served.chain), [])
    except verification.VerificationError:
        return False
    return True


def subject(name: str) -> x509.DNSName | x509.IPAddress:
    """Return what a client asks for."""
    return x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)


@pytest.mark.parametrize("name", NAMES)
def test_a_client_that_trusts_the_bundle_accepts_each_name(name: str) -> None:
    """Both a DNS name and an address are served, to the bundle's clients alone."""
    assert accepted(FIRST, FIRST.bundle, name)
    assert not accepted(FIRST, FIRST.bundle, "other.enc.svc")
    assert not accepted(FIRST, OTHER.bundle, name)


@pytest.mark.parametrize(
    "days",
    [0, 19.9, -1],
    ids=["at once", "before two thirds of the leaf's life", "by a clock that is behind"],
)
def test_nothing_is_made_before_it_is_due(days: float) -> None:
    """What is read again says the same, and is left as it is."""
    assert at(FIRST, days=days).stored() == FIRST.stored()


@pytest.mark.parametrize(
    ("names", "days"), [(NAMES, 20.1), (("other.enc.svc",), 1), (NAMES, 40)],
    ids=["two thirds of its life are over", "another name is asked for", "it has expired"],
)  # fmt: skip
def test_a_leaf_is_renewed_by_the_same_authority(names: tuple[str, ...], days: float) -> None:
    """Who trusts the bundle accepts it without learning anything new."""
    renewed = at(FIRST, names, days=days)

    assert renewed.bundle == FIRST.bundle
    assert renewed.chain != FIRST.chain
    assert renewed.expires == (BEGIN + timedelta(days=days)).replace(microsecond=0) + LIVES.leaf


@dataclass(frozen=True)
class Step:
    """How it stands at one time of a rotation."""

    hours: float
    authorities: int
    by_the_new: bool


def test_a_rotation_is_accepted_at_every_step_by_who_knows_the_step_before() -> None:
    """The new CA is trusted for an hour before it signs, the old one for an hour after: whoever lags behind by one step still gets on."""
    begin = 200 * 24
    leaf = at(FIRST, days=199.5)
    known, steps, trusted = leaf, [], [leaf.bundle]
    for hours in (-1, 0, 0.9, 1.1, 1.9, 2.2, 3):
        former, known = known, at(known, hours=begin + hours)
        assert all(
            accepted(each, bundle, hours=begin + hours)
            for each in (former, known)
            for bundle in (trusted[-1], known.bundle)
        )
        trusted.append(known.bundle)
        steps.append(Step(hours, len(known.authorities), known.leaf.issuer != leaf.leaf.issuer))

    assert steps == [
        Step(-1, 1, by_the_new=False),
        Step(0, 2, by_the_new=False),
        Step(0.9, 2, by_the_new=False),
        Step(1.1, 2, by_the_new=True),
        Step(1.9, 2, by_the_new=True),
        Step(2.2, 1, by_the_new=True),
        Step(3, 1, by_the_new=True),
    ]


def test_nobody_looked_for_years() -> None:
    """Where the CA itself has expired everything is made anew, and what was trusted is not any more."""
    found = at(FIRST, days=1000)

    assert accepted(found, found.bundle, days=1000)
    assert len(found.authorities) == 1
    assert found.bundle != FIRST.bundle


def test_no_leaf_outlives_its_authority() -> None:
    """Near the end of a CA, before its successor has settled, a leaf that must be made lasts as long as what it hangs on."""
    lives = Lives(timedelta(days=3), timedelta(days=30), timedelta(hours=1))
    made = plan_certificates(None, NAMES, BEGIN, lives)

    assert made.expires <= made.authorities[0].not_valid_after_utc


@pytest.mark.parametrize(
    "broken",
    [
        {AUTHORITIES: b""},
        {AUTHORITIES: OTHER.stored()[AUTHORITIES]},
        {AUTHORITY_KEY: OTHER.stored()[AUTHORITY_KEY]},
        {LEAF: OTHER.stored()[LEAF], LEAF_KEY: OTHER.stored()[LEAF_KEY]},
        {LEAF_KEY: OTHER.stored()[LEAF_KEY]},
        {LEAF: b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"},
        {LEAF_KEY: b"no key"},
        {LEAF_KEY: RSA},
    ],
    ids=["no CA", "another CA", "another CA's key", "another CA's leaf", "another leaf's key", "no certificate", "no key", "a key of another kind"],
)  # fmt: skip
def test_what_does_not_belong_together_is_not_read(broken: dict[str, bytes]) -> None:
    """A Secret that somebody edited is as one that is empty."""
    assert read_certificates({**FIRST.stored(), **broken}) is None


def test_an_empty_secret_holds_nothing() -> None:
    """The install creates it so."""
    assert read_certificates({}) is None


@pytest.mark.parametrize(
    "lives",
    [Lives(*(timedelta(seconds=each) for each in seconds)) for seconds in [(40, 20, 5), (64, 32, 8), (172_800, 14_400, 3600)]],
    ids=["the shortest", "a short one", "the shortest for the usual hour"],
)  # fmt: skip
def test_whatever_lives_the_settings_allow_there_is_time_for_each_change(lives: Lives) -> None:
    """At each look what is shown is valid until two more, and signed by a CA that was trusted long before."""
    now, seen = BEGIN, [plan_certificates(None, NAMES, BEGIN, lives)]
    trusted = {seen[0].bundle: BEGIN - lives.settling}
    while now < BEGIN + 3 * lives.authority:
        now += timedelta(seconds=lives.look)
        seen.append(plan_certificates(seen[-1], NAMES, now, lives))
        for authority in seen[-1].authorities:
            trusted.setdefault(authority.public_bytes(serialization.Encoding.PEM), now)
        assert seen[-1].expires > now + timedelta(seconds=2 * lives.look)
        issuer = next(each for each in seen[-1].authorities if each.subject == seen[-1].leaf.issuer)
        since = trusted[issuer.public_bytes(serialization.Encoding.PEM)]
        assert seen[-1].leaf is seen[-2].leaf or now - since >= lives.settling - timedelta(seconds=1)

    assert len({each.leaf for each in seen}) >= 6
    assert max(len(each.authorities) for each in seen) == 2
