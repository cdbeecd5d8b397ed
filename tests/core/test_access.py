"""Access: every rule, in order, and what can never widen it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from enc_operator.core.access import Allowed, Authority, Denied, decide, matches_namespace, question_of
from enc_operator.core.inventory import GrantFact, GrantFrom, GrantTo, Question, SecretVolume, Selector
from enc_operator.core.references.model import Referrer, ReferrerKind, SecretTarget
from granting import (
    AGENT,
    BY_NAME,
    BY_TEAM,
    FROM_AGENT,
    FROM_ALL,
    FROM_POD,
    NOBODY,
    NOW,
    POD,
    QUESTION,
    SERVICE,
    TARGET,
    authority,
    grant,
)


@pytest.mark.parametrize(
    ("referrer", "grants", "why"),
    [
        pytest.param(
            replace(POD, namespace="db"), [], "same namespace", id="a pod uses what its namespace holds"
        ),
        pytest.param(POD, [grant(FROM_POD)], "SecretGrant db/g", id="a grant names the pod's ServiceAccount"),
        pytest.param(
            POD,
            [grant(FROM_ALL)],
            "SecretGrant db/g",
            id="a grant admits every ServiceAccount of a namespace",
        ),
        pytest.param(
            POD, [grant(BY_NAME)], "SecretGrant db/g", id="a grant selects the namespace by its name's label"
        ),
        pytest.param(POD, [grant(FROM_POD, keys=("*",))], "SecretGrant db/g", id="a grant opens all keys"),
        pytest.param(
            SERVICE,
            [grant(FROM_ALL)],
            "SecretGrant db/g",
            id="a Service is admitted with its whole namespace",
        ),
        pytest.param(
            AGENT, [grant(FROM_AGENT)], "SecretGrant db/g", id="a grant admits the Agents' configuration"
        ),
        pytest.param(
            AGENT,
            [grant(FROM_AGENT, namespace="", opens=GrantTo("orders", ("*",), ("*",)))],
            "ClusterSecretGrant g",
            id="the cluster's owner opens a name in every namespace",
        ),
        pytest.param(
            AGENT,
            [
                grant(
                    FROM_AGENT,
                    namespace="",
                    opens=GrantTo("orders", ("*",), (), Selector({"kubernetes.io/metadata.name": "db"})),
                )
            ],
            "ClusterSecretGrant g",
            id="the cluster's owner opens a name in selected namespaces",
        ),
        pytest.param(
            POD,
            [grant(FROM_POD, expires=NOW + timedelta(seconds=1))],
            "SecretGrant db/g",
            id="a grant holds until it expires",
        ),
        pytest.param(
            Referrer(ReferrerKind.OUTSIDE),
            [],
            "outside Kubernetes",
            id="an Agent outside Kubernetes needs nobody's leave",
        ),
    ],
)
def test_allows(referrer: Referrer, grants: list[GrantFact], why: str) -> None:
    """What one of the rules admits is allowed, and the reason names the rule."""
    assert decide(referrer, TARGET, authority(*grants)) == Allowed(why)


@pytest.mark.parametrize(
    ("referrer", "grants"),
    [
        pytest.param(POD, [], id="nothing is said about it"),
        pytest.param(POD, [grant(FROM_AGENT)], id="the grant admits Agents, not pods"),
        pytest.param(AGENT, [grant(FROM_ALL)], id="the grant admits pods, not Agents"),
        pytest.param(AGENT, [grant(GrantFrom(agent_namespace="other"))], id="the grant admits other Agents"),
        pytest.param(POD, [grant(FROM_POD, keys=("user",))], id="the grant opens another key"),
        pytest.param(POD, [grant(FROM_POD, namespace="other")], id="the grant is of another namespace"),
        pytest.param(
            POD, [grant(replace(FROM_POD, namespace="other"))], id="the grant admits another namespace"
        ),
        pytest.param(
            POD, [grant(replace(FROM_POD, service_accounts=("job",)))], id="the grant admits another account"
        ),
        pytest.param(SERVICE, [grant(FROM_POD)], id="a Service has no ServiceAccount to match"),
        pytest.param(POD, [grant(FROM_POD, expires=NOW)], id="the grant has expired"),
        pytest.param(POD, [grant(BY_TEAM)], id="the grant selects by a label that tenants can change"),
        pytest.param(POD, [grant(NOBODY)], id="the grant selects by nothing at all"),
    ],
)
def test_denies(referrer: Referrer, grants: list[GrantFact]) -> None:
    """What no rule admits is denied."""
    decision = decide(referrer, TARGET, authority(*grants, labels={"shop": {"team": "blue"}}))

    assert isinstance(decision, Denied)
    assert decision.code == "access-denied"


def test_trusted_label_selects() -> None:
    """A selector on a label that the install trusts counts."""
    rights = authority(grant(BY_TEAM), labels={"shop": {"team": "blue"}}, trusted=frozenset({"team"}))

    assert decide(POD, TARGET, rights) == Allowed("SecretGrant db/g")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param(("team", "In", ("blue", "red")), True, id="in"),
        pytest.param(("team", "In", ("red",)), False, id="not one of"),
        pytest.param(("team", "NotIn", ("red",)), True, id="not in"),
        pytest.param(("team", "Exists", ()), True, id="exists"),
        pytest.param(("team", "DoesNotExist", ()), False, id="does not exist"),
        pytest.param(("team", "Unheard", ()), False, id="an unknown operator matches nothing"),
    ],
)
def test_selector_expressions(expression: tuple[str, str, tuple[str, ...]], *, expected: bool) -> None:
    """Expressions of a selector mean what they mean in Kubernetes."""
    rights = authority(labels={"shop": {"team": "blue"}}, trusted=frozenset({"team"}))

    assert matches_namespace(Selector({}, (expression,)), "shop", rights) is expected


def test_rbac_of_the_pod_allows() -> None:
    """A pod whose own ServiceAccount may get the Secret may refer to it."""
    decision = decide(POD, TARGET, authority(answers={QUESTION: True}))

    assert decision == Allowed("RBAC lets the pod's own ServiceAccount shop/web get it")


@pytest.mark.parametrize(
    ("referrer", "target", "deputies", "expected"),
    [
        pytest.param(POD, TARGET, frozenset(), QUESTION, id="a pod's ServiceAccount is asked about"),
        pytest.param(
            POD,
            TARGET,
            frozenset({("shop", "web")}),
            None,
            id="never a deputy: our own Roles would answer yes",
        ),
        pytest.param(SERVICE, TARGET, frozenset(), None, id="a Service has nobody to ask about"),
        pytest.param(AGENT, TARGET, frozenset(), None, id="an Agent's configuration has nobody to ask about"),
        pytest.param(
            replace(POD, service_account=""),
            TARGET,
            frozenset(),
            None,
            id="an unknown ServiceAccount is not asked",
        ),
        pytest.param(POD, replace(TARGET, name=None), frozenset(), None, id="an unknown name is not asked"),
        pytest.param(
            replace(POD, namespace="db"), TARGET, frozenset(), None, id="what is allowed already is not asked"
        ),
    ],
)
def test_questions(
    referrer: Referrer, target: SecretTarget, deputies: frozenset[tuple[str, str]], expected: Question | None
) -> None:
    """RBAC is asked only where its answer can decide."""
    assert question_of(referrer, target, authority(deputies=deputies)) == expected


@pytest.mark.parametrize(
    ("referrer", "fix"),
    [
        pytest.param(
            POD,
            "in namespace db, apply a SecretGrant with spec: {from: [{namespace: shop, serviceAccounts: [web]}], "
            'to: [{secretName: orders, keys: ["password"]}]}; or let ServiceAccount shop/web `get` secrets with '
            'resourceNames ["orders"] by a Role there',
            id="for a pod the grant, or the Role",
        ),
        pytest.param(
            SERVICE,
            'in namespace db, apply a SecretGrant with spec: {from: [{namespace: shop, serviceAccounts: ["*"]}], '
            'to: [{secretName: orders, keys: ["password"]}]}',
            id="for a Service the grant to its namespace",
        ),
        pytest.param(
            AGENT,
            "in namespace db, apply a SecretGrant with spec: {from: [{agent: {namespace: dd}}], "
            'to: [{secretName: orders, keys: ["password"]}]}',
            id="for Agents the grant to their namespace",
        ),
    ],
)
def test_denial_names_the_fix(referrer: Referrer, fix: str) -> None:
    """A denial names exactly the grant (or Role) that would allow it."""
    decision = decide(referrer, TARGET, authority())

    assert isinstance(decision, Denied)
    assert decision.fix == fix
    assert decision.message == f"{referrer} may not use Secret db/orders"


def test_unknown_key_needs_all_keys() -> None:
    """A key that is only known when the pod runs is open only to a grant of all keys."""
    target = replace(TARGET, key=None)

    assert isinstance(decide(POD, target, authority(grant(FROM_POD))), Denied)
    assert isinstance(decide(POD, target, authority(grant(FROM_POD, keys=("*",)))), Allowed)


def test_unknown_name_stays_at_home() -> None:
    """A Secret whose name is only known when the pod runs is allowed in the pod's own namespace, else denied."""
    target = replace(TARGET, name=None)

    denied = decide(POD, target, authority(grant(FROM_ALL, keys=("*",))))

    assert isinstance(denied, Denied)
    assert denied.code == "handle-undetermined"
    assert decide(replace(POD, namespace="db"), target, authority()) == Allowed("same namespace")


def test_unknown_key_in_the_fix() -> None:
    """The grant that would allow an unknown key names all keys."""
    decision = decide(POD, replace(TARGET, key=None), authority())

    assert isinstance(decision, Denied)
    assert 'keys: ["*"]' in decision.fix


VOLUME = SecretVolume("tls", "orders", ("password",), (FROM_ALL,))


@pytest.mark.parametrize(
    ("referrer", "volume", "allowed"),
    [
        pytest.param(replace(POD, namespace="db"), VOLUME, False, id="a volume that is not opened to a pod"),
        pytest.param(AGENT, VOLUME, True, id="the Agents' own configuration asks nobody for its volumes"),
        pytest.param(
            replace(POD, namespace="db"),
            replace(VOLUME, allowed_from=(GrantFrom(namespace="db", service_accounts=("*",)),)),
            True,
            id="a volume that is opened to a pod of the namespace",
        ),
        pytest.param(POD, VOLUME, False, id="an opened volume still needs the Secret's owner"),
    ],
)
def test_volumes(referrer: Referrer, volume: SecretVolume, *, allowed: bool) -> None:
    """App teams use a secret volume only if it is opened to them, and the Secret's owner agrees."""
    target = replace(TARGET, file="/etc/enc/secrets/tls/password", volume=volume)
    rights = authority(grant(FROM_AGENT))

    assert isinstance(decide(referrer, target, rights), Allowed) is allowed


@pytest.mark.parametrize(
    ("target", "rights", "as_pod"),
    [
        pytest.param(replace(TARGET, namespace="shop"), authority(), True, id="in its own namespace"),
        pytest.param(TARGET, authority(answers={QUESTION: True}), True, id="by its ServiceAccount's rights"),
        pytest.param(TARGET, authority(grant(FROM_POD)), False, id="by a grant"),
    ],
)
def test_rights_that_only_a_pod_has(target: SecretTarget, rights: Authority, as_pod: bool) -> None:  # noqa: FBT001
    """What a pod could read anyway is no right of somebody who cannot make pods; a grant is for whoever refers."""
    decision = decide(POD, target, rights)

    assert isinstance(decision, Allowed)
    assert decision.as_pod is as_pod
