"""The operator's settings: what a file means, what is left out, and what each mistake is answered with."""

from pathlib import Path

import pytest

from enc_operator.core.ledger.caps import Caps
from enc_operator.errors import SettingsError
from enc_operator.process.settings import (
    AgentAccounts,
    CertificatesOf,
    LeaseName,
    Listen,
    Log,
    Metrics,
    Probe,
    Settings,
    Webhook,
    parse_settings,
    read_settings,
)

LEAST = "lease: {namespace: enc-operator, name: enc-operator}\n"
FULL = """
agents:
- namespace: datadog
  serviceAccounts: [datadog, datadog-cluster-agent]
- {namespace: monitoring, serviceAccounts: [dd]}
trustedNamespaceLabels: [example.com/team]
protectedNamespaces: [vault]
namespaces: [shop, database]
install: enc-operator.prod
lease: {namespace: enc-system, name: leader}
fence: false
graceSeconds: 0
caps: {referencesPerObject: 5, referencesPerNamespace: 50}
log: {format: text, level: debug}
listen: {address: 127.0.0.1, port: 9090}
metrics: {secretNames: true}
webhook:
  mode: enforce
  excludedNamespaces: [vault]
  listen: {address: "::", port: 9443}
  deadlineSeconds: 1.5
  concurrent: 4
  drainSeconds: 0
  probe: {name: trial, service: hook}
  certificates:
    {secret: tls, names: [hook.enc.svc, 127.0.0.1], configuration: hook, mutatingConfiguration: change,
     authoritySeconds: 64, leafSeconds: 32, settlingSeconds: 8}
"""
MISTAKES = {
    "an empty file": ("", "1:1: the settings: must be an object, not null; give it a value or remove it"),
    "a list": ("[]", "1:1: the settings: must be an object, not a list; write an object"),
    "no YAML": ("a: [", "1:5: not YAML: did not find expected node content; "),
    "a misspelt field": (
        LEAST + "graceSecond: 5\n", '2:1: graceSecond: unknown field "graceSecond"; did you mean "graceSeconds"?',
    ),
    "a misspelt field further in": (
        LEAST + "caps: {referencesPerPod: 1}\n",
        '2:8: caps.referencesPerPod: unknown field "referencesPerPod"; did you mean "referencesPerObject"?',
    ),
    "a field that stands twice": (LEAST + "fence: true\nfence: false\n", "3:1: fence stands twice; remove one of the two"),
    "no Lease": ("fence: true\n", '1:1: the settings: "lease" is missing; add lease: the Lease that'),
    "no Agent named": (
        LEAST + "agents: [{namespace: dd, serviceAccounts: []}]\n",
        "2:43: agents[0].serviceAccounts: must have at least one item; ",
    ),
    "all ServiceAccounts": (
        LEAST + "agents: [{namespace: dd, serviceAccounts: ['*']}]\n",
        '2:45: agents[0].serviceAccounts[0]: "*" is not a DNS subdomain; ',
    ),
    "a namespace twice": (
        LEAST + "agents:\n- {namespace: dd, serviceAccounts: [a]}\n- {namespace: dd, serviceAccounts: [b]}\n",
        '4:3: agents[1]: "dd" is listed twice; remove one of the two',
    ),
    "Agents beside the operator": (
        LEAST + "agents: [{namespace: enc-operator, serviceAccounts: [a]}]\n",
        "2:22: agents[0].namespace: enc-operator is the operator's own namespace, whose ServiceAccounts are all fenced in; ",
    ),
    "a negative time": (LEAST + "graceSeconds: -1\n", "2:15: graceSeconds: -1 is out of range; use a number from 0 to 86400"),
    "a port that is text": (LEAST + "listen: {port: '80'}\n", "2:17: listen.port: must be an integer, not a string; "),
    "a level of no log": (LEAST + "log: {level: loud}\n", '2:14: log.level: "loud" is not one of debug, info, warning, error'),
    "certificates from nowhere": (
        LEAST + "webhook: {certificates: {}}\n",
        "2:25: webhook.certificates: own ones need `secret`, those of somebody else `folder`; write one of the two",
    ),
    "certificates from two places": (
        LEAST + "webhook:\n  certificates: {secret: a, folder: b}\n",
        "3:17: webhook.certificates: own ones need `secret`, those of somebody else `folder`; write one of the two",
    ),
    "a certificate that is renewed later than it ends": (
        LEAST + "webhook:\n  certificates: {secret: a, leafSeconds: 7200}\n",
        "3:17: webhook.certificates: leafSeconds is less than 4 times settlingSeconds; use 14400 or more, or a smaller settlingSeconds",
    ),
    "a CA that ends with its certificate": (
        LEAST + "webhook:\n  certificates: {secret: a, authoritySeconds: 7776000}\n",
        "3:17: webhook.certificates: authoritySeconds is less than 2 times leafSeconds; use 15552000 or more, or a smaller leafSeconds",
    ),
    "lives that are no numbers": (
        LEAST + "webhook: {certificates: {secret: a, leafSeconds: 90d}}\n",
        "2:50: webhook.certificates.leafSeconds: must be an integer, not a string; ",
    ),
    "no certificates": (LEAST + "webhook: {mode: audit}\n", '2:10: webhook: "certificates" is missing; add'),
    "a label that is too long": (LEAST + f"install: {'a' * 64}\n", "2:10: install: is 64 characters long; use 63 at most"),
}  # fmt: skip


def test_a_full_file_says_everything() -> None:
    """Each field of the file stands in the settings, names as Python has them."""
    assert parse_settings(FULL) == Settings(
        lease=LeaseName("enc-system", "leader"),
        agents=(
            AgentAccounts("datadog", ("datadog", "datadog-cluster-agent")),
            AgentAccounts("monitoring", ("dd",)),
        ),
        trusted_namespace_labels=frozenset({"example.com/team"}),
        protected_namespaces=frozenset({"vault"}),
        namespaces=frozenset({"shop", "database"}),
        install="enc-operator.prod",
        fence=False,
        grace_seconds=0,
        caps=Caps(5, 50),
        log=Log("text", "debug"),
        listen=Listen("127.0.0.1", 9090),
        metrics=Metrics(secret_names=True),
        webhook=Webhook(
            "enforce",
            frozenset({"vault"}),
            Listen("::", 9443),
            1.5,
            4,
            0,
            CertificatesOf("tls", "", ("hook.enc.svc", "127.0.0.1"), "hook", "change", 64, 32, 8),
            Probe("trial", "hook"),
        ),
    )


def test_the_least_file_needs_a_lease_alone() -> None:
    """Whatever is left out has a default: no Agent, all namespaces, the fence up."""
    settings = parse_settings(LEAST)

    assert settings == Settings(LeaseName("enc-operator", "enc-operator"))
    assert (settings.agents, settings.namespaces, settings.fence) == ((), frozenset(), True)
    assert (settings.install, settings.grace_seconds, settings.listen.port) == ("enc-operator", 60, 8080)


def test_a_webhook_that_is_named_alone_has_defaults() -> None:
    """It listens beside health, lets everything through, and answers before the API server gives up."""
    webhook = parse_settings(
        LEAST + "webhook: {listen: {address: '::1'}, certificates: {folder: /tls}}"
    ).webhook

    assert webhook == Webhook(listen=Listen("::1", 8443), certificates=CertificatesOf(folder="/tls"))
    assert (webhook.mode, webhook.deadline_seconds, webhook.drain_seconds) == ("audit", 2.0, 5.0)


def test_some_namespaces_are_always_protected() -> None:
    """Kubernetes' own namespaces and the operator's are protected whatever the settings add."""
    assert parse_settings(FULL).protected_namespaces == {
        "kube-system", "kube-public", "kube-node-lease", "enc-system", "vault",
    }  # fmt: skip


def test_accounts_are_pairs() -> None:
    """Who is an Agent is a set of (namespace, ServiceAccount)."""
    assert parse_settings(FULL).accounts == {
        ("datadog", "datadog"), ("datadog", "datadog-cluster-agent"), ("monitoring", "dd"),
    }  # fmt: skip


@pytest.mark.parametrize(("text", "said"), MISTAKES.values(), ids=MISTAKES.keys())
def test_mistakes_are_placed_and_have_a_fix(text: str, said: str) -> None:
    """A mistake is answered with file, line, column, the field, what is wrong and what to do."""
    with pytest.raises(SettingsError) as raised:
        parse_settings(text, "s.yaml")

    assert str(raised.value).startswith(f"s.yaml:{said}")


def test_all_mistakes_are_said_at_once() -> None:
    """Nobody has to start the operator once for each mistake."""
    with pytest.raises(SettingsError) as raised:
        parse_settings(LEAST + "fenced: true\nlog: {format: xml}\ngraceSeconds: soon\n")

    assert len(str(raised.value).splitlines()) == 3


def test_a_file_is_read(tmp_path: Path) -> None:
    """The settings of a file are those of its text."""
    file = tmp_path / "settings.yaml"
    file.write_text(FULL)

    assert read_settings(file) == parse_settings(FULL)


@pytest.mark.parametrize(
    ("content", "reason"), [(None, "No such file or directory"), (b"\xff", "it is not UTF-8")],
    ids=["a file that is not there", "a file of bytes"],
)  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path: Path, content: bytes | None, reason: str) -> None:
    """The error names the file and the reason."""
    file = tmp_path / "settings.yaml"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(SettingsError) as raised:
        read_settings(file)

    assert str(raised.value) == f"{file}: cannot be read: {reason}"
