"""The grammar of secret handles: the text between ``ENC[`` and ``]``.

Rule 1  detection   what is a handle at all is the Agent's decision, repeated here exactly.
Rule 2  one reading a text has one meaning per grammar, and every part knows where it stands.
Rule 3  refusal     what could mean something else in a URL or a path is no handle: it never leaves this module.
Rule 4  cost        linear in the text, and constant beyond the length of the longest handle there can be.

Each ``_parse_*`` docstring is its EBNF rule. Nothing here reads a file, asks a server or decides who may read what.
It loads neither ``typing`` nor ``dataclasses``: either would cost the resolver a third of its start-up time.
"""

from __future__ import annotations

import enum
import re
import sys
from collections import namedtuple

from enc_resolver.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NamedTuple, Optional

    class Part(NamedTuple):
        """Hold a part of a handle and where it stands in the handle's text, in code points."""

        text: str
        start: int
        end: int
else:
    Part = namedtuple("Part", "text start end")  # noqa: PYI024  (the typed one imports typing)


class Grammar(enum.Enum):
    """Name the reader of a handle: the Agent's configuration decides which one it meets."""

    BUNDLED = "bundled"  # this project's resolver
    BUILTIN = "builtin"  # secret-helper read --with-provider-prefixes
    ROOT_FILES = "root-files"  # readsecret.sh, readsecret.py
    K8S_SECRETS = "k8s.secrets"  # secret_backend_type: k8s.secrets


class KubernetesSecret(Value):
    """One key of a Secret, read through the Kubernetes API."""

    __slots__ = __match_args__ = ("namespace", "name", "key")
    namespace: Part
    name: Part
    key: Part


class MountedFile(Value):
    """A file by its absolute path."""

    __slots__ = __match_args__ = ("path",)
    path: Part


class RootFile(Value):
    """A file by its path below the resolver's root folder."""

    __slots__ = __match_args__ = ("path",)
    path: Part


if sys.version_info >= (3, 10):  # pragma: no branch
    Handle = KubernetesSecret | MountedFile | RootFile


class HandleError(ValueError):
    """Say that a text is no handle of the grammar: what is wrong, how to write it, where (``start`` to ``end``)."""

    def __init__(self, code: str, message: str, fix: str, start: int, end: int) -> None:
        super().__init__(code, message, fix, start, end)
        self.code = code
        self.message = message
        self.fix = fix
        self.start = start
        self.end = end

    def __str__(self) -> str:
        return f"{self.message}; {self.fix}"


class _Form(Value):
    __slots__ = __match_args__ = ("what", "pattern", "longest", "words")
    what: str
    pattern: re.Pattern[str]
    longest: int
    words: str


_DNS = "[a-z0-9](?:[-a-z0-9]*[a-z0-9])?"
# RFC 1123 as the API server reads it (apimachinery's util/validation), and its IsConfigMapKey
_NAMESPACE = _Form("namespace", re.compile(_DNS), 63, "a DNS label (a-z, 0-9, -)")
_NAME = _Form("Secret's name", re.compile(rf"{_DNS}(?:\.{_DNS})*"), 253, "a DNS subdomain (a-z, 0-9, -, .)")
_KEY = _Form("key", re.compile(r"(?!\.{1,2}\Z)[-._a-zA-Z0-9]+"), 253, "made of letters, digits, -, _ and .")
_LONGEST_SECRET = 63 + 1 + 253 + 1 + 253
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NO_PATH = re.compile("[\x00\ud800-\udfff]")
_MAX_SEGMENT, _MAX_PATH = 255, 4095  # bytes: NAME_MAX, and PATH_MAX without its NUL
NEVER_SECRETS = (
    "/var/run/secrets/kubernetes.io/serviceaccount",
    "/run/secrets/kubernetes.io/serviceaccount",
    "/proc",
    "/sys",
    "/dev",
)
_SLASHES = "write k8s_secret@namespace/name/key"
_SEMICOLON = "write namespace/name;key"
_ABSOLUTE = "write file@ and the absolute path of a mounted file, such as file@/etc/secrets/db/password"
_RELATIVE = "write the file's path relative to the resolver's root folder, such as db/password"
_PROVIDERS = "write k8s_secret@namespace/name/key or file@/absolute/path"


def handle_in(value: str) -> Optional[str]:
    """Return the handle that a configuration value is, untouched and maybe empty, or None (the Agent's IsEnc)."""
    trimmed = value.strip(" \t")
    if trimmed.startswith("ENC[") and trimmed.endswith("]"):
        return trimmed[4:-1]
    return None


def parse_handle(text: str, grammar: Grammar = Grammar.BUNDLED) -> Handle:
    """Read a handle's text; raise HandleError where this grammar has no meaning for it."""
    whole = Part(text, 0, len(text))
    if grammar is Grammar.K8S_SECRETS:
        return _parse_semicolon(whole)
    if grammar is Grammar.ROOT_FILES:
        return _parse_root_files(whole)
    return _parse_prefixed(whole, grammar)


def _parse_prefixed(whole: Part, grammar: Grammar) -> Handle:
    """Handle = "k8s_secret@" Secret | "file@" Path | Bare  (* the first "@" ends the provider *)."""
    provider, at, _ = whole.text.partition("@")
    if not at:
        return _parse_bare(whole, grammar)
    rest = _slice(whole, len(provider) + 1, whole.end)
    if provider == "k8s_secret":
        return _parse_secret(rest, grammar)
    if provider == "file":
        return _parse_mounted(rest, grammar)
    # secret-helper's words, so that a search for them still leads somewhere
    raise HandleError(
        "provider-unknown", f"provider not supported: {_shown(provider)}", _PROVIDERS, 0, len(provider)
    )


def _parse_bare(whole: Part, grammar: Grammar) -> Handle:
    """Bare = Semicolon | Relative  (* Semicolon: BUNDLED only, and only if it matches entirely *)."""
    if grammar is Grammar.BUNDLED and ";" in whole.text[:_LONGEST_SECRET]:
        try:
            return _parse_semicolon(whole)
        except HandleError:
            pass  # a file may have such a name
    return _parse_relative(whole, grammar)


def _parse_secret(rest: Part, grammar: Grammar) -> KubernetesSecret:
    """Secret = Slashes | Semicolon  (* Semicolon: BUNDLED only *)."""
    if grammar is Grammar.BUNDLED and rest.text.find(";", 0, _LONGEST_SECRET) >= 0:
        return _parse_semicolon(rest)
    return _parse_slashes(rest)


def _parse_slashes(rest: Part) -> KubernetesSecret:
    """Slashes = Namespace "/" Name "/" Key."""
    found = rest.text.count("/") + 1
    if found != 3:
        parts = "is one part" if found == 1 else f"are {found} parts"
        raise _malformed(rest, f"a Secret's key has three parts, here {parts}", _SLASHES)
    first = rest.text.index("/")
    return _parse_parts(rest, first, rest.text.index("/", first + 1), _SLASHES)


def _parse_semicolon(whole: Part) -> KubernetesSecret:
    """Semicolon = Namespace "/" Name ";" Key  (* the first ";", then the first "/" before it *)."""
    second = whole.text.find(";")
    first = whole.text.find("/", 0, max(second, 0))
    if first < 0:
        raise _malformed(whole, "not of the form namespace/name;key", _SEMICOLON)
    return _parse_parts(whole, first, second, _SEMICOLON)


def _parse_parts(whole: Part, first: int, second: int, fix: str) -> KubernetesSecret:
    """Namespace = DNS label; Name = DNS subdomain; Key = 1 * 253 (letter | digit | "-" | "." | "_")."""
    start = whole.start
    namespace = Part(whole.text[:first], start, start + first)
    name = Part(whole.text[first + 1 : second], start + first + 1, start + second)
    key = Part(whole.text[second + 1 :], start + second + 1, whole.end)
    for part, form in ((namespace, _NAMESPACE), (name, _NAME), (key, _KEY)):
        _check(part, form, fix)
    return KubernetesSecret(namespace, name, key)


def _check(part: Part, form: _Form, fix: str) -> None:
    if not part.text:
        raise _malformed(part, f"the {form.what} is empty", fix)
    if len(part.text) > form.longest:
        raise _malformed(part, f"the {form.what} has more than {form.longest} characters", fix)
    if not form.pattern.fullmatch(part.text):
        raise _malformed(part, f"the {form.what} '{_shown(part.text)}' is not {form.words}", fix)


def _parse_mounted(path: Part, grammar: Grammar) -> MountedFile:
    """Path = "/" Segment { "/" Segment }  (* BUILTIN: any path *)."""
    _check_path(path, grammar, _ABSOLUTE)
    if grammar is Grammar.BUILTIN:
        return MountedFile(path)
    if not path.text.startswith("/"):
        raise _refused(path, "the path is not absolute", _ABSOLUTE)
    _check_segments(_slice(path, 1, len(path.text)), _ABSOLUTE)
    for folder in NEVER_SECRETS:
        if (path.text + "/").startswith(folder + "/"):
            raise _refused(path, f"nothing under {folder} is a secret for a check", _ABSOLUTE)
    return MountedFile(path)


def _parse_root_files(whole: Part) -> RootFile:
    """RootFiles = Relative  (* no provider is known: one that is written is a mistake, not a folder's name *)."""
    provider, _, _ = whole.text.partition("@")
    if provider in ("k8s_secret", "file") and provider != whole.text:
        message = f"this resolver knows no providers, not {provider} either"
        raise HandleError("provider-unknown", message, _RELATIVE, 0, len(provider))
    return _parse_relative(whole, Grammar.ROOT_FILES)


def _parse_relative(path: Part, grammar: Grammar) -> RootFile:
    """Relative = Segment { "/" Segment }  (* one segment only if it is in braces: a JSON handle is at most a name *)."""
    _check_path(path, grammar, _RELATIVE)
    if path.text[0] == "{" and path.text[-1] == "}" and "/" in path.text:
        raise _malformed(
            path, "a JSON handle is for a resolver of your own, this one reads files", _PROVIDERS
        )
    if grammar is Grammar.BUNDLED and path.text[0] == "/":
        raise _refused(path, "the path is absolute", f"{_ABSOLUTE}; or {_RELATIVE}")
    _check_segments(path, _RELATIVE, plain=grammar is Grammar.BUNDLED)
    return RootFile(path)


def _check_path(path: Part, grammar: Grammar, fix: str) -> None:
    if not path.text:
        raise _malformed(path, "the path is empty", fix)
    if len(path.text) > _MAX_PATH:
        raise _malformed(path, f"the path has more than {_MAX_PATH} bytes", fix)
    bad = (_NO_PATH if grammar is Grammar.BUILTIN else _CONTROL).search(path.text)
    if bad:
        raise _malformed(_slice(path, *bad.span()), f"no path has the character '{_shown(bad.group())}'", fix)
    if len(path.text.encode()) > _MAX_PATH:
        raise _malformed(path, f"the path has more than {_MAX_PATH} bytes", fix)


def _check_segments(path: Part, fix: str, *, plain: bool = True) -> None:
    """Segment = 1 * 255 byte  (* never ".."; "." and "" only where the reader would normalise them *)."""
    start = 0
    for segment in path.text.split("/"):
        part = _slice(path, start, start + len(segment))
        if segment == ".." or (plain and segment in ("", ".")):
            raise _refused(part, f"the path has the segment {segment!r}", fix)
        if len(segment.encode()) > _MAX_SEGMENT:
            raise _malformed(part, f"a file's name has more than {_MAX_SEGMENT} bytes", fix)
        start += len(segment) + 1


def _slice(part: Part, start: int, end: int) -> Part:
    return Part(part.text[start:end], part.start + start, part.start + min(end, len(part.text)))


def _malformed(part: Part, message: str, fix: str) -> HandleError:
    return HandleError("handle-malformed", message, fix, part.start, part.end)


def _refused(part: Part, message: str, fix: str) -> HandleError:
    return HandleError("path-refused", message, fix, part.start, part.end)


def _shown(text: str) -> str:
    """Render a piece of a handle for a message: short, and with nothing that a terminal or a log would act on."""
    return repr(text[:40])[1:-1] + ("…" if len(text) > 40 else "")
