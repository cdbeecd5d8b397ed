"""What is no handle: the code, what is wrong, and where."""

import pytest

from enc_resolver.handles import Grammar, HandleError, parse_handle

BUNDLED, BUILTIN, ROOT, TYPED = Grammar.BUNDLED, Grammar.BUILTIN, Grammar.ROOT_FILES, Grammar.K8S_SECRETS


@pytest.mark.parametrize(
    ("text", "grammar", "code", "message", "at"),
    [
        pytest.param("vault@x", BUNDLED, "provider-unknown", "provider not supported: vault", "vault", id="provider"),
        pytest.param("@x", BUILTIN, "provider-unknown", "provider not supported: ", "", id="empty provider"),
        pytest.param(
            "K8S_secret@n/s/k", BUNDLED, "provider-unknown", "provider not supported: K8S_secret", "K8S_secret",
            id="providers are case-sensitive",
        ),
        pytest.param(
            "v" * 41 + "@", BUNDLED, "provider-unknown", f"provider not supported: {'v' * 40}…", "v" * 41,
            id="a long provider is cut",
        ),
        pytest.param(
            "file@/x", ROOT, "provider-unknown", "this resolver knows no providers, not file either", "file",
            id="readsecret knows no file@",
        ),
        pytest.param(
            "k8s_secret@n/s/k", ROOT, "provider-unknown", "this resolver knows no providers, not k8s_secret either",
            "k8s_secret", id="readsecret knows no k8s_secret@",
        ),
        pytest.param(
            "k8s_secret@ns", BUNDLED, "handle-malformed", "a Secret's key has three parts, here is one part", "ns",
            id="one part",
        ),
        pytest.param(
            "k8s_secret@a/b/c/d", BUILTIN, "handle-malformed", "a Secret's key has three parts, here are 4 parts",
            "a/b/c/d", id="four parts",
        ),
        pytest.param("k8s_secret@/b/c", BUNDLED, "handle-malformed", "the namespace is empty", "", id="no namespace"),
        pytest.param("k8s_secret@a//c", BUNDLED, "handle-malformed", "the Secret's name is empty", "", id="no name"),
        pytest.param("k8s_secret@a/b/", BUNDLED, "handle-malformed", "the key is empty", "", id="no key"),
        pytest.param(
            "k8s_secret@a.b/c/d", BUNDLED, "handle-malformed",
            "the namespace 'a.b' is not a DNS label (a-z, 0-9, -)", "a.b", id="namespace with a dot",
        ),
        pytest.param(
            f"k8s_secret@{'a' * 64}/c/d", BUNDLED, "handle-malformed",
            "the namespace has more than 63 characters", "a" * 64, id="long namespace",
        ),
        pytest.param(
            "k8s_secret@a/b%2e/d", BUNDLED, "handle-malformed",
            "the Secret's name 'b%2e' is not a DNS subdomain (a-z, 0-9, -, .)", "b%2e", id="percent-encoding",
        ),
        pytest.param(
            "k8s_secret@a/b?c/d", BUNDLED, "handle-malformed",
            "the Secret's name 'b?c' is not a DNS subdomain (a-z, 0-9, -, .)", "b?c", id="a query in the name",
        ),
        pytest.param(
            "k8s_secret@a/b/c\r\nX:y", BUNDLED, "handle-malformed",
            "the key 'c\\r\\nX:y' is not made of letters, digits, -, _ and .", "c\r\nX:y", id="CRLF in the key",
        ),
        pytest.param(
            "k8s_secret@a/b/c\n", BUNDLED, "handle-malformed",
            "the key 'c\\n' is not made of letters, digits, -, _ and .", "c\n", id="a newline at the end",
        ),
        pytest.param(
            "k8s_secret@a/b/..", BUNDLED, "handle-malformed",
            "the key '..' is not made of letters, digits, -, _ and .", "..", id="the key is a parent folder",
        ),
        pytest.param(
            "k8s_secret@a;k", BUNDLED, "handle-malformed", "not of the form namespace/name;key", "a;k",
            id="semicolon without a slash",
        ),
        pytest.param(
            "k8s_secret@a/b;k", BUILTIN, "handle-malformed", "a Secret's key has three parts, here are 2 parts",
            "a/b;k", id="the built-in reads no semicolon",
        ),
        pytest.param(
            "k8s_secret@a/b/k", TYPED, "handle-malformed", "not of the form namespace/name;key", "k8s_secret@a/b/k",
            id="the Agent's own type knows no provider",
        ),
        pytest.param(
            "a/b;k;l", TYPED, "handle-malformed",
            "the key 'k;l' is not made of letters, digits, -, _ and .", "k;l", id="the first semicolon counts",
        ),
        pytest.param("file@", BUNDLED, "handle-malformed", "the path is empty", "", id="no path"),
        pytest.param("file@", BUILTIN, "handle-malformed", "the path is empty", "", id="no path, built-in"),
        pytest.param("", BUNDLED, "handle-malformed", "the path is empty", "", id="nothing at all"),
        pytest.param("file@a/b", BUNDLED, "path-refused", "the path is not absolute", "a/b", id="relative after file@"),
        pytest.param("file@/a/../b", BUNDLED, "path-refused", "the path has the segment '..'", "..", id="parent folder"),
        pytest.param("file@/a/./b", BUNDLED, "path-refused", "the path has the segment '.'", ".", id="same folder"),
        pytest.param("file@//a", BUNDLED, "path-refused", "the path has the segment ''", "", id="double slash"),
        pytest.param("file@/", BUNDLED, "path-refused", "the path has the segment ''", "", id="a folder"),
        pytest.param(
            "file@/proc/self/environ", BUNDLED, "path-refused", "nothing under /proc is a secret for a check",
            "/proc/self/environ", id="the process's environment",
        ),
        pytest.param(
            "file@/run/secrets/kubernetes.io/serviceaccount/token", BUNDLED, "path-refused",
            "nothing under /run/secrets/kubernetes.io/serviceaccount is a secret for a check",
            "/run/secrets/kubernetes.io/serviceaccount/token", id="the Agent's own token",
        ),
        pytest.param("file@/a\x00b", BUILTIN, "handle-malformed", "no path has the character '\\x00'", "\0", id="NUL"),
        pytest.param("a\ud800", ROOT, "handle-malformed", "no path has the character '\\ud800'", "\ud800", id="surrogate"),
        pytest.param("a\x1b[0m", BUNDLED, "handle-malformed", "no path has the character '\\x1b'", "\x1b", id="escape"),
        pytest.param("/etc/x", BUNDLED, "path-refused", "the path is absolute", "/etc/x", id="absolute without file@"),
        pytest.param("a/../../x", BUILTIN, "path-refused", "the path has the segment '..'", "..", id="out of the root"),
        pytest.param(
            "é" * 128, BUNDLED, "handle-malformed", "a file's name has more than 255 bytes", "é" * 128, id="long name",
        ),
        pytest.param(
            "a/" * 2048, ROOT, "handle-malformed", "the path has more than 4095 bytes", "a/" * 2048, id="long path",
        ),
        pytest.param(
            "é" * 2048, ROOT, "handle-malformed", "the path has more than 4095 bytes", "é" * 2048,
            id="long path in bytes",
        ),
        pytest.param(
            '{"id": "a/b"}', BUNDLED, "handle-malformed",
            "a JSON handle is for a resolver of your own, this one reads files", '{"id": "a/b"}', id="JSON with a slash",
        ),
    ],
)  # fmt: skip
def test_refusal(text: str, grammar: Grammar, code: str, message: str, at: str) -> None:
    """What is no handle is refused with its code, what is wrong, and where."""
    with pytest.raises(HandleError) as caught:
        parse_handle(text, grammar)
    error = caught.value
    assert (error.code, error.message, text[error.start : error.end]) == (code, message, at)
    assert error.fix.startswith("write ")
    assert str(error) == f"{error.message}; {error.fix}"
