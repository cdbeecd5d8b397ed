"""For any RBAC: once what is too much is gone and the plan is applied, each Agent reads what it needs, and nothing else."""

import json
from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from agent_manifests import service
from assessing import CLUSTER_AGENT, NODE_AGENT, assess_texts, inventory_of, pod
from auditing import audited
from chart_shapes import binding, manifest, rule
from enc_operator.core.audit.model import Audit
from enc_operator.core.rbac.evaluation import Evaluator

REFERENCES = [
    NODE_AGENT,
    CLUSTER_AGENT,
    pod(),
    service("ENC[k8s_secret@shop/front/k]"),
    pod("ENC[k8s_secret@db/x/k]", name="far"),
]
NEEDED = {("node", "shop", "db"), ("cluster", "shop", "front")}

RULES = st.builds(
    rule,
    st.sampled_from(["get", "list", "patch", "*"]),
    resources=st.sampled_from([("secrets",), ("secrets", "pods"), ("*",), ("pods",)]),
    names=st.sampled_from([(), ("db",), ("front",), ("db", "front"), ("x",)]),
)
SCOPES = st.sampled_from(["", "shop", "db"])
ACCOUNTS = st.lists(st.sampled_from(["node", "cluster", "ci"]), min_size=1, max_size=3, unique=True)
ROLES = st.lists(st.tuples(SCOPES, st.lists(RULES, max_size=3), SCOPES, ACCOUNTS), max_size=4)

Role = tuple[str, list[Any], str, list[str]]


def rbac(roles: Sequence[Role], dropped: set[tuple[str, int]]) -> list[str]:
    """Return roles and their bindings, without the rules that are dropped (by the role's name and the rule's index)."""
    texts = []
    for number, (home, rules, scope, accounts) in enumerate(roles):
        name = f"r{number}"
        kept = [item for index, item in enumerate(rules) if (name, index) not in dropped]
        kind = "Role" if home else "ClusterRole"
        subjects = [{"kind": "ServiceAccount", "name": account, "namespace": "dd"} for account in accounts]
        texts += [
            manifest(kind, home, name, {}, rules=kept),
            binding(home or scope, name, kind, name, subjects),
        ]
    return texts


def gets(texts: Sequence[str]) -> set[tuple[str, str, str]]:
    """Return which Agent may get which of all the Secrets there are."""
    inventory = inventory_of(*texts)
    evaluator = Evaluator(inventory.roles, inventory.bindings)
    return {
        (account, namespace, name)
        for account in ("node", "cluster")
        for namespace in ("shop", "db")
        for name in ("db", "front", "x", "other")
        if evaluator.may("get", ("dd", account), namespace, name)
    }


def too_much(found: Audit) -> set[tuple[str, int]]:
    """Return the rules that are too much."""
    return {(held.given.role.name, held.given.rule.index) for held in found.surplus}


@given(ROLES)
def test_after_the_changes(roles: list[Role]) -> None:
    """Nothing is left that is too much, nothing is missing, and exactly what is needed can be read."""
    before = [*REFERENCES, *rbac(roles, set())]
    planned = [json.dumps(item) for item in assess_texts(*before).objects() if "Role" in item["kind"]]

    after = [*REFERENCES, *rbac(roles, too_much(audited(*before))), *planned]
    again = audited(*after)
    assert (again.surplus, again.missing) == ((), ())
    assert gets(after) == NEEDED


@given(ROLES)
def test_nothing_escapes(roles: list[Role]) -> None:
    """Whatever can be read and is not needed is in some permission that is too much."""
    texts = [*REFERENCES, *rbac(roles, set())]
    found = audited(*texts)

    for account, namespace, name in gets(texts) - NEEDED:
        assert any(held.account.name == account and held.reaches(namespace, name) for held in found.surplus)


TITLES = {
    "ENC[k8s_secret@shop/db/password]": ("node", "shop", "db"),
    "ENC[k8s_secret@shop/front/k]": ("cluster", "shop", "front"),
    "ENC[k8s_secret@db/x/k]": ("node", "db", "x"),
}


@given(ROLES)
def test_what_breaks(roles: list[Role]) -> None:
    """What is said to break can be read before; what cannot be read after the plan and could before is said to break."""
    before = [*REFERENCES, *rbac(roles, set())]
    found = audited(*before)
    told = {TITLES[item.reference.title] for held in found.surplus for item in held.breaks}

    assert told <= gets(before)
    assert gets(before) & {("node", "db", "x")} <= told
