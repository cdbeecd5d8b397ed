"""The metadata of a custom resource, which the API server checks without the CRD's help.

Source: ObjectMeta in k8s.io/apimachinery `pkg/apis/meta/v1/types.go` and its validation in `pkg/api/validation`. What the
server fills in by itself is let through unseen, and a null is what it is to the server, nothing: a template's blank
`labels:` is no mistake.
"""

from typing import Any

DNS_LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
DNS_SUBDOMAIN = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"
GENERATED_FROM = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?\.)*[a-z0-9][-a-z0-9]*$"
LABEL_VALUE = r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$"
LABEL_KEY = r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$"
QUALIFIED_KEYS_RULE = "self.all(key, !format.qualifiedName().validate(key).hasValue())"
QUALIFIED_KEYS_OF_ANY_CASE_RULE = (
    "self.all(key, !format.qualifiedName().validate(key.lowerAscii()).hasValue())"
)
LABEL_KEYS_RULE = f"self.all(key, size(key) <= 317 && key.matches('{LABEL_KEY}'))"
NAMED_RULE = "has(self.name) || has(self.generateName)"

_SERVERS_OWN = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generation",
    "managedFields",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
)

METADATA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": DNS_SUBDOMAIN},
        "generateName": {"type": "string", "minLength": 1, "maxLength": 253, "pattern": GENERATED_FROM},
        "namespace": {
            "type": "string",
            "minLength": 1,
            "maxLength": 63,
            "pattern": DNS_LABEL,
            "nullable": True,
        },
        "labels": {
            "type": "object",
            "nullable": True,
            "additionalProperties": {
                "type": "string",
                "maxLength": 63,
                "pattern": LABEL_VALUE,
                "nullable": True,
            },
            "x-kubernetes-validations": [
                {"rule": QUALIFIED_KEYS_RULE, "message": "a label key is not well-formed"}
            ],
        },
        "annotations": {
            "type": "object",
            "nullable": True,
            "additionalProperties": {"type": "string", "nullable": True},
            "x-kubernetes-validations": [
                {"rule": QUALIFIED_KEYS_OF_ANY_CASE_RULE, "message": "an annotation key is not well-formed"}
            ],
        },
        **{field: {"x-kubernetes-preserve-unknown-fields": True} for field in _SERVERS_OWN},
    },
    "x-kubernetes-validations": [{"rule": NAMED_RULE, "message": "the resource has no name"}],
}
