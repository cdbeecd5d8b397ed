"""Does the API server reach the webhook? The replicas' own trial, sent as they send it: nothing is stored.

Only the webhook's own ServiceAccount is asked about trials, so the user has to be allowed to impersonate it.
"""

import json
from dataclasses import replace

from enc_operator.cli.doctor.admission import PROBE
from enc_operator.cli.doctor.install import Install
from enc_operator.cli.doctor.model import Check, fail, ok, unknown
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.kubectl.calls import last_words, run_kubectl
from enc_operator.core.admission.trial import trial_grant
from enc_operator.process.settings import Probe

_DENIED = f'admission webhook "{PROBE}" denied the request'
_FAILED = f'failed calling webhook "{PROBE}": '
_LONGEST = 400
_NETWORK = (
    "see that the caBundle is that of the certificate, that the API server reaches port 8443 of the webhook's pods "
    "(network policies, firewalls), and the log of the replicas, which try the same"
)


def try_webhook(kubectl: Kubectl, install: Install, probe: Probe | None) -> Check:
    """Try the way through the API server to the webhook."""
    if probe is None:
        what = "webhook.probe.enabled is false, so there is nothing that could be tried"
        return unknown("trial", what, fix="switch it on in the chart's values")
    user = f"system:serviceaccount:{install.namespace}:{install.name}-webhook"
    if kubectl.impersonated:
        what = f"the way to the webhook is tried as {user}, and who impersonates cannot do so twice"
        return unknown("trial", what, fix="leave --as out")
    ran = run_kubectl(
        replace(kubectl, impersonated=user, groups=()),
        ["create", "--dry-run=server", "--validate=false", "-o", "name", "-f", "-"],
        json.dumps(trial_grant(install.namespace, probe.name)),
    )
    return read_trial(install, ran.err if ran.failed else None)


def read_trial(install: Install, said: str | None) -> Check:
    """Return what the answer to a trial means; None where it was let through."""
    if said is None:
        what = "nobody asks the webhook: a trial that it would have refused was let through"
        return fail("trial", what, fix="install the chart again: helm upgrade")
    if _DENIED in said:
        return ok("trial", "the API server reaches the webhook")
    _, failed, words = said.partition(_FAILED)
    if failed:
        what = f"the API server does not reach the webhook: {last_words(words)[:_LONGEST]}"
        return fail("trial", what, fix=_NETWORK)
    right = f"impersonate ServiceAccount {install.namespace}/{install.name}-webhook"
    fix = f"it takes the right to {right}; the replicas try the same, and are ready only where it works"
    return unknown("trial", f"it could not be tried: {last_words(said)[:_LONGEST]}", fix=fix)
