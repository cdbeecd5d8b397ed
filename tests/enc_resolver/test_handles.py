"""The grammar of handles: what is one, what it means to which reader, and where it is wrong."""

import copy
import pickle
import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_resolver.handles import (
    Grammar,
    Handle,
    HandleError,
    KubernetesSecret,
    MountedFile,
    Part,
    RootFile,
    handle_in,
    parse_handle,
)

ANY_TEXT = st.text(st.characters(codec=None) | st.sampled_from("ENC[]@/;. \t\x00%{}\ud800"))


def parts_of(handle: Handle) -> tuple[Part, ...]:
    """Give the parts of any kind of handle."""
    if isinstance(handle, KubernetesSecret):
        return handle.namespace, handle.name, handle.key
    return (handle.path,)


def texts(handle: Handle) -> tuple[str, ...]:
    """Give the texts of a handle's parts, its kind first."""
    return (type(handle).__name__, *(part.text for part in parts_of(handle)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param("ENC[a/b]", "a/b", id="the plain form"),
        pytest.param("ENC[]", "", id="an empty handle is a handle"),
        pytest.param(" \t ENC[a] \t", "a", id="spaces and tabs around it are trimmed"),
        pytest.param("ENC[ a ]", " a ", id="what is inside is not trimmed"),
        pytest.param("ENC[a] x ENC[b]", "a] x ENC[b", id="two of them are one handle"),
        pytest.param('ENC[{"k": ["v"]}]', '{"k": ["v"]}', id="brackets and JSON inside stay"),
        pytest.param("ENC[a]\n", None, id="a trailing newline is not trimmed"),
        pytest.param("\u00a0ENC[a]", None, id="a no-break space is not trimmed"),
        pytest.param("db-ENC[a]", None, id="a part of a value is none"),
        pytest.param("enc[a]", None, id="lower case is none"),
        pytest.param("ENC[", None, id="an unclosed one is none"),
        pytest.param("ENC]", None, id="an unopened one is none"),
        pytest.param("", None, id="nothing is none"),
    ],
)
def test_detection_is_the_agents(value: str, expected: str | None) -> None:
    """A value is a handle exactly if the Agent's IsEnc says so."""
    assert handle_in(value) == expected


def is_enc(value: str) -> str | None:
    """Decide as the Agent does, character by character."""
    kept = list(value)
    while kept and kept[0] in {" ", "\t"}:
        kept.pop(0)
    while kept and kept[-1] in {" ", "\t"}:
        kept.pop()
    if kept[:4] != ["E", "N", "C", "["] or kept[-1:] != ["]"]:
        return None
    return "".join(kept[4:-1])


@given(ANY_TEXT, st.sampled_from(["{}", "ENC[{}]", " ENC[{}]\t", "ENC[{}", "{}]", "ENC[{}]\n"]))
def test_detection_agrees_with_a_reference(inner: str, frame: str) -> None:
    """For any text, in or out of the frame, detection is what a reference written apart says."""
    value = frame.format(inner)
    assert handle_in(value) == is_enc(value)


BUNDLED, BUILTIN, ROOT, TYPED = Grammar.BUNDLED, Grammar.BUILTIN, Grammar.ROOT_FILES, Grammar.K8S_SECRETS


@pytest.mark.parametrize(
    ("text", "grammar", "expected"),
    [
        pytest.param(
            "k8s_secret@ns/db/pw", BUNDLED, ("KubernetesSecret", "ns", "db", "pw"), id="three parts"
        ),
        pytest.param(
            "k8s_secret@ns/db/pw", BUILTIN, ("KubernetesSecret", "ns", "db", "pw"), id="built-in too"
        ),
        pytest.param(
            "k8s_secret@0/a.b-c/._-A", BUNDLED, ("KubernetesSecret", "0", "a.b-c", "._-A"), id="odd names"
        ),
        pytest.param(
            "k8s_secret@ns/db;pw", BUNDLED, ("KubernetesSecret", "ns", "db", "pw"), id="semicolon, provider"
        ),
        pytest.param(
            "ns/db;pw", BUNDLED, ("KubernetesSecret", "ns", "db", "pw"), id="semicolon, no provider"
        ),
        pytest.param(
            "ns/db;pw", TYPED, ("KubernetesSecret", "ns", "db", "pw"), id="semicolon, the Agent's own type"
        ),
        pytest.param(
            "ns/db;pw", BUILTIN, ("RootFile", "ns/db;pw"), id="the built-in reads a file of that name"
        ),
        pytest.param("NS/db;pw", BUNDLED, ("RootFile", "NS/db;pw"), id="not quite the form: a file"),
        pytest.param("db;pw", BUNDLED, ("RootFile", "db;pw"), id="no slash: a file"),
        pytest.param("file@/etc/s/pw", BUNDLED, ("MountedFile", "/etc/s/pw"), id="an absolute path"),
        pytest.param("file@/a@b;c d", BUNDLED, ("MountedFile", "/a@b;c d"), id="only the first @ counts"),
        pytest.param(
            "file@/procs/devel", BUNDLED, ("MountedFile", "/procs/devel"), id="only whole folders are refused"
        ),
        pytest.param(
            "file@../proc/x", BUILTIN, ("MountedFile", "../proc/x"), id="the built-in reads any path"
        ),
        pytest.param("file@a\nb", BUILTIN, ("MountedFile", "a\nb"), id="with any character"),
        pytest.param("pw", BUNDLED, ("RootFile", "pw"), id="a name"),
        pytest.param("db/pw", ROOT, ("RootFile", "db/pw"), id="a relative path"),
        pytest.param(
            "./db//pw", ROOT, ("RootFile", "./db//pw"), id="what the reader normalises is its own matter"
        ),
        pytest.param(
            "/db/pw", BUILTIN, ("RootFile", "/db/pw"), id="the built-in joins an absolute one to its root"
        ),
        pytest.param("me@home", ROOT, ("RootFile", "me@home"), id="readsecret knows no @"),
        pytest.param("file", ROOT, ("RootFile", "file"), id="a file called file"),
        pytest.param(
            '{"env": "prod"}', ROOT, ("RootFile", '{"env": "prod"}'), id="JSON that is a usable name"
        ),
        pytest.param("é" * 127, BUNDLED, ("RootFile", "é" * 127), id="the longest name, in bytes"),
    ],
)
def test_meaning(text: str, grammar: Grammar, expected: tuple[str, ...]) -> None:
    """A handle has one meaning for its reader."""
    assert texts(parse_handle(text, grammar)) == expected


LABEL = st.from_regex(r"[a-z0-9]([-a-z0-9]{0,20}[a-z0-9])?", fullmatch=True)
KEY = st.text(string.ascii_letters + string.digits + "-._", min_size=1, max_size=253).filter(
    lambda key: key not in {".", ".."}
)
SEGMENT = st.text(
    st.characters(codec="utf-8", exclude_categories=["C", "Zl", "Zp"], exclude_characters="/@;{")
).filter(lambda name: name not in {"", ".", ".."} and len(name.encode()) <= 255)


@given(LABEL, st.lists(LABEL, min_size=1, max_size=5).map(".".join), KEY)
def test_secrets_come_back(namespace: str, name: str, key: str) -> None:
    """Every possible namespace, name and key is read back from each of its spellings, with its place."""
    for text, grammar in [
        (f"k8s_secret@{namespace}/{name}/{key}", BUNDLED),
        (f"k8s_secret@{namespace}/{name}/{key}", BUILTIN),
        (f"k8s_secret@{namespace}/{name};{key}", BUNDLED),
        (f"{namespace}/{name};{key}", BUNDLED),
        (f"{namespace}/{name};{key}", TYPED),
    ]:
        handle = parse_handle(text, grammar)
        assert texts(handle) == ("KubernetesSecret", namespace, name, key)
        assert all(text[part.start : part.end] == part.text for part in parts_of(handle))


@given(st.lists(SEGMENT, min_size=1, max_size=4).map("/".join))
def test_paths_come_back(path: str) -> None:
    """Every plain path is read back unchanged, with its place."""
    assert parse_handle(f"file@/x/{path}") == MountedFile(Part(f"/x/{path}", 5, 8 + len(path)))
    for grammar in (BUNDLED, BUILTIN, ROOT):
        assert parse_handle(path, grammar) == RootFile(Part(path, 0, len(path)))


def reading(text: str, grammar: Grammar) -> Handle | HandleError:
    """Give the handle, or the error as a value."""
    try:
        return parse_handle(text, grammar)
    except HandleError as error:
        return error


PREFIXES = st.sampled_from(["", "k8s_secret@", "file@", "file@/", "k8s_secret@a/b/", "a/b;"])


@given(PREFIXES, ANY_TEXT, st.sampled_from(Grammar))
def test_nothing_else_happens(prefix: str, rest: str, grammar: Grammar) -> None:
    """Any text at all is a handle whose parts are where they say, or a HandleError that points into it."""
    text = prefix + rest
    outcome = reading(text, grammar)
    if isinstance(outcome, HandleError):
        assert 0 <= outcome.start <= outcome.end <= len(text)
        assert str(outcome).isprintable()
    else:
        assert all(text[part.start : part.end] == part.text for part in parts_of(outcome))


@pytest.mark.parametrize(
    "unit", ["/", "ENC[", " ", "@", ";", "a/", "../", "\ud800", "k8s_secret@", "]", "é", "-"]
)
@pytest.mark.parametrize("grammar", Grammar)
@pytest.mark.parametrize("prefix", ["", "ENC[", "ENC[file@", "ENC[k8s_secret@", "ENC[a/b;"])
def test_time_is_linear(unit: str, grammar: Grammar, prefix: str) -> None:
    """A hostile value of 3 MiB takes no more than 50 ms."""
    value = prefix + unit * (3 * 1024 * 1024 // len(unit)) + "]"
    started = time.process_time()
    for text in (value, handle_in(value) or ""):
        assert len(str(reading(text, grammar))) < 500
    assert time.process_time() - started < 0.05


SECRET = parse_handle("k8s_secret@ns/db/pw")


def test_handles_are_values() -> None:
    """A handle is frozen, hashable, copied and pickled to an equal one, and equal only to its own kind."""
    path = Part("a", 0, 1)
    assert copy.deepcopy(SECRET) == pickle.loads(pickle.dumps(SECRET)) == SECRET  # noqa: S301  (our own bytes)
    assert len({SECRET, copy.copy(SECRET), MountedFile(path), RootFile(path)}) == 3
    assert MountedFile(path) != RootFile(path)
    assert MountedFile(path=path) == MountedFile(path)
    assert repr(RootFile(path)) == "RootFile(Part(text='a', start=0, end=1),)"
    with pytest.raises(AttributeError, match="RootFile is frozen"):
        RootFile(path).path = path  # type: ignore[misc]
    with pytest.raises(AttributeError, match="RootFile is frozen"):
        del RootFile(path).path
    with pytest.raises(TypeError, match="RootFile takes path"):
        RootFile(path, path)  # type: ignore[call-arg]


def test_handles_take_part_in_matching() -> None:
    """A handle's parts can be matched in their written order."""
    match SECRET:
        case KubernetesSecret(namespace, name, key):
            found = [namespace.text, name.text, key.text]

    assert found == ["ns", "db", "pw"]
