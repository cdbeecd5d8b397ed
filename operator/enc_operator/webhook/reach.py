"""Does the API server reach the webhook? What it answers to a trial, and what follows for readiness, as values.

The trial itself is sent in `trying`. Which words stand for what: k8s.io/apiserver, `pkg/admission/plugin/webhook/errors`.
"""

import re
from dataclasses import dataclass

from enc_operator.cluster.calls import ApiError

WEBHOOK = "probe.enc-operator.io"
"""The webhook of the configuration that is asked about trials, and refuses each."""

MISSES = 3
"""So many trials in a row that do not arrive end a replica's readiness."""
PATIENCE = 20
"""So many keep a new replica from its readiness. What they did not reach are the replicas in the Service, never the new one."""

_DENIED = f'admission webhook "{WEBHOOK}" denied the request'
_FAILED = f'failed calling webhook "{WEBHOOK}": '
_LONGEST = 400
_NUMBER = re.compile(r"\d+")
_CERTIFICATE = re.compile("x509|tls:|certificate", re.IGNORECASE)
_TRUST = "see that the caBundle in the configuration is that of the certificate, and who else writes it"
_NETWORK = "let the API server reach port 8443 of the webhook's pods: look for network policies, firewalls and the Service"


@dataclass(frozen=True, slots=True)
class Reached:
    """The webhook was asked, and refused."""

    text = ""


@dataclass(frozen=True, slots=True)
class Unasked:
    """Nobody refused."""

    text = (
        "nobody asks the webhook: a trial that it would have refused was let through; install its ValidatingWebhookConfiguration "
        "again, as `helm upgrade` does"
    )


@dataclass(frozen=True, slots=True)
class Unreached:
    """The webhook was not asked, for this reason; `deserted` where no replica is ready that could have been."""

    said: str
    deserted: bool = False

    @property
    def text(self) -> str:
        """Say so, and what to do."""
        if self.deserted:
            return f"no replica is in the Service yet: {self.said}"
        fix = _TRUST if _CERTIFICATE.search(self.said) else _NETWORK
        return f"the API server does not reach the webhook: {self.said}; {fix}"


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer says nothing of the way."""

    said: str
    fix: str = ""

    @property
    def text(self) -> str:
        """Say so, and what to do."""
        fix = f"; {self.fix}" if self.fix else ""
        return f"it is not known whether the API server reaches the webhook: {self.said}{fix}"


Reach = Reached | Unasked | Unreached | Unknown


def read_answer(refusal: ApiError | None) -> Reach:
    """Return what the answer to a trial means; None where it was let through."""
    if refusal is None:
        return Unasked()
    if _DENIED in refusal.said:
        return Reached()
    _, failed, said = refusal.said.partition(_FAILED)
    return Unreached(said[:_LONGEST]) if failed else Unknown(refusal.said[:_LONGEST], refusal.fix)


def same(one: Reach | None, other: Reach) -> bool:
    """Tell whether two say the same, but for the ports and times that the API server names."""
    return one is not None and _NUMBER.sub("0", one.text) == _NUMBER.sub("0", other.text)


@dataclass(frozen=True, slots=True)
class Standing:
    """A replica by its trials so far: whether it may be asked, whether it ever could, and how many trials in a row went astray.

    `asked` tells that reviews came to it all the same.
    """

    found: Reach | None = None
    is_open: bool = False
    has_begun: bool = False
    misses: int = 0
    asked: bool = False

    def after(self, found: Reach, *, asked: bool) -> "Standing":
        """Return where one more trial leaves it; `asked` where the API server had it answer a review since the last one."""
        if asked or self._is_harmless(found):
            return Standing(found, is_open=True, has_begun=True, asked=asked)
        misses = self.misses + 1
        is_open = misses < MISSES if self.is_open else not self.has_begun and misses >= PATIENCE
        turned = is_open != self.is_open
        return Standing(found, is_open, self.has_begun or is_open, 0 if turned else misses)

    def _is_harmless(self, found: Reach) -> bool:
        match found:
            case Unreached(deserted=deserted):
                return deserted
            case Unasked():
                return self.has_begun  # nobody is worse off, and who is asked again at once can answer
            case _:
                return True

    @property
    def unready(self) -> str:
        """Why it may not be asked; empty where it may."""
        if self.is_open:
            return ""
        return (
            self.found.text
            if self.found
            else "it was not tried yet whether the API server reaches the webhook"
        )

    @property
    def reached(self) -> bool | None:
        """Whether the API server reaches the webhook; None where that is not known."""
        if self.asked or isinstance(self.found, Reached):
            return True
        return None if self.found is None or isinstance(self.found, Unknown) else False

    @property
    def is_hurried(self) -> bool:
        """Whether the next trial should be soon: somebody waits for it."""
        return not self.is_open or (isinstance(self.found, Unreached) and self.found.deserted)
