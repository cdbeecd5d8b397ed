"""What a person names on the command line: a handle, a finding's code, a Kubernetes object, the Agents. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from enc_operator.cli.inputs import STDIN
from enc_operator.core.findings import SEVERITIES, ObjectRef
from enc_resolver.handles import handle_in

_KINDS = {
    "Pod": ("pod", "pods", "po"),
    "Deployment": ("deployment", "deployments", "deploy"),
    "DaemonSet": ("daemonset", "daemonsets", "ds"),
    "StatefulSet": ("statefulset", "statefulsets", "sts"),
    "ReplicaSet": ("replicaset", "replicasets", "rs"),
    "ReplicationController": ("replicationcontroller", "replicationcontrollers", "rc"),
    "Job": ("job", "jobs"),
    "CronJob": ("cronjob", "cronjobs", "cj"),
    "PodTemplate": ("podtemplate", "podtemplates"),
    "Service": ("service", "services", "svc"),
    "ConfigMap": ("configmap", "configmaps", "cm"),
    "Secret": ("secret", "secrets"),
    "DatadogAgent": ("datadogagent", "datadogagents", "dd"),
    "DatadogInstrumentation": ("datadoginstrumentation", "datadoginstrumentations", "ddi"),
}
_BY_NAME = {name: kind for kind, names in _KINDS.items() for name in names}
_PROVIDERS = ("k8s_secret@", "file@")


@dataclass(frozen=True, slots=True)
class HandleSubject:
    """A handle, without `ENC[` and `]`."""

    handle: str


@dataclass(frozen=True, slots=True)
class CodeSubject:
    """A finding's code."""

    code: str


@dataclass(frozen=True, slots=True)
class AgentsSubject:
    """All Agents of the input."""


Subject = HandleSubject | CodeSubject | AgentsSubject | ObjectRef


def parse_subject(text: str, namespace: str) -> Subject | None:
    """Read what a person names; `namespace` is that of an object that names none. None if it is none of these."""
    if text in SEVERITIES:
        return CodeSubject(text)
    if text.lower() in ("agent", "agents"):
        return AgentsSubject()
    handle = handle_in(text)
    if handle is not None:
        return HandleSubject(handle)
    ref = _object_of(text, namespace)
    if ref is None and (text.startswith(_PROVIDERS) or ";" in text):
        return HandleSubject(text)
    return ref


def _object_of(text: str, namespace: str) -> ObjectRef | None:
    kind, *names = text.split("/")
    known = _BY_NAME.get(kind.lower())
    if known is None or len(names) not in (1, 2) or not all(names):
        return None
    return ObjectRef(known, names[0] if len(names) == 2 else namespace, names[-1])


def split_subjects(words: Sequence[str], namespace: str) -> tuple[list[Subject], list[str]]:
    """Tell what is named from the paths of the input: what exists as a file or folder is a path."""
    subjects: list[Subject] = []
    paths: list[str] = []
    for word in words:
        subject = None if word == STDIN or Path(word).exists() else parse_subject(word, namespace)
        if subject is None:
            paths.append(word)
        else:
            subjects.append(subject)
    return subjects, paths
