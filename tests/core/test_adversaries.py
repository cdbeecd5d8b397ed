"""What somebody who wants more than his own Secrets would try."""

import pytest
import yaml

from assessing import NODE_AGENT, assess_texts, codes, granted, pod
from enc_operator.core.assessment import Assessment
from granting import CROSS, ELSEWHERE, GRANT

ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: r, namespace: db}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: NAMES, verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: r, namespace: db}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: r}
subjects: [{kind: ServiceAccount, name: web, namespace: shop}]
"""


@pytest.mark.parametrize("names", ["[123]", "other", "{a: b}", "[orders, 5]"])
def test_names_that_are_no_list(names: str) -> None:
    """A rule whose list of names is none allows nothing, rather than everything."""
    assert granted(assess_texts(NODE_AGENT, CROSS, ROLE.replace("NAMES", names), pod(ELSEWHERE))) == {}


def test_labels_that_nobody_shows() -> None:
    """A selector by exclusion matches no namespace whose labels the input does not show."""
    unlike = GRANT.replace(
        "{namespace: shop, serviceAccounts: [web]}",
        '{namespaceSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [tenant]}]}, serviceAccounts: ["*"]}',
    )
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {tier: platform}}\n"
    trusted = frozenset({"tier"})

    assert granted(assess_texts(NODE_AGENT, CROSS, unlike, pod(ELSEWHERE), trusted_labels=trusted)) == {}
    shown = assess_texts(NODE_AGENT, CROSS, unlike, namespace, pod(ELSEWHERE), trusted_labels=trusted)
    assert granted(shown) == {"dd/node": ["db/orders"]}


def test_grant_that_stands_twice() -> None:
    """Of a grant that stands twice the last one counts."""
    expired = GRANT.replace("spec:", 'spec:\n  expires: "2020-01-01T00:00:00Z"')

    assert granted(assess_texts(NODE_AGENT, CROSS, GRANT, expired, pod(ELSEWHERE))) == {}


def test_account_of_a_labelled_agent() -> None:
    """RBAC is never asked for the ServiceAccount of a pod that is labelled as an Agent."""
    labelled = pod("x", name="agent").replace(
        "namespace: shop", "namespace: shop\n  labels: {agent.datadoghq.com/component: agent}"
    )

    assessment = assess_texts(NODE_AGENT, CROSS, ROLE.replace("NAMES", "[orders]"), labelled, pod(ELSEWHERE))

    assert granted(assessment) == {}


def agent_with(mount: str, handle: str) -> str:
    """Return a node Agent that mounts a Secret, with a handle of its own."""
    agent = yaml.safe_load(NODE_AGENT)
    spec = agent["spec"]["template"]["spec"]
    spec["volumes"] = [{"name": "s", "secret": {"secretName": "tok"}}]
    spec["containers"][0]["volumeMounts"] = [{"name": "s", **yaml.safe_load(mount)}]
    spec["containers"][0]["env"] = [{"name": "DD_API_KEY", "value": handle}]
    return yaml.safe_dump(agent)


def arguments(assessment: Assessment) -> str:
    """Return the arguments that the injected Agent gives the resolver."""
    manifest = assessment.injections[0].manifest
    assert manifest is not None
    env = manifest["spec"]["template"]["spec"]["containers"][0]["env"]
    return str(next((item["value"] for item in env if item["name"] == "DD_SECRET_BACKEND_ARGUMENTS"), ""))


@pytest.mark.parametrize(
    ("mount", "handle"),
    [
        pytest.param(
            "{mountPath: /etc/datadog-agent/token, subPath: token}",
            "ENC[file@/etc/datadog-agent/token]",
            id="a single file",
        ),
        pytest.param("{mountPath: /token, subPath: token}", "ENC[file@/token]", id="a file at the root"),
        pytest.param(
            "{mountPath: /etc/my secrets}", "ENC[file@/etc/my secrets/token]", id="a path with a blank"
        ),
    ],
)
def test_no_folder_is_opened_for_a_file(mount: str, handle: str) -> None:
    """What stands around a mounted file is never opened to the resolver, which does not know who refers."""
    assessment = assess_texts(agent_with(mount, handle), CROSS)

    assert codes(assessment) == ["file-refused"]
    assert "--allow-root" not in arguments(assessment)


def test_a_secrets_own_folder_is_opened() -> None:
    """A folder in which nothing but a Secret stands is opened for the Agent's own handle."""
    assessment = assess_texts(agent_with("{mountPath: /etc/keys}", "ENC[file@/etc/keys/token]"), CROSS)

    assert codes(assessment) == []
    assert arguments(assessment) == "read --with-provider-prefixes --allow-root /etc/keys"


@pytest.mark.parametrize(
    "handle", ["ENC[file@/etc/passwd]", "ENC[file@/var/run/secrets/kubernetes.io/serviceaccount/token]"]
)
def test_files_behind_a_command_of_the_users_own(handle: str) -> None:
    """No app team names files where a command of the user's own may be a wrapper around the built-in script."""
    agent = NODE_AGENT.replace(
        "agent:7}", "agent:7, env: [{name: DD_SECRET_BACKEND_COMMAND, value: /wrap.sh}]}"
    )

    assert "file-refused" in codes(assess_texts(agent, pod(handle)))


def test_limits_of_an_earlier_injection_are_not_the_users() -> None:
    """What an earlier plan limited is opened when the AgentTarget asks for it."""
    injected = assess_texts(NODE_AGENT, pod()).objects()[-1]

    again = assess_texts(yaml.safe_dump(injected), CROSS, GRANT, pod(ELSEWHERE))

    assert granted(again) == {"dd/node": ["db/orders"]}
    assert again.injections[0].changes == ("init container enc-resolver", "resolver in agent")
