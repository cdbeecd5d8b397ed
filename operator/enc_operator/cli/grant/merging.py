"""What is asked for as SecretGrants: those of the input are extended where that widens nothing, others are new. Pure."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from enc_operator.cli.grant.planning import ALL, Admitted, Asked, Opened
from enc_operator.core.inventory import GrantFact
from enc_operator.core.judgement import Judged
from enc_operator.core.objects.shapes import labels
from enc_operator.core.syntax import SyntaxFault, parse_yaml

_LONGEST_LIST = 64
"""Items in `from`, `to`, `serviceAccounts` and `keys`: the schema's limit."""
_LONGEST_NAME = 200
_Item = TypeVar("_Item")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True)
class Grant:
    """A SecretGrant to write. `extends` is the one of the input that it takes the place of; `asked` is who asks for what."""

    namespace: str
    name: str
    admits: tuple[Admitted, ...]
    opens: tuple[Opened, ...]
    expires: datetime | None
    asked: tuple[tuple[Admitted, Opened, tuple[Judged, ...]], ...]
    extends: GrantFact | None = None

    def manifest(self) -> Mapping[str, Any]:
        """Return the object."""
        spec: dict[str, Any] = {"from": list(_from_items(self.admits)), "to": list(_to_items(self.opens))}
        if self.expires:
            spec["expires"] = self.expires.isoformat().replace("+00:00", "Z")
        return {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "SecretGrant",
            "metadata": {"name": self.name, "namespace": self.namespace, **_kept_metadata(self.extends)},
            "spec": spec,
        }


def plan_grants(
    asked: Iterable[Asked],
    existing: Sequence[GrantFact],
    expires: datetime | None,
    *,
    extend: bool = True,
) -> Iterator[Grant]:
    """Yield the grants, by namespace; `existing` are the grants of the input, which stay as they are unless they may `extend`."""
    for owner in asked:
        mine = {grant.name: grant for grant in existing if grant.namespace == owner.namespace}
        free = {name: grant for name, grant in mine.items() if extend and grant.expires == expires}
        taken = set(mine)
        for who, opened in owner.groups():
            for grant in _grants(owner, who, opened, expires, free):
                named = grant if grant.extends else replace(grant, name=_name(grant, taken))
                taken.add(named.name)
                yield named


def _grants(
    owner: Asked,
    who: frozenset[Admitted],
    opened: frozenset[Opened],
    expires: datetime | None,
    free: dict[str, GrantFact],
) -> Iterator[Grant]:
    """Yield what one group takes: an extended grant, which no other group may extend again, or new ones."""
    asked = tuple((one, key, tuple(owner.places[one, key])) for one in sorted(who) for key in sorted(opened))
    for name, grant in sorted(free.items()):
        admits, opens = _admits(grant), _opens(grant)
        if admits != who and (opens != opened or any(item.selector for item in grant.admits)):
            continue
        whole = Grant(
            owner.namespace,
            name,
            tuple(sorted(admits | who)),
            tuple(sorted(opens | opened)),
            expires,
            asked,
            grant,
        )
        if _fits(whole):
            del free[name]
            yield whole
            return
    for admit_part in _parts(sorted(who)):
        for open_part in _parts(sorted(opened)):
            some = tuple(item for item in asked if item[0] in admit_part and item[1] in open_part)
            yield Grant(owner.namespace, "", admit_part, open_part, expires, some)


def _fits(grant: Grant) -> bool:
    return len(grant.admits) <= _LONGEST_LIST and len(grant.opens) <= _LONGEST_LIST


def _parts(items: Sequence[_Item]) -> Iterator[tuple[_Item, ...]]:
    for start in range(0, len(items), _LONGEST_LIST):
        yield tuple(items[start : start + _LONGEST_LIST])


def _admits(grant: GrantFact) -> frozenset[Admitted]:
    """Return whom a grant of the input admits; nobody that could be asked for stands for a selector by labels."""
    found: set[Admitted] = set()
    for item in grant.admits:
        if item.agent_namespace:
            found.add(Admitted(item.agent_namespace, agent=True))
        found.update(Admitted(item.namespace or "", account) for account in item.service_accounts)
    return frozenset(found)


def _opens(grant: GrantFact) -> frozenset[Opened]:
    return frozenset(Opened(item.secret_name, key) for item in grant.opens for key in item.keys)


def _name(grant: Grant, taken: set[str]) -> str:
    """Return a name that says who asks, and that no other grant of the namespace has."""
    first, *others = grant.admits
    name = f"agents-of-{first.namespace}" if first.agent else f"{first.namespace}-{first.service_account}"
    name = name.replace(ALL, "all")
    if len(name) > _LONGEST_NAME or others or name in taken:
        text = repr((grant.admits, grant.opens, grant.expires))
        more = f"-and-{len(others)}-more" if others else ""
        name = f"{name[:_LONGEST_NAME].rstrip('-.')}{more}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"
    return name


def _from_items(admits: Sequence[Admitted]) -> Iterator[Mapping[str, Any]]:
    accounts: dict[str, list[str]] = {}
    for item in admits:
        if not item.agent:
            accounts.setdefault(item.namespace, []).append(item.service_account)
    for namespace, names in sorted(accounts.items()):
        yield {"namespace": namespace, "serviceAccounts": [ALL] if ALL in names else names}
    yield from ({"agent": {"namespace": item.namespace}} for item in admits if item.agent)


def _to_items(opens: Sequence[Opened]) -> Iterator[Mapping[str, Any]]:
    keys: dict[str, list[str]] = {}
    for item in opens:
        keys.setdefault(item.secret, []).append(item.key)
    for secret, names in sorted(keys.items()):
        yield {"secretName": secret, "keys": [ALL] if ALL in names else names}


def _kept_metadata(extends: GrantFact | None) -> dict[str, Any]:
    """Return the labels and annotations of a grant of the input, which applying the extended one would take away."""
    if extends is None:
        return {}
    try:
        manifest = parse_yaml(extends.where.source.text).value
    except SyntaxFault:  # an object of a list, whose text is a piece
        return {}
    kept = {name: dict(labels(manifest, "metadata", name)) for name in ("labels", "annotations")}
    kept["annotations"].pop(_LAST_APPLIED, None)
    return {name: values for name, values in kept.items() if values}
