"""Codes about the text of a handle: what is written is none, or names nothing."""

from collections.abc import Mapping

from enc_operator.core.findings.entries import Entry, error, unread, warning

HANDLES: Mapping[str, Entry] = {
    "backend-unreadable": error(
        "the configured backend has no meaning for the handle",
        "Each secret backend has a grammar of its own. What it cannot read, it answers with an error, and the Agent drops "
        "the check or does not start.",
        "Write the handle as the backend reads it, or configure the backend that the handle was written for.",
    ),
    "handle-as-key": warning(
        "a handle as a mapping's key is never resolved",
        "The Agent looks for handles in values only. The check gets the text itself as the name of a field.",
        "Use the handle as a value.",
    ),
    "handle-case": warning(
        "`enc[…]` is no handle",
        "The Agent compares `ENC[` letter by letter. Anything else is sent to the service as the password.",
        "Write `ENC[…]`. `encctl lint --fix` leaves it to you: it may be a password that looks so.",
    ),
    "handle-malformed": error(
        "the handle's parts are not what its provider needs",
        "A Secret's key has three parts, each with the characters that Kubernetes allows. Any other handle is refused before "
        "a request is made, and the check does not run.",
        "Write `ENC[k8s_secret@namespace/name/key]` or `ENC[file@/absolute/path]`.",
    ),
    "handle-newline": warning(
        "a line break keeps the Agent from seeing the handle",
        "The Agent trims blanks and tabs, not line breaks. A YAML block written with `|` or `>` ends in one, so the check "
        "gets the handle's text instead of the value.",
        "Write the handle on one line in quotes, or use `|-` or `>-`: `encctl lint --fix` does this.",
    ),
    "handle-partial": warning(
        "a handle inside other text is no handle",
        "A handle must be the whole value. Inside other text the Agent leaves it as it stands, without an error.",
        "Make `ENC[…]` the whole value, and put the rest of the text into the Secret.",
    ),
    "handle-unquoted": unread(
        "a handle without quotes in a flow collection",
        "Inside `{…}` and `[…]` YAML takes the bracket of `ENC[` for a list of its own. The document cannot be read at all.",
        'Quote the whole value: `{password: "ENC[…]"}`; `encctl lint --fix` does this.',
    ),
    "provider-unknown": error(
        "no such provider",
        "The text before the `@` says who reads the handle. A provider that the Agent's backend does not know is an error for "
        "this handle, and for older Agents for all handles of the check.",
        "Write `k8s_secret@namespace/name/key` or `file@/absolute/path`.",
    ),
}
