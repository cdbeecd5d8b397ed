"""All references of an inventory: none is missed, none depends on order, none holds a Secret's value."""

import base64
import json
from copy import copy
from dataclasses import fields
from functools import cache
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from agent_manifests import agent, check, confd, config_map, env, mode_none, pod, secret, service, target
from assessing import assess_texts, inventory_of
from enc_operator.core.findings import ObjectRef, Where
from enc_operator.core.inventory import Container, Inventory, PodFact
from enc_operator.core.references.gather import gather
from enc_operator.core.syntax import Source
from enc_operator.core.templates.strings import strings_in
from enc_resolver.handles import handle_in

PIECES = st.sampled_from(
    [
        "ENC[", "]", "E", "NC[", "k8s_secret@", "shop/a/key", "dd/", "/", ";", " ", "\n", "%%host%%", "%%kube_namespace%%",
        "%%env_X%%", "%%env_Y%%", "%%hostname%%", "‰", "%%", "file@/etc/a", "ENC[k8s_secret@shop/a/key]",
        "%%extra_x%%", "_", "é",
    ]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=6).map("".join)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
TEMPLATES = st.dictionaries(
    st.sampled_from(["redisdb", "mysql"]),
    st.fixed_dictionaries({"instances": st.lists(VALUES, max_size=3)}, optional={"init_config": VALUES})
    | VALUES,
    max_size=2,
)
KEYS = st.tuples(
    st.sampled_from(["ad.datadoghq.com/", "ad.stackstate.com/", "service-discovery.datadoghq.com/"]),
    st.sampled_from(["app", "gone", "x"]),
    st.sampled_from(
        [".checks", ".check_names", ".init_configs", ".instances", ".logs", ".check.id", ".other"]
    ),
).map("".join)
ANNOTATIONS = st.dictionaries(KEYS, (TEMPLATES | VALUES).map(json.dumps) | TEXTS, max_size=4)
AGENT_TEXTS = st.lists(
    st.sampled_from(
        [
            agent(env=env(X="ENC[k8s_secret@dd/v/k]", Y="y")),
            agent(namespace="b", envFrom=[{"secretRef": {"name": "gone"}}]),
            agent(name="custom", env=env(DD_SECRET_BACKEND_COMMAND="/x")),
            agent(name="typed", env=env(DD_SECRET_BACKEND_TYPE="k8s.secrets")),
            agent(name="skips", env=env(DD_SECRET_BACKEND_SKIP_CHECKS="true")),
            agent(name="sts", image="stackstate/stackstate-agent-2:2"),
            agent("cluster-agent"),
            agent("cluster-checks-runner"),
            mode_none("b"),
            *confd({"a.yaml": check("ENC[k8s_secret@%%kube_namespace%%/a/b]", ad_identifiers=["x"])}, name="files"),
        ]
    ),
    unique=True,
    max_size=5,
)  # fmt: skip


SURROUNDINGS = (
    *confd(
        {"r.yaml": check("ENC[k8s_secret@dd/a/b]", ad_identifiers=["x"])},
        name="matching",
        source="other-confd",
    ),
    config_map("other", {"a": "b"}),
    secret("keys", {"a": "ENC[b]"}),
    service("ENC[k8s_secret@shop/a/key]"),
    target(name="one"),
    target(name="two", crossNamespace=True),
)
read = cache(inventory_of)


def lists_of(inventory: Inventory) -> list[tuple[str, list[Any]]]:
    """Return the inventory's lists of facts by name."""
    named = ((field.name, getattr(inventory, field.name)) for field in fields(inventory))
    return [(name, members) for name, members in named if isinstance(members, list)]


def facts_of(*texts: str) -> Inventory:
    """Return the facts of some texts, each of which is read once for all examples."""
    whole = copy(read())
    for name, _ in lists_of(whole):
        members = [fact for text in texts for fact in getattr(read(text), name)]
        setattr(whole, name, members)
    return whole


def annotated(annotations: dict[str, str], name: str = "web") -> PodFact:
    """Return a pod with a container `app`."""
    where = Where(Source("f"), ObjectRef("Pod", "shop", name))
    return PodFact(where, "shop", "web", (Container("app", "x"),), annotations, name=name)


@settings(max_examples=150, deadline=None)
@given(ANNOTATIONS, AGENT_TEXTS)
def test_anything_in_annotations(annotations: dict[str, str], texts: list[str]) -> None:
    """Whatever stands in annotations, nothing is raised, and every live reference has an Agent."""
    inventory = facts_of(*texts)
    inventory.pods.append(annotated(annotations))

    _, found = gather(inventory)

    assert all(item.agent for item in found.references if item.live)
    assert all(item.target or item.problem for item in found.references if item.live)


def is_handle(text: str) -> bool:
    """Tell whether a text is a handle in the pod `shop/web`, as far as all its variables are known."""
    text = text.replace("%%kube_namespace%%", "shop").replace("%%hostname%%", "")
    return handle_in(text) is not None and "%%" not in text and "‰" not in text


@settings(max_examples=150, deadline=None)
@given(VALUES, AGENT_TEXTS)
def test_no_handle_is_missed(value: Any, texts: list[str]) -> None:
    """Each string that is a handle after substitution is a reference for each node Agent of its flavour, and no other.

    Variables whose values are not known, or that are only half written, are left to the tests of substitution.
    """
    inventory = facts_of(*texts)
    inventory.pods = [
        annotated({"ad.datadoghq.com/app.checks": json.dumps({"a": {"instances": [{"v": value}]}})})
    ]

    agents, found = gather(inventory)

    nodes: set[str | None] = {
        item.name for item in agents if (item.component, item.flavour) == ("agent", "datadog")
    }
    nodes = nodes or {None}
    handles = [(inner, text) for inner, text in strings_in(value) if is_handle(text)]
    for inner, text in handles:
        place = ("a", "instances", 0, "v", *inner)
        reached = [
            item.agent and item.agent.name
            for item in found.references
            if (item.where.inner, item.text) == (place, text) and item.referrer.kind == "pod"
        ]
        assert sorted(map(str, reached)) == sorted(map(str, nodes))


@settings(max_examples=60, deadline=None)
@given(ANNOTATIONS, AGENT_TEXTS, st.randoms(use_true_random=False))
def test_order_does_not_matter(annotations: dict[str, str], texts: list[str], order: Random) -> None:
    """Agents, references and findings are the same whatever order the facts came in."""
    inventory = facts_of(*texts, *SURROUNDINGS)
    inventory.pods += [annotated(annotations, name) for name in ("web", "db")]
    agents, found = gather(inventory)

    for _, members in lists_of(inventory):
        order.shuffle(members)
    other_agents, other_found = gather(inventory)

    assert agents == other_agents
    assert found.references == other_found.references
    assert sorted(map(repr, found.findings)) == sorted(map(repr, other_found.findings))


CANARY = "c4nary-v4lue"


def test_no_secret_value() -> None:
    """No reference, Agent or finding holds what stands in a Secret, in whatever way an Agent comes to it."""
    encoded = base64.b64encode(CANARY.encode()).decode()
    manifest = json.loads(secret("keys", {"plain": CANARY, "api": f"x ENC[{CANARY}]", "DD_SITE": CANARY}))
    manifest["data"] = {"encoded": encoded, "DD_TAGS": encoded}
    names = ("plain", "api", "encoded", "gone")
    variables = [
        {"name": f"DD_{name.upper()}", "valueFrom": {"secretKeyRef": {"name": "keys", "key": name}}}
        for name in names
    ]
    variables += env(DD_URL="ENC[k8s_secret@dd/$(DD_PLAIN)/key]", DD_HOSTNAME="$(DD_PLAIN)")
    volumes = [{"name": "keys", "secret": {"secretName": "keys"}}]
    mounts = [{"name": "keys", "mountPath": "/etc/datadog-agent"}, {"name": "keys", "mountPath": "/conf.d"}]
    texts = [
        json.dumps(manifest),
        agent(
            env=variables, envFrom=[{"secretRef": {"name": "keys"}}], volumes=volumes, volumeMounts=mounts
        ),
        pod("%%env_DD_PLAIN%%"),
        pod("ENC[k8s_secret@shop/%%env_DD_PLAIN%%/key]", name="other"),
        pod("ENC[k8s_secret@dd/keys/plain]", name="third"),
    ]  # fmt: skip

    agents, found = gather(inventory_of(*texts))
    shown = f"{agents} {found} {assess_texts(*texts)}"

    assert found.references
    assert CANARY not in shown
    assert encoded not in shown
