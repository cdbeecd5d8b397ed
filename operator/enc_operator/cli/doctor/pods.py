"""What the pods of an injected workload say of their own injection: an Agent that fell back to the built-in script runs all the same. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from enc_operator.cli.doctor.model import Check, Manifest, Unreadable, fail, unreadable
from enc_operator.core.agents.injected import INIT_CONTAINER
from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import entries, labels, mapping, text

_SPEC = ("spec", "template", "spec")


def selector_of(workload: Mapping[str, Any]) -> str:
    """Return the label selector of an injected workload's pods, as a query has it; empty where it is not injected."""
    names = [text(item, "name") for _, item in entries(workload, *_SPEC, "initContainers")]
    if INIT_CONTAINER not in names:
        return ""
    return ",".join(
        f"{key}={value}" for key, value in sorted(labels(workload, "spec", "selector", "matchLabels").items())
    )


def check_pods(workload: ObjectRef, pods: Sequence[Manifest] | Unreadable) -> Iterator[Check]:
    """Check that the install step did in every pod what it was to do; where it did, nothing is to be said."""
    if isinstance(pods, Unreadable):
        yield unreadable("injection", pods, workload)
        return
    said = {text(pod, "metadata", "name"): _said(pod) for pod in pods}
    fallen = {name: words for name, words in sorted(said.items()) if words}
    if fallen:
        name, words = next(iter(fallen.items()))
        what = f"{len(fallen)} of {len(pods)} pods run the built-in script in place of our resolver: {name}: {words}"
        yield fail("injection", what, workload, _fix(workload, name))


def _fix(workload: ObjectRef, pod: str) -> str:
    at = f"kubectl -n {workload.namespace}"
    restart = f"{at} rollout restart {workload.kind.lower()}/{workload.name}"
    return f"see {at} logs {pod} -c {INIT_CONTAINER}; once that is put right, {restart}"


def _said(pod: Mapping[str, Any]) -> str:
    """Return what the install step left in the status of its container (`terminationMessagePath`)."""
    for _, container in entries(pod, "status", "initContainerStatuses"):
        if text(container, "name") == INIT_CONTAINER:
            ended = mapping(mapping(container, "state"), "terminated")
            return " ".join(text(ended, "message").split())
    return ""
