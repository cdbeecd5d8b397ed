"""Codes about templates: what the Agent takes no check from, and variables."""

from collections.abc import Mapping

from enc_operator.core.findings.entries import Entry, error, info, warning

TEMPLATES: Mapping[str, Entry] = {
    "cel-unchecked": info(
        "a `cel_selector` decides which containers a template reaches",
        "The expression is not evaluated here, so it is not known which pods are sent what the template names.",
        "Name the namespaces of the pods in the handles, or match by `ad_identifiers`.",
    ),
    "cluster-check-on-node": warning(
        "a cluster check lies in the node Agent's conf.d",
        "`cluster_check: true` is for the Cluster Agent to hand out. A node Agent that finds the file resolves its handles "
        "too, on every node.",
        "Mount the file in the Cluster Agent only.",
    ),
    "container-unknown": error(
        "an annotation for a container that the pod does not have",
        "The part between the slash and the suffix names a container, or its `check.id`. For any other name the Agent "
        "ignores the annotation, and says so only in its status.",
        "Write the container's name after the slash.",
    ),
    "handle-undetermined": error(
        "a value that is not known yet decides what the handle names",
        "What a template variable stands for is known when the pod runs. Where it decides whether there is a handle, which "
        "namespace or which foreign Secret, nobody could say beforehand who is given what.",
        "Write the handle out; variables may stand in names within the pod's own namespace.",
    ),
    "init-config-null": warning(
        "`init_config` is null",
        "With a secret backend the Agent walks through `init_config`, and what is neither a mapping nor a list stops it: the "
        "check is lost.",
        "Write `{}`: `encctl lint --fix` does this.",
    ),
    "lists-unequal": error(
        "the three lists of a version 1 annotation have different lengths",
        "`check_names`, `init_configs` and `instances` are read side by side. Where their lengths differ, the Agent takes "
        "none of them.",
        "Give the three lists the same length, or write version 2: `<container>.checks`.",
    ),
    "no-match": info(
        "no pod of the input matches a template",
        "A file with `ad_identifiers` waits for containers. Permissions follow for the pods that it matches.",
        "Add the pods to the input, or remove the file.",
    ),
    "not-resolved": warning(
        "the handle stands where no Agent resolves it",
        "Nothing replaces it: a check there gets the handle's text, and mostly no check is there at all.",
        "Move the handle to where the Agent resolves it, or remove it.",
    ),
    "service-unseen": error(
        "a Service's annotations that the Cluster Agent never sees",
        "It looks at Services with `ad.datadoghq.com/service.checks`, `endpoints.checks` or the `instances` of version 1. "
        "Logs alone, the legacy prefix or any other name bring nothing to life.",
        "Annotate checks under `ad.datadoghq.com/service.` or `endpoints.`; annotate the pods with logs.",
    ),
    "suffix-unknown": warning(
        "an Autodiscovery key that is close to one that exists",
        "The Agent reads a fixed list of keys. Of one that is spelt otherwise it takes nothing, without an error.",
        "Write the key that is meant.",
    ),
    "template-invalid": error(
        "the Agent takes no check from the annotation",
        "The JSON can be read, and has not the shape that the Agent decodes. It drops the annotation, or the three lists, "
        "and says so only in its status.",
        "Write the shape that the message names.",
    ),
    "variable-refused": error(
        "a template variable that may not decide which Secret is read",
        "`%%env_…%%` is the environment of the Agent, not of the pod; and whoever chooses a namespace chooses whose Secrets "
        "are read.",
        "Write the name out; in the namespace only `%%kube_namespace%%` may stand.",
    ),
    "variable-unknown": error(
        "a template variable that the Agent has no value for",
        "The Agent drops the whole template, so the check never runs.",
        "Use a variable that this source has.",
    ),
}
