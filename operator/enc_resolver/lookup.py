"""Find what each handle stands for: which reader it needs, each Secret asked once, and an outcome for every handle.

What a handle means is ``handles``', how a file or a Secret is read is ``files``' and ``kubernetes_api``'s; the latter
is loaded only if a handle needs it, because TLS costs more start-up time than everything else together.
"""

from __future__ import annotations

import time

from enc_resolver.exchange import Failed, decide_outcome
from enc_resolver.files import FileRefusedError, find_root, read_below
from enc_resolver.handles import Grammar, HandleError, KubernetesSecret, MountedFile, parse_handle
from enc_resolver.values import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Dict, List, Optional, Sequence, Tuple, Union

    from enc_resolver.exchange import Outcome
    from enc_resolver.handles import RootFile

SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
_LATE = Failed("not read in time; secret_backend_timeout gives it longer")


class Settings(Value):
    """How this call of the resolver was configured; ``root`` also counts among ``roots``."""

    __slots__ = __match_args__ = ("grammar", "root", "roots", "max_size", "strip_newline", "service_account")
    grammar: Grammar
    root: Optional[str]
    roots: Tuple[str, ...]
    max_size: int
    strip_newline: bool
    service_account: str


def read_handles(handles: Sequence[str], settings: Settings, deadline: float) -> Dict[str, Outcome]:
    """Read each handle, until ``deadline`` on the monotonic clock; one that fails harms no other."""
    outcomes: Dict[str, Outcome] = dict.fromkeys(handles, _LATE)  # keeps the order asked
    secrets: List[Tuple[str, KubernetesSecret]] = []
    for text in handles:
        try:
            handle = parse_handle(text, settings.grammar)
            if isinstance(handle, KubernetesSecret):
                secrets.append((text, handle))
            elif time.monotonic() < deadline:
                outcomes[text] = _read_file(handle, settings)
        except HandleError as error:
            outcomes[text] = Failed(_described(text, error))
        except Exception as error:  # noqa: BLE001  (one handle never harms another; its text could hold a value)
            outcomes[text] = _internal(error)
    if secrets:
        outcomes.update(_read_secrets(secrets, settings, deadline))
    return outcomes


def _internal(error: Exception) -> Failed:
    return Failed(f"internal error: {type(error).__name__}")


def _described(text: str, error: HandleError) -> str:
    if error.code == "handle-malformed" and text.startswith("k8s_secret@"):
        return f'invalid format. Use: "namespace/name/key" ({error.message})'  # secret-helper's words first
    return str(error)


def _read_file(handle: Union[MountedFile, RootFile], settings: Settings) -> Outcome:
    try:
        if isinstance(handle, MountedFile):
            content = _read_mounted(handle.path.text, settings)
        else:
            content = _read_in_root(handle.path.text, settings)
    except FileRefusedError as error:
        return Failed(str(error))
    return decide_outcome(content, strip_newline=settings.strip_newline)


def _read_mounted(path: str, settings: Settings) -> bytes:
    root = find_root(path, settings.roots)
    if root is None:
        raise FileRefusedError("not under a declared folder; declare it with --allow-root")
    return read_below(root, path[len(root.rstrip("/")) :], settings.max_size)


def _read_in_root(path: str, settings: Settings) -> bytes:
    if settings.root is None:
        raise FileRefusedError(
            "a handle without a provider is a file of the root folder, and none is configured"
        )
    return read_below(settings.root, path, settings.max_size, whole_root=True)


def _read_secrets(
    wanted: Sequence[Tuple[str, KubernetesSecret]], settings: Settings, deadline: float
) -> Dict[str, Outcome]:
    try:
        from enc_resolver.kubernetes_api import Unreadable, read_secrets  # noqa: PLC0415  (see the module's docstring)

        found = read_secrets(_keys(wanted), settings.service_account, deadline)
    except Exception as error:  # noqa: BLE001  (no ssl module, no more threads: files are still answered)
        return dict.fromkeys([text for text, _ in wanted], _internal(error))
    outcomes: Dict[str, Outcome] = {}
    for text, handle in wanted:
        secret = found[handle.namespace.text, handle.name.text]
        value = secret if isinstance(secret, Unreadable) else secret[handle.key.text]
        if isinstance(value, Unreadable):
            outcomes[text] = Failed(value.why)
        else:
            outcomes[text] = decide_outcome(value, strip_newline=settings.strip_newline)
    return outcomes


def _keys(wanted: Sequence[Tuple[str, KubernetesSecret]]) -> Dict[Tuple[str, str], List[str]]:
    keys: Dict[Tuple[str, str], List[str]] = {}
    for _, handle in wanted:
        keys.setdefault((handle.namespace.text, handle.name.text), []).append(handle.key.text)
    return keys
