"""What a handle means: its parts, and how each secret backend reads it. Pure."""

import re
from collections.abc import Iterator

from enc_operator.core.agents.backends import K8S_SECRETS, Backend, BackendKind, Opaque
from enc_operator.core.rendering import Table
from enc_resolver.handles import Handle, HandleError, KubernetesSecret, MountedFile

_ROOT = "/run/secrets"
_BACKENDS = (
    ("enc-operator's resolver", Backend(BackendKind.BUNDLED, root=_ROOT)),
    (
        "the Agent's built-in script (readsecret_multiple_providers.sh)",
        Backend(BackendKind.BUILTIN, root=_ROOT),
    ),
    ("the Agent's readsecret.sh or readsecret.py", Backend(BackendKind.ROOT_FILES, root=_ROOT)),
    (f"secret_backend_type: {K8S_SECRETS}", Backend(BackendKind.TYPE, type=K8S_SECRETS)),
    ("another secret_backend_type", Backend(BackendKind.TYPE, type="other")),
    ("a secret_backend_command of your own", Backend(BackendKind.CUSTOM)),
)
_VARIABLE = re.compile("(?:%%|‰)[^%‰]+(?:%%|‰)")
_STAND_IN = "variable{}"


def secret_of(handle: str) -> KubernetesSecret | None:
    """Return the Secret's key that the first backend to know one reads in a handle without variables."""
    found = (_read(backend, handle) for _, backend in _BACKENDS)
    return next((item for item in found if isinstance(item, KubernetesSecret)), None)


def part_lines(handle: str) -> Iterator[str]:
    """Yield the handle with a line under each of its parts."""
    yield f"ENC[{handle}]"
    secret = secret_of(handle)
    if secret is None:
        return
    for name, part in (("namespace", secret.namespace), ("Secret", secret.name), ("key", secret.key)):
        yield f"{' ' * (len('ENC[') + part.start)}{'^' * len(part.text)} {name}"


def backend_table(handle: str) -> Table:
    """Return what each backend makes of a handle."""
    plain, variables = _without_variables(handle)
    rows: list[tuple[str, ...]] = [
        (name, _with_variables(_meaning(backend, plain), variables)) for name, backend in _BACKENDS
    ]
    return "Read by", ("SECRET BACKEND", "MEANS"), rows


def _without_variables(handle: str) -> tuple[str, list[str]]:
    """Put a word in the place of each template variable, which no grammar knows."""
    variables = _VARIABLE.findall(handle)
    for number, variable in enumerate(variables):
        handle = handle.replace(variable, _STAND_IN.format(number), 1)
    return handle, variables


def _with_variables(text: str, variables: list[str]) -> str:
    for number, variable in enumerate(variables):
        text = text.replace(_STAND_IN.format(number), variable)
    return text


def _read(backend: Backend, handle: str) -> Handle | Opaque | HandleError:
    try:
        return backend.read(handle)
    except HandleError as error:
        return error


def _meaning(backend: Backend, handle: str) -> str:
    found = _read(backend, handle)
    if isinstance(found, HandleError):
        return f"nothing: {found.message}"
    if isinstance(found, Opaque):
        return "only that backend knows; nothing of Kubernetes is granted for it"
    if isinstance(found, KubernetesSecret):
        key, name, namespace = found.key.text, found.name.text, found.namespace.text
        return f"key {key} of Secret {name} in namespace {namespace}, through the Kubernetes API"
    if isinstance(found, MountedFile):
        return f"the file {found.path.text} of the Agent's container"
    return f"the file {found.path.text} below the resolver's root folder, such as {_ROOT}"
