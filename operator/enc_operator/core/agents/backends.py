"""What reads a handle in an Agent: the configured secret backend, and its grammar.

Source: the Agent's `comp/core/secrets/impl`: a command goes before a type, a type before `multi_secret_backends`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from enc_operator.core.inventory import NOTHING
from enc_resolver.handles import Grammar, Handle, HandleError, KubernetesSecret, Part, parse_handle

BUILTIN_COMMAND = "/readsecret_multiple_providers.sh"
_ROOT_COMMANDS = ("/readsecret.sh", "/readsecret.py")
BUNDLED_COMMANDS = ("/etc/enc/bin/resolver", "/etc/enc/bin/guard")
K8S_SECRETS = "k8s.secrets"


class BackendKind(StrEnum):
    """Who reads the handles."""

    NONE = "none"
    BUNDLED = "bundled"
    BUILTIN = "builtin"
    ROOT_FILES = "root-files"
    TYPE = "type"
    MULTIPLE = "multiple"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True)
class Opaque:
    """A handle that only the backend understands, outside Kubernetes' Secrets: nothing to grant for it."""

    backend: str
    text: str


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

    def _read_custom(self, text: str) -> Handle | Opaque:
        """Read what is written for a Kubernetes Secret as such; the rest is the command's own affair."""
        if text.startswith("k8s_secret@"):
            return parse_handle(text, Grammar.BUILTIN)
        return Opaque(self.command, text)

    def _read_multiple(self, text: str) -> Handle | Opaque:
        identifier, separator, rest = text.partition(";")
        known = self.types.get(identifier.lower())
        if not separator or known is None:
            listed = ", ".join(sorted(self.types)) or "none"
            message = (
                f'multi_secret_backends has no backend "{identifier[:40]}"'
                if separator
                else "no backend ID before a `;`"
            )
            raise HandleError(
                "backend-unreadable",
                message,
                f"write backendID;handle (configured: {listed})",
                0,
                len(identifier),
            )
        return _read_typed(known, rest, text)


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
    if kind != K8S_SECRETS:
        return Opaque(kind, text)
    handle = parse_handle(text, Grammar.K8S_SECRETS)
    if not isinstance(handle, KubernetesSecret):  # pragma: no cover - this grammar has no other meaning
        return Opaque(kind, text)
    shift = len(whole) - len(text)
    parts = (
        Part(part.text, part.start + shift, part.end + shift)
        for part in (handle.namespace, handle.name, handle.key)
    )
    return KubernetesSecret(*parts)


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
    root = next((argument for argument in arguments if argument.startswith("/")), "")
    if command in BUNDLED_COMMANDS:
        return Backend(BackendKind.BUNDLED, command, root)
    if command == BUILTIN_COMMAND:
        return Backend(BackendKind.BUILTIN, command, root)
    if command in _ROOT_COMMANDS:
        return Backend(BackendKind.ROOT_FILES, command, root)
    if command.endswith(("/agent", "/datadog-cluster-agent")) and "secret-helper" in arguments:
        return Backend(BackendKind.BUILTIN, command, root)
    return Backend(BackendKind.CUSTOM, command)


def is_secret_setting(path: str) -> bool:
    """Tell whether a setting configures the backend itself, where a handle cannot work."""
    return path.startswith("secret_")
