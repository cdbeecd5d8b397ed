"""Ways around the webhook that somebody would try, on a real API server: each is refused, and its honest twin is not.

What shows without a cluster is tested with the core; here it is that the API server asks, with what it sends, and what is told.
"""

import json
from collections.abc import Callable

import pytest

from e2e.scenarios import admission_acts as acts
from e2e.scenarios import admission_ways as ways
from e2e.scenarios.admission_acts import Act
from e2e.scenarios.admission_ways import Way, checks
from e2e.scenarios.webhooked_world import Said, Webhooked

_SERVICE, _ENDPOINTS = "ad.datadoghq.com/service.checks", "ad.datadoghq.com/endpoints.checks"
WAYS: dict[str, tuple[str, Way]] = {
    "a pod is created": ("pods", ways.creation),
    "a pod is created without a name": ("pods", ways.creation_without_name),
    "a pod is created by server-side apply": ("pods", ways.creation_by_apply),
    "kubectl apply": ("pods", ways.kubectl_apply()),
    "kubectl apply, server-side": ("pods", ways.kubectl_apply("--server-side")),
    "kubectl annotate": ("pods", ways.kubectl_annotate),
    "a pod is replaced": ("pods", ways.replacement()),
    "server-side apply of an annotation": ("pods", ways.apply),
    "a JSON patch": ("pods", ways.patch(ways.JSON_PATCH)),
    "a merge patch": ("pods", ways.patch(ways.MERGE)),
    "a strategic merge patch": ("pods", ways.patch(ways.STRATEGIC)),
    "a pod's status is replaced": ("pods", ways.replacement("/status")),
    "a pod's status is patched": ("pods", ways.patch(ways.MERGE, "/status")),
    "a pod is bound": ("pods", ways.binding),
    "a pod is bound with very much text": ("pods", ways.large_binding),
    "a Binding is created": ("pods", ways.binding_of_a_namespace),
    "a template for a container that comes later": ("pods", ways.for_a_later_container),
    "a template that another one hides": ("pods", ways.for_a_container_that_hides_it),
    "a pod that is being deleted is annotated": ("pods", ways.ending_pod),
    "a DaemonSet is created": ("workloads", ways.template("DaemonSet")),
    "a Deployment is created": ("workloads", ways.template("Deployment")),
    "a Job is created": ("workloads", ways.template("Job")),
    "a ReplicaSet is created": ("workloads", ways.template("ReplicaSet")),
    "a ReplicationController is created": ("workloads", ways.template("ReplicationController")),
    "a StatefulSet is created": ("workloads", ways.template("StatefulSet")),
    "a CronJob is created": ("cronjobs", ways.template("CronJob")),
    "a PodTemplate is created": ("podtemplates", ways.template("PodTemplate")),
    "a Deployment's template is patched": ("workloads", ways.template_patch("Deployment")),
    "a CronJob's template is patched": ("cronjobs", ways.template_patch("CronJob")),
    "a PodTemplate is patched": ("podtemplates", ways.template_patch("PodTemplate")),
    "a Service is created": ("services", ways.service_creation(_SERVICE)),
    "a Service is created that speaks of its endpoints": ("services", ways.service_creation(_ENDPOINTS)),
    "a Service is patched": ("services", ways.service_patch(_SERVICE)),
    "a Service's status is patched": ("services", ways.service_patch(_SERVICE, "/status")),
}


def refused(said: Said, webhook: str, code: str, named: str) -> None:
    """Check that a webhook has refused, and what it says of it: the code, what it is about, and what would allow it."""
    assert not said.accepted
    assert f'admission webhook "{webhook}.enc-operator.io" denied the request' in said.message
    assert f"error[{code}]" in said.message
    assert named in said.message
    assert "    fix: " in said.message


@pytest.mark.parametrize("way", WAYS)
def test_no_way_leads_to_another_teams_secret(way: str, hooked: Webhooked) -> None:
    """Whoever may do everything in one namespace refers to a Secret of his own there, and to none of another namespace."""
    webhook, send = WAYS[way]
    foreign, own = (f"ENC[{hooked.tenants.handle(where, 'db')}]" for where in ("bank", "shop"))

    refused(send(hooked, "developer", checks(foreign)), webhook, "access-denied", foreign)
    honest = send(hooked, "developer", checks(own))
    assert honest.accepted, honest.message


def _spelt(handle: str, old: str, new: str) -> str:
    return checks(handle).replace(old, new)


TEXTS: dict[str, tuple[Callable[[str], str], str]] = {
    "an escape in JSON": (lambda handle: _spelt(handle, "ENC[", r"\u0045NC["), "access-denied"),
    "all letters escaped": (lambda handle: _spelt(handle, "ENC[", r"\u0045\u004e\u0043\u005b"), "access-denied"),
    "an escaped slash": (lambda handle: _spelt(handle, "/", r"\/"), "access-denied"),
    "an escaped namespace": (lambda handle: _spelt(handle, "k8s", r"\u006b8s"), "access-denied"),
    "split by an empty variable": (lambda handle: _spelt(handle, "ENC[", "EN%%hostname%%C["), "access-denied"),
    "split in the Agent's own mark": (lambda handle: _spelt(handle, "ENC[", "EN‰hostname‰C["), "access-denied"),
    "the mark escaped": (lambda handle: _spelt(handle, "ENC[", r"EN\u2030hostname\u2030C["), "access-denied"),
    "an empty variable behind it": (lambda handle: checks(f"{handle}%%hostname%%"), "access-denied"),
    "blanks around it": (lambda handle: checks(f" \t{handle}\t "), "access-denied"),
    "blanks around the text": (lambda handle: f"\n\t {checks(handle)} \n", "access-denied"),
    "a huge number beside it": (lambda handle: checks(handle, port=10**400), "access-denied"),
    "a number too long for Python": (
        lambda handle: checks(handle, port=0).replace(": 0}", f": 1{'0' * 5000}}}"), "access-denied"),
    "a duplicate key behind it": (lambda handle: checks(handle, x=0).replace('"x": 0', '"password": "none"'), "access-denied"),
    "as a tag of the instance": (lambda handle: checks("none", tags=[handle]), "access-denied"),
    "under init_config": (
        lambda handle: json.dumps({"redisdb": {"init_config": {"a": handle}, "instances": [{}]}}), "access-denied"),
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_no_spelling_leads_to_another_teams_secret(text: str, hooked: Webhooked) -> None:
    """However the reference is written, it is refused for another namespace, and accepted for the own one."""
    write, code = TEXTS[text]
    foreign, own = (f"ENC[{hooked.tenants.handle(where, 'db')}]" for where in ("bank", "shop"))

    refused(ways.creation(hooked, "developer", write(foreign)), "pods", code, "ENC[")
    honest = ways.creation(hooked, "developer", write(own))
    assert honest.accepted, honest.message


_DEEP = "[" * 2000 + "{}" + "]" * 2000
TRICKS = {
    "a variable of the Agent's environment": (
        checks("ENC[k8s_secret@%%env_TEAM%%/db/password]"), checks("ENC[k8s_secret@%%kube_namespace%%/db/password]"),
        "variable-refused"),
    "an address in the place of a namespace": (
        checks("ENC[k8s_secret@%%host%%/db/password]"), checks("ENC[k8s_secret@SHOP/%%host%%/password]"), "variable-refused"),
    "a variable that names another team's Secret": (
        checks("ENC[k8s_secret@BANK/%%host%%/password]"), checks("ENC[k8s_secret@SHOP/%%host%%/password]"),
        "handle-undetermined"),
    "a variable at the end of the namespace": (
        checks("ENC[k8s_secret@BANK%%hostname%%/db/password]"), checks("ENC[k8s_secret@SHOP/db/password]"), "access-denied"),
    "capital letters": (
        checks("ENC[K8S_SECRET@BANK/db/password]"), checks("ENC[k8s_secret@SHOP/db/password]"), "provider-unknown"),
    "blanks within": (
        checks("ENC[ k8s_secret@BANK/db/password]"), checks("ENC[k8s_secret@SHOP/db/password]"), "provider-unknown"),
    "a way up": (
        checks("ENC[k8s_secret@SHOP/../BANK/db/password]"), checks("ENC[k8s_secret@SHOP/db/password]"), "handle-malformed"),
    "the Agent's token": (
        checks("ENC[file@/var/run/secrets/kubernetes.io/serviceaccount/token]"), checks("ENC[k8s_secret@SHOP/db/password]"),
        "file-refused"),
    "a file of the Agent's": (checks("ENC[file@/etc/hosts]"), checks("file@/etc/hosts"), "file-refused"),
    "nested too deeply": (_DEEP.replace("{}", '"ENC[k8s_secret@BANK/db/password]"'), _DEEP, "json-depth"),
    "JSON that is none": (
        checks("ENC[k8s_secret@BANK/db/password]") + ",", checks("") + ",", "json-invalid"),
}  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_leads_to_what_is_not_known(trick: str, hooked: Webhooked) -> None:
    """What cannot be read, or could become another Secret's handle, is refused; next to it stands what may be written."""
    evil, honest, code = (
        text.replace("BANK", hooked.names["bank"]).replace("SHOP", hooked.names["shop"])
        for text in TRICKS[trick]
    )

    said = ways.creation(hooked, "developer", evil)
    refused(said, "pods", code, ways.KEY)
    said = ways.creation(hooked, "developer", honest)
    assert said.accepted, said.message


ACTS: dict[str, tuple[Act, Act, str, str]] = {
    "the same handle with another host": (
        acts.annotated("annotator", ways.KEY, host="evil.example"), acts.annotated("developer", ways.KEY, host="evil.example"),
        "pods", "requester-denied"),
    "a second template beside the first": (
        acts.annotated("annotator", "ad.datadoghq.com/app.logs"), acts.annotated("annotator", "example.com/note"),
        "pods", "requester-denied"),
    "annotated by somebody who makes no pods": (
        acts.by("annotator", ways.patch(ways.MERGE)), acts.by("developer", ways.patch(ways.MERGE)), "pods", "requester-denied"),
    "a status written by somebody who makes no pods": (
        acts.by("annotator", ways.patch(ways.MERGE, "/status")), acts.by("developer", ways.patch(ways.MERGE, "/status")),
        "pods", "requester-denied"),
    "bound by somebody who makes no pods": (
        acts.by("annotator", ways.binding), acts.by("developer", ways.binding), "pods", "requester-denied"),
    "a Service by somebody who makes no pods": (
        acts.by("annotator", ways.service_creation(_SERVICE)), acts.by("developer", ways.service_creation(_SERVICE)),
        "services", "requester-denied"),
    "a Service that is led to other pods": (
        acts.reached_elsewhere("annotator"), acts.reached_elsewhere("annotator", None), "services", "requester-denied"),
    "the identifier of somebody else's container": (
        acts.identified("containerd://0123"), acts.identified("redis"), "pods", "template-invalid"),
    "the same of the other flavour": (
        acts.identified("docker://0123", "ad.stackstate.com/app.check.id"), acts.identified("redis", "ad.stackstate.com/app.check.id"),
        "pods", "template-invalid"),
    "the same, put onto a pod": (
        acts.identified_later("cri-o://0123"), acts.identified_later("redis"), "pods", "template-invalid"),
    "the same, by a Binding": (
        acts.identified_by_binding("://"), acts.identified_by_binding("redis"), "pods", "template-invalid"),
    "a ConfigMap of the Agents": (
        acts.configured(acts.plain, "bank"), acts.configured(acts.plain, "agents"), "configmaps", "access-denied"),
    "a ConfigMap by somebody who runs no Agents": (
        acts.configured(acts.plain, "agents", "developer"), acts.configured(acts.plain, "agents"), "configmaps", "requester-denied"),
    "an escape in YAML": (
        acts.configured(acts.escaped, "bank"), acts.configured(acts.escaped, "agents"), "configmaps", "access-denied"),
    "a binary in YAML": (
        acts.configured(acts.tagged, "bank"), acts.configured(acts.tagged, "agents"), "configmaps", "access-denied"),
    "binaryData": (
        acts.configured(acts.binary, "bank"), acts.configured(acts.binary, "agents"), "configmaps", "access-denied"),
    "binaryData in UTF-16": (
        acts.configured(acts.wide, "bank"), acts.configured(acts.plain, "agents"), "configmaps", "config-invalid"),
    "a key that items could rename": (
        acts.configured(acts.renamed, "bank"), acts.configured(acts.renamed, "agents"), "configmaps", "access-denied"),
    "a grant by one who cannot read the Secret": (
        acts.granted("developer", "bank"), acts.granted("banker", "bank"), "consents", "grant-exceeds"),
    "a grant of another's beside one of one's own": (
        acts.granted("developer", "bank"), acts.granted("developer", "shop"), "consents", "grant-exceeds"),
    "a cluster's grant by one who cannot read the Secret": (
        acts.granted_by_cluster("developer", "bank"), acts.granted_by_cluster("developer", "shop"), "consents", "grant-exceeds"),
    "a cluster's grant of all namespaces": (
        acts.granted_by_cluster("developer", "*"), acts.granted_by_cluster("admin", "*"), "consents", "grant-exceeds"),
    "an AgentTarget that mounts what its author cannot read": (
        acts.mounted("developer"), acts.mounted("admin"), "consents", "grant-exceeds"),
}  # fmt: skip


@pytest.mark.parametrize("act", ACTS)
def test_no_act_gives_away_what_is_not_the_actors(act: str, hooked: Webhooked) -> None:
    """Who could not use a Secret himself brings nobody else to use it; who could does, or nothing changes by it."""
    evil, honest, webhook, code = ACTS[act]

    refused(evil(hooked), webhook, code, hooked.names["shop"][-6:])
    said = honest(hooked)
    assert said.accepted, said.message


def test_an_ephemeral_container_brings_no_template(hooked: Webhooked) -> None:
    """It is added to a pod with a template; an annotation that comes along is not stored."""
    said = acts.debugged(hooked)
    assert said.accepted, said.message


@pytest.mark.parametrize(
    ("labels", "admitted"),
    [
        pytest.param({"tier": "gold"}, False, id="a label that nobody vouches for"),
        pytest.param({"kubernetes.io/metadata.name": "NAME"}, True, id="the label that the API server sets"),
    ],
)
def test_a_namespace_that_labels_itself(labels: dict[str, str], admitted: bool, hooked: Webhooked) -> None:  # noqa: FBT001
    """A grant to namespaces by label admits none whose tenants can give it that label."""
    selected = {key: value.replace("NAME", hooked.names["shop"]) for key, value in labels.items()}
    secret = "labelled-by-name" if admitted else "labelled"
    who = {"namespaceSelector": {"matchLabels": selected}, "serviceAccounts": ["*"]}
    grant = hooked.tenants.grant(secret, "bank", secret, **{"from": [who]})
    assert acts.granted_as(hooked, "banker", grant).accepted

    acts.label_own_namespace(hooked, selected)
    said = ways.creation(hooked, "developer", checks(f"ENC[{hooked.tenants.handle('bank', secret)}]"))
    if admitted:
        assert said.accepted, said.message
    else:
        refused(said, "pods", "access-denied", "SecretGrant")


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param({"kubernetes.io/metadata.name": "kube-system"}, id="the name of a namespace that is left out"),
        pytest.param({"enc-operator.io/enforcement": "audit"}, id="a mode that is less strict"),
        pytest.param({"control-plane": "true", "admission.enc-operator.io/ignore": "true"}, id="what others are left out by"),
    ],
)  # fmt: skip
def test_no_label_leaves_a_namespace_out(labels: dict[str, str], hooked: Webhooked) -> None:
    """Whatever a tenant calls his namespace, it is judged as before."""
    acts.label_own_namespace(hooked, labels)

    foreign, own = (f"ENC[{hooked.tenants.handle(where, 'db')}]" for where in ("bank", "shop"))
    refused(ways.creation(hooked, "developer", checks(foreign)), "pods", "access-denied", foreign)
    assert ways.creation(hooked, "developer", checks(own)).accepted


HARMLESS = {
    "lower-case letters": (ways.KEY, checks("enc[k8s_secret@bank/db/password]")),
    "text around it": (ways.KEY, checks("x-ENC[k8s_secret@bank/db/password]")),
    "a line's end behind it": (ways.KEY, checks("ENC[k8s_secret@bank/db/password]\n")),
    "a key with capital letters": ("AD.datadoghq.com/app.checks", checks("ENC[k8s_secret@bank/db/password]")),
    "somebody else's annotation": ("example.com/app.checks", checks("ENC[k8s_secret@bank/db/password]")),
}


@pytest.mark.parametrize("text", HARMLESS)
def test_what_the_agent_takes_for_no_handle(text: str, hooked: Webhooked) -> None:
    """What never becomes a handle is nobody's secret: it is accepted."""
    key, value = HARMLESS[text]
    manifest = ways.pod(hooked, value, key)

    said = hooked.send("developer", "POST", hooked.path("pods"), manifest)
    assert said.accepted, said.message
