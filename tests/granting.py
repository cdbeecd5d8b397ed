"""Grants, referrers and what decides, as the tests of access write them."""

from collections.abc import Mapping
from datetime import UTC, datetime

from enc_operator.core.access import Authority
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import GrantFact, GrantFrom, GrantTo, Question, Selector
from enc_operator.core.references.model import Referrer, ReferrerKind, SecretTarget
from enc_operator.core.syntax import Source

NOW = datetime(2026, 1, 1, tzinfo=UTC)
POD = Referrer(ReferrerKind.POD, "shop", "web")
SERVICE = Referrer(ReferrerKind.SERVICE, "shop")
AGENT = Referrer(ReferrerKind.AGENT, "dd")
TARGET = SecretTarget("db", "orders", "password")
QUESTION = Question("shop", "web", "db", "orders")


def grant(
    *admits: GrantFrom,
    keys: tuple[str, ...] = ("password",),
    namespace: str = "db",
    opens: GrantTo | None = None,
    expires: datetime | None = None,
) -> GrantFact:
    """Return a SecretGrant of Secret db/orders."""
    where = Where(Source("f"), ObjectRef("SecretGrant", namespace, "g"))
    return GrantFact(
        where, namespace, "g", admits, (opens or GrantTo("orders", keys, (namespace,)),), expires
    )


def authority(
    *grants: GrantFact,
    answers: Mapping[Question, bool] | None = None,
    deputies: frozenset[tuple[str, str]] = frozenset(),
    labels: Mapping[str, Mapping[str, str]] | None = None,
    trusted: frozenset[str] = frozenset(),
) -> Authority:
    """Return what decides."""
    return Authority.of(grants, labels or {}, trusted, answers or {}, deputies, NOW)


FROM_POD = GrantFrom(namespace="shop", service_accounts=("web",))
FROM_ALL = GrantFrom(namespace="shop", service_accounts=("*",))
FROM_AGENT = GrantFrom(agent_namespace="dd")
BY_NAME = GrantFrom(selector=Selector({"kubernetes.io/metadata.name": "shop"}), service_accounts=("*",))
BY_TEAM = GrantFrom(selector=Selector({"team": "blue"}), service_accounts=("*",))
NOBODY = GrantFrom(selector=Selector(), service_accounts=("*",))

CROSS = """
apiVersion: enc-operator.io/v1alpha1
kind: AgentTarget
metadata: {name: dd, namespace: dd}
spec: {crossNamespace: true}
"""

GRANT = """
apiVersion: enc-operator.io/v1alpha1
kind: SecretGrant
metadata: {name: g, namespace: db}
spec:
  from: [{namespace: shop, serviceAccounts: [web]}]
  to: [{secretName: orders, keys: [password]}]
"""

ELSEWHERE = "ENC[k8s_secret@db/orders/password]"
