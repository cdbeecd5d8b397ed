"""Codes about the input as such: texts that cannot be read, and objects that are none."""

from collections.abc import Mapping

from enc_operator.core.findings.entries import Entry, error, unread, warning

DOCUMENTS: Mapping[str, Entry] = {
    "duplicate-key": warning(
        "a key stands twice",
        "The last one wins, without an error. What the first one says is lost, and is judged all the same.",
        "Remove one of them.",
    ),
    "json-depth": unread(
        "JSON that is nested too deeply to be checked",
        "The Agent might read on where this reader stops, so it counts as if it held anything.",
        "Flatten the JSON.",
    ),
    "json-invalid": unread(
        "not JSON; the Agent drops it too",
        "One comma too many loses all checks of the annotation. The Agent says so only in its status.",
        "Correct the JSON at the place that is marked.",
    ),
    "not-read": warning(
        "a kind of object that is not read holds what looks like a handle",
        "It may make pods, Services or ConfigMaps, which are not in the input.",
        "Add the objects that come of it.",
    ),
    "object-duplicate": warning(
        "an object stands in the input twice, with different content",
        "Applied one after the other, only the last one stays. Both are judged.",
        "Leave one of them out; render overlays before they are read.",
    ),
    "object-invalid": error(
        "not a Kubernetes object, or one that the API server refuses",
        "It cannot be applied, so nothing in it comes to life.",
        "Correct what the message names.",
    ),
    "resource-invalid": error(
        "a SecretGrant, ClusterSecretGrant or AgentTarget that the API server refuses",
        "It counts for nothing until it is corrected: what it should allow is denied.",
        "Correct the field that is marked.",
    ),
    "yaml-alias": unread(
        "an alias of itself, or one that expands without bound",
        "A few lines can expand to billions of values; no reader goes through with it.",
        "Write the values out.",
    ),
    "yaml-depth": unread(
        "YAML that is nested too deeply to be checked",
        "Parsers crash at such depths; nothing that people write needs them.",
        "Flatten the document.",
    ),
    "yaml-invalid": unread(
        "not YAML",
        "The document cannot be applied. Other documents of the file are still read.",
        "Correct the YAML at the place that is marked.",
    ),
}
