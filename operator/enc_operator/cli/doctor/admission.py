"""The admission webhook as the API server knows it: its configuration, its certificate's CA, and who stands behind its Service. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from enc_operator.cli.doctor.bundles import read_bundle
from enc_operator.cli.doctor.install import Install
from enc_operator.cli.doctor.model import (
    Check,
    Found,
    Manifest,
    Unreadable,
    fail,
    ok,
    unknown,
    unreadable,
    warn,
)
from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import entries, mapping, text
from enc_operator.process.settings import Webhook

PROBE = "probe.enc-operator.io"
"""The webhook of the configuration that is asked about trials, and refuses each."""
_ASKED = (
    "configmaps", "consents", "cronjobs", "instrumentations", "pods", "podtemplates", "services", "workloads",
)  # fmt: skip
_SOON = timedelta(days=30)
_AGAIN = "install the chart again: helm upgrade"
_RENEWED = "see the webhook's log: a replica writes it; or who else writes it; with cert-manager, its cainjector's log"


def check_configuration(
    install: Install,
    webhook: Webhook,
    found: Found,
    now: datetime,
    kind: str = "ValidatingWebhookConfiguration",
) -> Iterator[Check]:
    """Check a configuration: there, asking what the chart has it ask, with the right failurePolicy and a caBundle that is valid."""
    where = ObjectRef(kind, "", install.global_name)
    if isinstance(found, Unreadable):
        yield unreadable("webhook", found, where)
        return
    if found is None:
        follows = "nobody is asked, everything comes in" if _judges(kind) else "no Agent is injected"
        yield fail("webhook", f"it does not exist: {follows}", where, _AGAIN)
        return
    asked = [item for _, item in entries(found, "webhooks")]
    wrong = [*_check_asked(asked, where), *_check_policies(asked, webhook, where)] if _judges(kind) else []
    yield from wrong
    if not wrong:
        yield ok("webhook", f"{len(asked)} webhooks, mode {webhook.mode}", where)
    yield from _check_bundles(asked, where, now)


def _judges(kind: str) -> bool:
    return kind.startswith("Validating")


def _check_asked(asked: Sequence[Mapping[str, Any]], where: ObjectRef) -> Iterator[Check]:
    names = {text(each, "name").partition(".")[0] for each in asked}
    missing = [name for name in _ASKED if name not in names]
    if missing:
        what = f"it asks nothing about {', '.join(missing)}"
        yield warn("webhook", what, where, f"see webhook.webhooks in the chart's values, or {_AGAIN}")


def _check_policies(
    asked: Sequence[Mapping[str, Any]], webhook: Webhook, where: ObjectRef
) -> Iterator[Check]:
    usual = "Fail" if webhook.mode == "enforce" else "Ignore"
    means = {"Ignore": "comes in", "Fail": "is refused"}
    other: dict[str, list[str]] = {}
    for each in asked:
        policy = text(each, "failurePolicy")
        if text(each, "name") != PROBE and policy != usual:
            other.setdefault(policy, []).append(text(each, "name").partition(".")[0])
    for policy, names in other.items():
        what = f"failurePolicy of {', '.join(names)} is {policy} with mode {webhook.mode}"
        means_text = f"what comes while no replica answers {means.get(policy, 'is not known')}"
        yield warn(
            "webhook",
            f"{what}: {means_text}",
            where,
            f"see webhook.webhooks in the chart's values, or {_AGAIN}",
        )


def _check_bundles(asked: Sequence[Mapping[str, Any]], where: ObjectRef, now: datetime) -> Iterator[Check]:
    bundles: dict[str, list[str]] = {}
    for each in asked:
        bundles.setdefault(text(each, "clientConfig", "caBundle"), []).append(
            text(each, "name").partition(".")[0]
        )
    for written, names in bundles.items():
        about = "" if len(bundles) == 1 else f" of {', '.join(names)}"
        yield _check_bundle(written, about, where, now)


def _check_bundle(written: str, about: str, where: ObjectRef, now: datetime) -> Check:
    if not written:
        what = f"the caBundle{about} is empty: the API server does not trust the webhook"
        return fail("certificate", what, where, _RENEWED)
    bundle = read_bundle(written)
    if bundle is None:
        return fail("certificate", f"the caBundle{about} holds no certificate", where, _RENEWED)
    if bundle.ends is None:
        what = f"the caBundle{about} holds no CA, whose end could be told"
        return unknown(
            "certificate", what, where, "look at the certificate itself; Secrets are not read here"
        )
    day = bundle.ends.date()
    if bundle.ends <= now:
        return fail("certificate", f"the caBundle{about} ended on {day}", where, _RENEWED)
    if bundle.ends - now < _SOON:
        return warn("certificate", f"the caBundle{about} ends on {day}", where, _RENEWED)
    what = f"the caBundle{about} is valid until {day}; the certificate's own end is in a Secret, which is not read"
    return ok("certificate", what, where)


def service_of(found: Found) -> tuple[str, str] | None:
    """Return (namespace, name) of the Service by which the API server reaches the webhook; None where it does by URL."""
    asked = (
        []
        if isinstance(found, Unreadable) or found is None
        else [item for _, item in entries(found, "webhooks")]
    )
    services = [mapping(each, "clientConfig", "service") for each in asked]
    return next(((text(each, "namespace"), text(each, "name")) for each in services if each), None)


def check_service(
    place: tuple[str, str], service: Found, slices: Sequence[Manifest] | Unreadable
) -> Iterator[Check]:
    """Check that the Service exists and has ready endpoints."""
    where = ObjectRef("Service", *place)
    if isinstance(service, Unreadable):
        yield unreadable("webhook", service, where)
    elif service is None:
        yield fail("webhook", "it does not exist: the API server reaches no replica", where, _AGAIN)
    elif isinstance(slices, Unreadable):
        yield unreadable("webhook", slices, where)
    else:
        ready = sum(_ready(each) for each in slices)
        if ready:
            yield ok("webhook", f"{ready} ready endpoint{'s' * (ready != 1)}", where)
        else:
            fix = f"see kubectl -n {where.namespace} get pods -l app.kubernetes.io/component=webhook"
            yield fail("webhook", "no replica is ready behind it", where, fix)


def _ready(found: Manifest) -> int:
    endpoints = (item for _, item in entries(found, "endpoints"))
    return sum(mapping(each, "conditions").get("ready") is not False for each in endpoints)
