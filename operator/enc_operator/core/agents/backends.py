"""What reads a handle in an Agent: the configured secret backend, and its grammar.

Source: the Agent's `comp/core/secrets/impl`: a command goes before a type, a type before `multi_secret_backends`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, StrEnum

from enc_operator.core.inventory import NOTHING
from enc_resolver.handles import Grammar, Handle, HandleError, KubernetesSecret, Part, parse_handle

BUILTIN_COMMAND = "/readsecret_multiple_providers.sh"
_ROOT_COMMANDS = ("/readsecret.sh", "/readsecret.py")
BUNDLED_COMMANDS = ("/etc/enc/bin/resolver", "/etc/enc/bin/guard")
K8S_SECRETS = "k8s.secrets"
KUBERNETES_PREFIX = "k8s_secret@"
_PROVIDERS_SWITCH = "--with-provider-prefixes"
_WITH_VALUE = ("--allow-root", "--service-account")  # flags of our own resolver that take a path


class BackendKind(StrEnum):
    """Who reads the handles."""

    NONE = "none"
    BUNDLED = "bundled"
    BUILTIN = "builtin"
    ROOT_FILES = "root-files"
    TYPE = "type"
    MULTIPLE = "multiple"
    CUSTOM = "custom"


class Opaque(Enum):
    """A handle that only the backend understands, outside Kubernetes' Secrets: nothing to grant for it."""

    OPAQUE = "opaque"


OPAQUE = Opaque.OPAQUE


@dataclass(frozen=True, slots=True)
class Backend:
    """An Agent's secret backend. `root` is the folder of prefix-less handles; `types` maps backend IDs to types."""

    kind: BackendKind
    command: str = ""
    root: str = ""
    type: str = ""
    types: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def __str__(self) -> str:
        if self.kind is BackendKind.CUSTOM:
            return self.command
        if self.kind is BackendKind.TYPE:
            return f"secret_backend_type {self.type}"
        return _NAMES.get(self.kind, "multi_secret_backends")

    @property
    def is_users(self) -> bool:
        """Whether the user chose a backend that an injection must leave alone."""
        return self.kind in (
            BackendKind.TYPE,
            BackendKind.MULTIPLE,
            BackendKind.CUSTOM,
            BackendKind.ROOT_FILES,
        )

    def read(self, text: str) -> Handle | Opaque:
        """Read a handle as this backend would; raise HandleError where it has no meaning for it."""
        if self.kind is BackendKind.TYPE:
            return _read_typed(self.type, text, text)
        if self.kind is BackendKind.MULTIPLE:
            return self._read_multiple(text)
        if self.kind is BackendKind.CUSTOM:
            return self._read_custom(text)
        return parse_handle(text, _GRAMMARS[self.kind])

    def scoped_namespace(self, text: str) -> str:
        """Return the namespace that the Agent's own scoping takes a handle for, empty where it sees none.

        Source: `shouldResolvedSecret`: a `;` counts in any backend's handle, and a backend's ID is only cut off as it is
        written in the configuration, in lower case.
        """
        if text.startswith(KUBERNETES_PREFIX):
            return text[len(KUBERNETES_PREFIX) :].partition("/")[0]
        identifier, separator, rest = text.partition(";")
        if separator and self.kind is BackendKind.MULTIPLE and self.types.get(identifier) == K8S_SECRETS:
            identifier, separator, _ = rest.partition(";")
        return identifier.partition("/")[0] if separator else ""

    def _read_custom(self, text: str) -> Handle | Opaque:
        """Read what is written for a Kubernetes Secret as such; the rest is the command's own affair."""
        if text.startswith(KUBERNETES_PREFIX):
            return parse_handle(text, Grammar.BUILTIN)
        return OPAQUE

    def _read_multiple(self, text: str) -> Handle | Opaque:
        identifier, separator, rest = text.partition(";")
        known = self.types.get(identifier.lower())
        if separator and known is not None:
            return _read_typed(known, rest, text)
        shown = repr(identifier[:40])[1:-1]  # nothing that a terminal would act on
        what = (
            f'multi_secret_backends has no backend "{shown}"' if separator else "no backend ID before a `;`"
        )
        fix = f"write backendID;handle (configured: {', '.join(sorted(self.types))})"
        raise HandleError("backend-unreadable", what, fix, 0, len(identifier))


_NAMES = {
    BackendKind.NONE: "no secret backend",
    BackendKind.BUNDLED: "enc-operator's resolver",
    BackendKind.BUILTIN: "the Agent's built-in script",
    BackendKind.ROOT_FILES: "the Agent's readsecret script",
}
_GRAMMARS = {
    BackendKind.NONE: Grammar.BUNDLED,
    BackendKind.BUNDLED: Grammar.BUNDLED,
    BackendKind.BUILTIN: Grammar.BUILTIN,
    BackendKind.ROOT_FILES: Grammar.ROOT_FILES,
}


def _read_typed(kind: str, text: str, whole: str) -> Handle | Opaque:
    """Read the part of a handle that a type gets; places stay those in the whole handle."""
    shift = len(whole) - len(text)
    if kind != K8S_SECRETS:
        if text.startswith(KUBERNETES_PREFIX):  # the scripts' own; a type has no providers
            what, fix = f"{kind} knows no {KUBERNETES_PREFIX}", f"write it as {kind} names its secrets"
            raise HandleError("backend-unreadable", what, fix, shift, shift + len(KUBERNETES_PREFIX))
        return OPAQUE
    try:
        handle = parse_handle(text, Grammar.K8S_SECRETS)
    except HandleError as error:
        start, end = error.start + shift, error.end + shift
        raise HandleError(error.code, error.message, error.fix, start, end) from None
    parts = (getattr(handle, name) for name in ("namespace", "name", "key"))
    return KubernetesSecret(*(Part(part.text, part.start + shift, part.end + shift) for part in parts))


def decide_backend(settings: Mapping[str, str], types: Mapping[str, str] = NOTHING) -> Backend:
    """Decide the backend from `secret_backend_command`, `_arguments`, `_type` and the types by backend ID."""
    command = settings.get("secret_backend_command", "").strip()
    arguments = settings.get("secret_backend_arguments", "").split()
    if command:
        return _decide_command(command, arguments)
    kind = settings.get("secret_backend_type", "").strip()
    if kind:
        return Backend(BackendKind.TYPE, type=kind)
    if types:
        return Backend(BackendKind.MULTIPLE, types=types)
    return Backend(BackendKind.NONE)


def _decide_command(command: str, arguments: list[str]) -> Backend:
    root = _root_of(arguments)
    if command in BUNDLED_COMMANDS:
        return Backend(BackendKind.BUNDLED, command, root if "read" in arguments else "")
    if command == BUILTIN_COMMAND:
        return Backend(BackendKind.BUILTIN, command, root)
    if command in _ROOT_COMMANDS:
        return Backend(BackendKind.ROOT_FILES, command, root)
    if command.endswith(("/agent", "/datadog-cluster-agent")) and "secret-helper" in arguments:
        providers = _PROVIDERS_SWITCH in arguments or f"{_PROVIDERS_SWITCH}=true" in arguments
        return Backend(BackendKind.BUILTIN if providers else BackendKind.ROOT_FILES, command, root)
    return Backend(BackendKind.CUSTOM, command)


def _root_of(arguments: list[str]) -> str:
    """Return the folder of prefix-less handles: the first path that is no flag's value."""
    pairs = zip(["", *arguments], arguments, strict=False)
    return next((word for flag, word in pairs if word.startswith("/") and flag not in _WITH_VALUE), "")


def is_secret_setting(path: str) -> bool:
    """Tell whether a setting configures the backend itself, where a handle cannot work."""
    return path.lower().startswith(("secret_", "multi_secret_backends"))
