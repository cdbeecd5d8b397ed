"""The Roles and RoleBindings that Agents need: per Secret namespace and ServiceAccount, `get` on named Secrets, nothing else.

Names hash the length-prefixed (namespace, ServiceAccount), so no two pairs share one and a name says nothing of tenants.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from enc_operator.core.objects.authorization import MANAGED_BY, OWNER

MAX_NAMES = 500
"""Secrets in one Role: the fence's limit; far below an object's size limit at 253 characters a name."""

_API_GROUP = "rbac.authorization.k8s.io"
_NAME_LENGTH = 26


@dataclass(frozen=True, slots=True, order=True)
class Need:
    """A Secret that a ServiceAccount (of an Agent) must be able to `get`."""

    secret_namespace: str
    namespace: str
    service_account: str
    secret_name: str


@dataclass(frozen=True, slots=True)
class Permission:
    """One Role and its binding, before rendering."""

    name: str
    secret_namespace: str
    namespace: str
    service_account: str
    secret_names: tuple[str, ...]
    references: int

    def needs(self) -> Iterator[Need]:
        """Yield what it suffices for."""
        for name in self.secret_names:
            yield Need(self.secret_namespace, self.namespace, self.service_account, name)

    def objects(self) -> Iterator[Mapping[str, Any]]:
        """Yield the Role and the RoleBinding as manifests."""
        yield {
            "apiVersion": f"{_API_GROUP}/v1",
            "kind": "Role",
            "metadata": self._metadata(),
            "rules": [
                {
                    "apiGroups": [""],
                    "resources": ["secrets"],
                    "resourceNames": list(self.secret_names),
                    "verbs": ["get"],
                }
            ],
        }
        yield {
            "apiVersion": f"{_API_GROUP}/v1",
            "kind": "RoleBinding",
            "metadata": self._metadata(),
            "roleRef": {"apiGroup": _API_GROUP, "kind": "Role", "name": self.name},
            "subjects": [
                {"kind": "ServiceAccount", "name": self.service_account, "namespace": self.namespace}
            ],
        }

    def _metadata(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "namespace": self.secret_namespace,
            "labels": {MANAGED_BY: OWNER, "app.kubernetes.io/managed-by": OWNER},
            "annotations": {
                "enc-operator.io/agent": f"{self.namespace}/{self.service_account}",
                "enc-operator.io/references": str(self.references),
            },
        }


def plan_permissions(needs: Iterable[tuple[Need, int]]) -> list[Permission]:
    """Return the permissions for needs with their numbers of references, in a stable order."""
    grouped: dict[tuple[str, str, str], dict[str, int]] = {}
    for need, count in needs:
        names = grouped.setdefault((need.secret_namespace, need.namespace, need.service_account), {})
        names[need.secret_name] = names.get(need.secret_name, 0) + count
    return [permission for key in sorted(grouped) for permission in _split(*key, grouped[key])]


def _split(
    secret_namespace: str, namespace: str, account: str, counts: Mapping[str, int]
) -> Iterator[Permission]:
    names = sorted(counts)
    for number, start in enumerate(range(0, len(names), MAX_NAMES)):
        part = tuple(names[start : start + MAX_NAMES])
        name = role_name(namespace, account, number)
        yield Permission(
            name, secret_namespace, namespace, account, part, sum(counts[secret] for secret in part)
        )


def role_name(namespace: str, service_account: str, number: int = 0) -> str:
    """Return `enc-` and 26 characters of base32; `number` counts the parts of a Role that was split."""
    parts = (namespace, service_account, str(number))
    digest = hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
    return "enc-" + base64.b32encode(digest).decode().lower()[:_NAME_LENGTH]
