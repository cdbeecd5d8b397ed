"""Access: what holds for all grants, referrers and Secrets."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.access import Allowed, Denied, decide
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import GrantFact, GrantFrom, GrantTo, Selector
from enc_operator.core.references.model import Referrer, ReferrerKind, SecretTarget
from enc_operator.core.syntax import Source
from granting import FROM_ALL, NOW, POD, authority, grant

NAMES = st.sampled_from(["a", "b", "c"])
KEYS = st.lists(st.sampled_from(["k", "l", "*"]), min_size=1, max_size=2).map(tuple)
ACCOUNTS = st.lists(st.sampled_from(["x", "y", "*"]), min_size=1, max_size=2).map(tuple)
LABELS = st.dictionaries(st.sampled_from(["team", "kubernetes.io/metadata.name"]), NAMES, max_size=2)
FROMS = st.one_of(
    st.builds(GrantFrom, namespace=NAMES, service_accounts=ACCOUNTS),
    st.builds(GrantFrom, selector=st.builds(Selector, LABELS), service_accounts=ACCOUNTS),
    st.builds(GrantFrom, agent_namespace=NAMES),
)


@st.composite
def grants(draw: st.DrawFn) -> GrantFact:
    """Draw a SecretGrant or a ClusterSecretGrant."""
    namespace = draw(st.sampled_from(["", "a", "b", "c"]))
    spaces = (
        (namespace,) if namespace else draw(st.lists(st.sampled_from(["a", "b", "*"]), min_size=1).map(tuple))
    )
    opened = GrantTo(draw(NAMES), draw(KEYS), spaces)
    admits = tuple(draw(st.lists(FROMS, min_size=1, max_size=2)))
    expires = draw(st.sampled_from([None, NOW - timedelta(1), NOW + timedelta(1)]))
    where = Where(Source("f"), ObjectRef("SecretGrant", namespace, "g"))
    return GrantFact(where, namespace, draw(NAMES), admits, (opened,), expires)


REFERRERS = st.builds(
    Referrer,
    st.sampled_from([ReferrerKind.POD, ReferrerKind.SERVICE, ReferrerKind.AGENT]),
    NAMES,
    st.sampled_from(["x", "y", ""]),
)
TARGETS = st.builds(SecretTarget, NAMES, st.sampled_from(["a", "b", None]), st.sampled_from(["k", "l", None]))


@given(st.lists(grants(), max_size=4), grants(), REFERRERS, TARGETS)
def test_a_grant_only_ever_adds(
    given_grants: list[GrantFact], more: GrantFact, referrer: Referrer, target: SecretTarget
) -> None:
    """Adding a grant never denies what was allowed; removing one never allows what was denied."""
    trusted = frozenset({"team"})
    before = decide(referrer, target, authority(*given_grants, trusted=trusted))
    after = decide(referrer, target, authority(*given_grants, more, trusted=trusted))

    assert isinstance(after, Allowed) or isinstance(before, Denied)


@given(st.permutations(["a", "b", "c"]), REFERRERS, TARGETS)
def test_order_of_grants_does_not_matter(order: list[str], referrer: Referrer, target: SecretTarget) -> None:
    """The decision, its reason included, is the same whatever order the grants came in."""
    listed = {name: replace(grant(FROM_ALL, keys=("*",)), name=name) for name in order}
    shuffled = authority(*(listed[name] for name in order))
    ordered = authority(*(listed[name] for name in sorted(order)))

    assert decide(referrer, target, shuffled) == decide(referrer, target, ordered)


@given(st.lists(grants(), max_size=3), TARGETS)
def test_existence_is_never_told(given_grants: list[GrantFact], target: SecretTarget) -> None:
    """A denial says the same of every Secret but its name: nothing in it tells whether the Secret exists."""
    decision = decide(POD, target, authority(*given_grants))

    assert isinstance(decision, Allowed) or "exist" not in decision.message + decision.fix
