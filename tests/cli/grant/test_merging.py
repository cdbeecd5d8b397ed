"""Grants are exactly what is asked for: new ones, and those of the input where extending them widens nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_manifests import pod
from assessing import NOW, inventory_of
from enc_operator.cli.grant.merging import Grant, plan_grants
from enc_operator.cli.grant.planning import Admitted, Asked, Opened, plan_asked
from enc_operator.cli.loading import assess_inventory
from enc_operator.core.access import Allowed, Authority, decide
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import GrantFact
from enc_operator.core.objects.consents import read_grant
from enc_operator.core.references.model import Referrer, ReferrerKind, SecretTarget
from enc_operator.core.syntax import Source
from granting import GRANT

ORDERS = "ENC[k8s_secret@db/orders/password]"
USER = "ENC[k8s_secret@db/orders/user]"
LATER = datetime(2027, 1, 1, tzinfo=UTC)
EXPIRING = GRANT + "  expires: 2027-01-01T00:00:00Z\n"
SELECTING = GRANT.replace("namespace: shop,", "namespaceSelector: {matchLabels: {a: b}},")
LABELLED = GRANT.replace(
    "{name: g, namespace: db}",
    "{name: g, namespace: db, labels: {team: blue}, annotations: {note: kept, "
    "kubectl.kubernetes.io/last-applied-configuration: gone}}",
)


def planned(*texts: str, expires: datetime | None = None) -> list[Grant]:
    """Return the grants for what is denied in YAML texts."""
    inventory = inventory_of(*texts)
    asked, _ = plan_asked(assess_inventory(inventory).judged)
    return list(plan_grants(asked, inventory.grants, expires))


def manifests(*texts: str, expires: datetime | None = None) -> list[Mapping[str, Any]]:
    """Return the manifests of these grants."""
    return [grant.manifest() for grant in planned(*texts, expires=expires)]


def web(handle: str = ORDERS, account: str = "web") -> str:
    """Return a pod of a ServiceAccount with a handle."""
    return pod(handle, name=f"{account}-{abs(hash(handle))}", serviceAccountName=account)


def test_manifest() -> None:
    """A grant names the Secret, the key and the ServiceAccount, and is named by who asks."""
    assert manifests(web()) == [
        {
            "apiVersion": "enc-operator.io/v1alpha1",
            "kind": "SecretGrant",
            "metadata": {"name": "shop-web", "namespace": "db"},
            "spec": {
                "from": [{"namespace": "shop", "serviceAccounts": ["web"]}],
                "to": [{"secretName": "orders", "keys": ["password"]}],
            },
        }
    ]


def test_expires() -> None:
    """The date stands in every grant."""
    [found] = manifests(web(), expires=LATER)

    assert found["spec"]["expires"] == "2027-01-01T00:00:00Z"


def test_same_wishes_share_a_grant() -> None:
    """Who asks for the same shares a grant, whose name says so and whose lists are in order."""
    [found] = manifests(web(account="b"), web(account="a"))

    assert found["metadata"]["name"].startswith("shop-a-and-1-more-")
    assert found["spec"]["from"] == [{"namespace": "shop", "serviceAccounts": ["a", "b"]}]


def test_other_wishes_do_not() -> None:
    """Who asks for something else has a grant of his own."""
    found = manifests(web(account="a"), web(USER, account="b"))

    assert [(item["metadata"]["name"], item["spec"]["to"][0]["keys"]) for item in found] == [
        ("shop-a", ["password"]),
        ("shop-b", ["user"]),
    ]


@pytest.mark.parametrize(
    ("existing", "text", "extended"),
    [
        pytest.param(GRANT, web(USER), True, id="the same referrer asks for more"),
        pytest.param(GRANT, web(account="other"), True, id="another asks for the same"),
        pytest.param(GRANT, web(USER, account="other"), False, id="another asks for something else"),
        pytest.param(EXPIRING, web(USER), False, id="the grant of the input ends, this one does not"),
        pytest.param(SELECTING, web(account="other"), False, id="a grant that selects by labels"),
        pytest.param(
            GRANT.replace("namespace: db}", "namespace: other}"),
            web(USER),
            False,
            id="a grant of another owner",
        ),
    ],
)
def test_extends(existing: str, text: str, *, extended: bool) -> None:
    """A grant of the input is extended only where nobody gets more than was asked for."""
    [grant] = planned(existing, text)

    assert (grant.extends is not None) is extended
    assert (grant.name == "g") is extended


def test_extended_once() -> None:
    """One grant is extended for one group: for two, each would get what the other asked for."""
    found = planned(GRANT, web(USER), web(account="other"))

    assert [grant.name for grant in found] == ["g", "shop-web"] or [grant.name for grant in found] == [
        "g",
        "shop-other",
    ]


def test_metadata_is_kept() -> None:
    """Labels and annotations of a grant that is extended stay, but for kubectl's own."""
    [found] = manifests(LABELLED, web(USER))

    assert found["metadata"]["labels"] == {"team": "blue"}
    assert found["metadata"]["annotations"] == {"note": "kept"}


def test_metadata_in_a_list() -> None:
    """Of a grant in a list whose text is a piece, only the name is kept."""
    text = "{apiVersion: v1, kind: List, items: [" + GRANT_FLOW + "]}"
    [found] = manifests(text, web(USER))

    assert found["metadata"] == {"name": "g", "namespace": "db"}


GRANT_FLOW = (
    "{apiVersion: enc-operator.io/v1alpha1, kind: SecretGrant, metadata: {name: g, namespace: db}, "
    "spec: {from: [{namespace: shop, serviceAccounts: [web]}], to: [{secretName: orders, keys: [password]}]}}"
)


def test_names_do_not_clash() -> None:
    """A grant of the input that has the name is left as it is."""
    taken = GRANT.replace("name: g,", "name: shop-b,").replace("[web]", "[one, two]")
    [found] = planned(taken, web(USER, account="b"))

    assert found.name.startswith("shop-b-")


def test_long_names_are_cut() -> None:
    """A name has room for its number, whatever the ServiceAccount is called."""
    [found] = planned(web(account="a" * 250))

    assert len(found.name) < 253


def test_long_lists_are_split() -> None:
    """No list is longer than the schema allows."""
    found = manifests(*(web(account=f"a{number:03}") for number in range(130)))

    assert [len(item["spec"]["from"][0]["serviceAccounts"]) for item in found] == [64, 64, 2]
    assert len({item["metadata"]["name"] for item in found}) == 3


def test_full_lists_are_not_extended() -> None:
    """A grant that would grow beyond the schema's limit is left as it is."""
    accounts = ", ".join(f"a{number}" for number in range(64))
    found = planned(GRANT.replace("[web]", f"[{accounts}]"), web(account="other"))

    assert [grant.name for grant in found] == ["shop-other"]


ADMITTED = st.one_of(
    st.builds(Admitted, st.sampled_from(["shop", "pay"]), st.sampled_from(["a", "b", "*"])),
    st.just(Admitted("dd", agent=True)),
)
OPENED = st.builds(Opened, st.sampled_from(["s", "t"]), st.sampled_from(["k", "l", "*"]))
WISHES = st.dictionaries(ADMITTED, st.sets(OPENED, min_size=1, max_size=4), max_size=6)
UNIVERSE = [
    (referrer, SecretTarget("db", secret, key))
    for referrer in (
        *(Referrer(ReferrerKind.POD, space, name) for space in ("shop", "pay") for name in ("a", "b", "c")),
        *(Referrer(ReferrerKind.SERVICE, space) for space in ("shop", "pay")),
        Referrer(ReferrerKind.AGENT, "dd"),
        Referrer(ReferrerKind.AGENT, "shop"),
    )
    for secret in ("s", "t", "u")
    for key in ("k", "l", "m")
]


def facts(grants: list[Grant]) -> list[GrantFact]:
    """Return grants as a reader of their manifests has them."""
    return [
        read_grant(
            grant.manifest(), Where(Source("f"), ObjectRef("SecretGrant", "db", grant.name)), "db", grant.name
        )
        for grant in grants
    ]


def allowed(grants: list[GrantFact]) -> set[tuple[Referrer, str]]:
    """Return who may use what, of all that there could be."""
    authority = Authority.of(grants, {}, frozenset(), {}, frozenset(), NOW)
    return {(who, str(what)) for who, what in UNIVERSE if isinstance(decide(who, what, authority), Allowed)}


def wished(wishes: dict[Admitted, set[Opened]]) -> set[tuple[Referrer, str]]:
    """Return what is asked for, one grant for each wish."""
    grants = [
        Grant("db", f"g{number}", (who,), (opened,), None, ())
        for number, (who, opened) in enumerate((who, one) for who, some in wishes.items() for one in some)
    ]
    return allowed(facts(grants))


def asked(wishes: dict[Admitted, set[Opened]]) -> Asked:
    """Return wishes as they are asked of the owner."""
    found = Asked("db")
    found.wanted.update(wishes)
    return found


@given(WISHES, WISHES)
def test_exactly_what_is_asked(
    before: dict[Admitted, set[Opened]], wishes: dict[Admitted, set[Opened]]
) -> None:
    """With the grants applied over those that there were, exactly what was allowed and what is asked for is allowed."""
    existing = facts(list(plan_grants([asked(before)], [], None)))
    found = facts(list(plan_grants([asked(wishes)], existing, None)))
    applied = {grant.name: grant for grant in (*existing, *found)}

    assert allowed(list(applied.values())) == wished(before) | wished(wishes)
