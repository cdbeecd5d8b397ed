"""Secrets and keys that the input shows not to exist. Only its own author is told: an answer to a denied one tells nothing."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.inventory import SecretFact
from enc_operator.core.references.model import Reference, SecretTarget


class KnownSecrets:
    """The Secrets of the input.

    Charts bring some of a namespace's Secrets and leave others to their users. So one is only said to be missing where all of
    a namespace's were read from a cluster, or where another one has almost its name.
    """

    def __init__(self, secrets: Iterable[SecretFact]) -> None:
        self._keys: dict[str, dict[str, frozenset[str]]] = defaultdict(dict)
        self._stored: set[str] = set()
        for secret in secrets:
            self._keys[secret.namespace][secret.name] = secret.keys
            if secret.stored:
                self._stored.add(secret.namespace)

    def missing(self, reference: Reference) -> Iterator[Finding]:
        """Yield that the Secret of an allowed reference, or its key, is not in the input."""
        target = reference.target
        if not isinstance(target, SecretTarget) or target.name is None or target.namespace not in self._keys:
            return
        known = self._keys[target.namespace]
        if target.name not in known:
            yield from self._missing_secret(reference, target.namespace, target.name)
        elif target.key is not None and target.key not in known[target.name]:
            what = f"Secret {target.namespace}/{target.name} of the input has no key {target.key}"
            fix = _meant(target.key, known[target.name]) or "correct the key, or add it"
            yield finding("key-missing", _part(reference, target.key), what, fix)

    def _missing_secret(self, reference: Reference, namespace: str, name: str) -> Iterator[Finding]:
        meant = _meant(name, self._keys[namespace])
        if meant or namespace in self._stored:
            what = f"the input holds Secrets of namespace {namespace}, and none of them is {name}"
            fix = meant or "correct the name, or add the Secret or what makes it"
            yield finding("secret-missing", _part(reference, name), what, fix)


def _meant(name: str, known: Iterable[str]) -> str | None:
    found = get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    return f"did you mean {found[0]}?" if found else None


def _part(reference: Reference, name: str) -> Where:
    """Return where a name stands in the text; where a variable makes it, that is all of the text."""
    start = reference.text.rfind(name)
    return reference.where.part(reference.text, start, start + len(name)) if start >= 0 else reference.place
