"""Codes about who may use which Secret."""

from collections.abc import Mapping

from enc_operator.core.findings.entries import Entry, error, info, warning

ACCESS: Mapping[str, Entry] = {
    "access-denied": error(
        "neither the namespace, nor a grant, nor the pod's own rights allow the reference",
        "The Agent reads for whoever annotates a pod. Without this rule any author of a pod could have another team's "
        "Secret sent to a host of his choice.",
        "Apply the SecretGrant that the message names, in the Secret's namespace; its owner decides.",
    ),
    "file-refused": error(
        "a handle names a file that it may not, or that no secret volume holds",
        "The Agent's containers see their own tokens, the node and other teams' files. Only declared secret volumes are for "
        "app teams, and only where `allowedFrom` admits them.",
        "Declare the Secret in the AgentTarget's `secretVolumes`, or use `k8s_secret@namespace/name/key`.",
    ),
    "grant-expired": warning(
        "a grant whose time is over opens nothing",
        "References that it admitted are denied, and their permissions go away.",
        "Remove it, or set a later date.",
    ),
    "key-missing": warning(
        "the Secret of the input does not have the key",
        "The Agent asks for a key that is not there, gets an error, and does not run the check.",
        "Correct the key in the handle, or add it to the Secret.",
    ),
    "pending": info(
        "the permission follows when the pod runs",
        "The Secret's name has a variable in it, which only the running pod decides.",
        "Nothing to do.",
    ),
    "residual": warning(
        "refused, and resolved all the same",
        "RBAC bounds the Secrets that an Agent reads, not who refers to them. Where the Agent reads the same Secret for "
        "somebody who may, a refused reference to it resolves too.",
        "Remove the reference.",
    ),
    "role-unused": warning(
        "a Role lets an Agent read Secrets that nothing refers to",
        "What an Agent may read, anybody who annotates a pod may try to have sent somewhere.",
        "Remove the names from the Role, or the list that it was made from.",
    ),
    "scope-refused": warning(
        "the Agent's own scoping leaves the handle as it stands",
        "With `secret_scope_integration_to_their_k8s_namespace`, `secret_allowed_k8s_namespace` or "
        "`secret_image_to_handle` the Agent does not ask for the Secret; the check runs with the handle's text.",
        "Widen that setting, or move the Secret.",
    ),
    "secret-holds-handle": warning(
        "the Secret's value is itself a handle, which the resolver refuses",
        "The Cluster Agent hands checks on with their values, and the next Agent would resolve the value with its own "
        "permissions.",
        "Store the value that the handle stands for.",
    ),
    "secret-missing": warning(
        "the input holds the namespace's Secrets, and not this one",
        "The Agent asks for a Secret that is not there, gets an error, and does not run the check.",
        "Correct the name in the handle, or add the Secret. Without the Secrets of a cluster, only a name that is close to another "
        "one is reported.",
    ),
    "secrets-unbounded": warning(
        "an Agent may read every Secret of the cluster",
        "The vendors' charts give this by default. Whoever can annotate a pod can then have any Secret sent to a host of his "
        "choice, unless something denies the reference before.",
        "Apply what `encctl plan` prints, then change the value, field or rule that `encctl audit` names.",
    ),
    "spoofable": error(
        "an Agent's template reaches pods that may not use the Secret",
        "Image names and `check.id` are the choice of a pod's author. Whoever takes the name is sent what the template "
        "names.",
        "Write `%%kube_namespace%%` as the namespace, or grant the namespaces of all pods that match.",
    ),
}
