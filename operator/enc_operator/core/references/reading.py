"""One string of a template, as one Agent would read it: no handle, a Secret's key, something else, or a problem."""

import posixpath
from dataclasses import dataclass, replace

from enc_operator.core.agents.backends import KUBERNETES_PREFIX, Backend, BackendKind, Opaque
from enc_operator.core.agents.model import Agent
from enc_operator.core.references.model import (
    Idle,
    OtherTarget,
    Problem,
    Referrer,
    ReferrerKind,
    SecretTarget,
)
from enc_operator.core.templates.variables import Filled, Lookup, Substituted, Unknown, Value, substitute
from enc_resolver.handles import (
    Grammar,
    HandleError,
    KubernetesSecret,
    MountedFile,
    Part,
    handle_in,
    parse_handle,
)

_NO_BACKEND = Backend(BackendKind.NONE)


@dataclass(frozen=True, slots=True)
class Reading:
    """What a string means: its handle after template variables, and its target or its problem.

    `idle` says why the Agent drops the template before it asks for any secret.
    """

    handle: str
    target: SecretTarget | OtherTarget | None = None
    problem: Problem | None = None
    idle: Idle | None = None


def read_text(text: str, lookup: Lookup, agent: Agent | None, referrer: Referrer) -> Reading | None:
    """Read a string of a template; None if it can never be a handle.

    Outside Kubernetes nothing is granted: what only may be a handle there is not worth a line.
    """
    substituted = substitute(text, lookup if _is_lone_variable(text) else _within_text(lookup))
    if not substituted.could_be_handle():
        return None
    if referrer.kind is ReferrerKind.OUTSIDE and handle_in(substituted.text) is None:
        return None
    return _read(text, substituted, agent, referrer)


def _is_lone_variable(text: str) -> bool:
    marked = text.replace("%%", "‰").strip(" \t")
    return marked.startswith("‰") and marked.endswith("‰") and marked.count("‰") == 2


def _within_text(lookup: Lookup) -> Lookup:
    """Return a lookup for text around variables: there a Secret's value that is no handle may be a part of one."""

    def careful(name: str, key: str) -> Value:
        value = lookup(name, key)
        return Unknown.ANY if name == "env" and value is Unknown.WORD else value

    return careful


def read_setting(text: str, agent: Agent, referrer: Referrer) -> Reading:
    """Read a handle of an Agent's own settings, where no template variables are."""
    return _read(text, Substituted(text), agent, referrer)


def _read(text: str, substituted: Substituted, agent: Agent | None, referrer: Referrer) -> Reading:
    """Read a substituted text, and put the place of its problem into terms of the text as written."""
    reading = _read_substituted(substituted, agent, referrer)
    problem = reading.problem
    if problem is None or problem.span is None:
        return reading
    shift = max(substituted.text.find(_BRACKET), 0) + len(_BRACKET)
    span = substituted.written(text, problem.span[0] + shift, problem.span[1] + shift)
    return replace(reading, problem=replace(problem, span=span))


_BRACKET = "ENC["


def _read_substituted(substituted: Substituted, agent: Agent | None, referrer: Referrer) -> Reading:
    handle = handle_in(substituted.text)
    shown = handle_in(substituted.shown()) or ""
    if handle is None:
        return Reading("", problem=_undetermined(substituted, "whether it is a handle at all"))
    idle = None
    if substituted.refused:
        why = f"the Agent has no value for {substituted.refused[0]} here and drops the template"
        idle = Idle("variable-unknown", why)
    problem = _refused_variables(substituted, referrer)
    if problem:
        return Reading(shown, problem=problem, idle=idle)
    try:
        reading = _read_handle(handle, substituted, agent, referrer)
    except HandleError as error:
        reading = Reading(handle, problem=_problem(error, agent))
    return Reading(shown, reading.target, reading.problem, idle)


def _problem(error: HandleError, agent: Agent | None) -> Problem:
    """Say whose grammar refuses the handle, where the user chose the backend."""
    if agent is not None and agent.backend.is_users:
        message = f"{agent.backend} cannot read it: {error.message}"
        return Problem("backend-unreadable", message, error.fix, (error.start, error.end))
    return Problem(_CODES.get(error.code, error.code), error.message, error.fix, (error.start, error.end))


_CODES = {"path-refused": "file-refused"}


def _refused_variables(substituted: Substituted, referrer: Referrer) -> Problem | None:
    """Refuse what somebody else's environment, or any unbounded text, would decide."""
    if referrer.kind is ReferrerKind.OUTSIDE:
        return None
    for filled in substituted.filled:
        if filled.variable.name == "env" and referrer.kind is not ReferrerKind.AGENT:
            return Problem(
                "variable-refused",
                f"{filled.variable} is the environment of the Agent, not of the pod: it may not decide which Secret is read",
                "write the Secret's name out",
                _place(filled, substituted),
            )
    if any(gap.kind is Unknown.ANY for gap in substituted.gaps):
        return _undetermined(substituted, "which Secret it names")
    return None


def _undetermined(substituted: Substituted, what: str) -> Problem:
    names = ", ".join(dict.fromkeys(str(gap.variable) for gap in substituted.gaps))
    own = any(gap.variable.name == "env" for gap in substituted.gaps)
    fix = (
        "add the Agent's ConfigMaps and Secrets to the input, or write the handle out"
        if own
        else "write the handle out"
    )
    message = f"the value of {names} decides {what}"
    return Problem("handle-undetermined", message, fix, _place(substituted.gaps[0], substituted))


def _place(filled: Filled, substituted: Substituted) -> tuple[int, int]:
    """Return where a variable's value stands, counted from the bracket of the handle."""
    shifted = _shift(filled, max(substituted.text.find(_BRACKET), 0) + len(_BRACKET))
    return shifted.start, shifted.end


def _read_handle(handle: str, substituted: Substituted, agent: Agent | None, referrer: Referrer) -> Reading:
    backend = agent.backend if agent else _NO_BACKEND
    if not handle and backend.kind not in (BackendKind.CUSTOM, BackendKind.TYPE):
        return Reading(handle, problem=_EMPTY)
    parsed = backend.read(handle)
    start = substituted.text.index(_BRACKET) + len(_BRACKET)
    filled = [_shift(item, start) for item in substituted.filled]
    if isinstance(parsed, Opaque):
        problem = (
            _opaque_problem(handle, substituted, filled, referrer)
            if backend.kind is BackendKind.CUSTOM
            else None
        )
        return Reading(handle, None if problem else OtherTarget(f"read by {backend}"), problem)
    if isinstance(parsed, KubernetesSecret):
        return _read_secret(handle, parsed, filled, referrer)
    if agent is None or not agent.in_kubernetes:
        return Reading(handle, OtherTarget("a file that the Agent reads"))
    if any(item.kind for item in filled):
        return Reading(handle, problem=_undetermined(substituted, "which file it names"))
    return _read_file(
        handle, _path_of(parsed.path.text, isinstance(parsed, MountedFile), backend), agent, referrer
    )


_EMPTY = Problem(
    "handle-malformed",
    "there is no handle between the brackets",
    "write ENC[k8s_secret@namespace/name/key]",
    (-len(_BRACKET), 1),
)


def _opaque_problem(
    handle: str, substituted: Substituted, filled: list[Filled], referrer: Referrer
) -> Problem | None:
    """Refuse what a command of the user's own may well read as a Secret or as any file."""
    if any(item.kind and item.start < len(KUBERNETES_PREFIX) for item in filled):
        return _undetermined(substituted, "whether it names a Secret")
    foreign = referrer.kind in (ReferrerKind.POD, ReferrerKind.SERVICE)
    return _BUILTIN_READS_ALL if foreign and handle.startswith("file@") else None


def _shift(filled: Filled, start: int) -> Filled:
    return Filled(filled.start - start, filled.end - start, filled.variable, filled.kind)


def _read_secret(handle: str, parsed: KubernetesSecret, filled: list[Filled], referrer: Referrer) -> Reading:
    for item in filled:
        if _decides_namespace(item, parsed) and str(item.variable) != "%%kube_namespace%%":
            what = f"{item.variable} may not stand in the namespace: only %%kube_namespace%% may"
            fix = "write the namespace out, or %%kube_namespace%%"
            return Reading(handle, problem=Problem("variable-refused", what, fix, (item.start, item.end)))
    if _has_gap(parsed.namespace, filled):
        service = referrer.kind is ReferrerKind.SERVICE
        problem = _NO_NAMESPACE if service else _UNKNOWN_NAMESPACE
        return Reading(handle, problem=replace(problem, span=parsed.namespace[1:]))
    name = None if _has_gap(parsed.name, filled) else parsed.name.text
    key = None if _has_gap(parsed.key, filled) else parsed.key.text
    return Reading(handle, SecretTarget(parsed.namespace.text, name, key))


_UNKNOWN_NAMESPACE = Problem(
    "handle-undetermined",
    "no pod of the input decides %%kube_namespace%%",
    "add the pods that the template matches to the input, or write the namespace out",
)
_NO_NAMESPACE = Problem(
    "handle-undetermined", "Services have no %%kube_namespace%%", "write the namespace out"
)


def _decides_namespace(filled: Filled, parsed: KubernetesSecret) -> bool:
    """Tell whether a variable stands in the namespace; one that is the whole handle only stands for it."""
    whole = filled.start < 0 and parsed.key.end < filled.end
    return _within(filled, parsed.namespace) and not whole


def _within(filled: Filled, part: Part) -> bool:
    return filled.start < part.end and part.start < filled.end


def _has_gap(part: Part, filled: list[Filled]) -> bool:
    return any(item.kind and _within(item, part) for item in filled)


def _path_of(path: str, absolute: bool, backend: Backend) -> str:  # noqa: FBT001
    if absolute:
        return path
    if not backend.root:
        message = (
            "a handle without provider is a file below the resolver's root folder, and none is configured"
        )
        raise HandleError(
            "file-refused", message, "write file@/path or k8s_secret@namespace/name/key", 0, len(path)
        )
    # As secret-helper joins them (Go's filepath.Join): an absolute path stays below the root too.
    return posixpath.normpath(f"{backend.root}/{path}")


def _read_file(handle: str, path: str, agent: Agent, referrer: Referrer) -> Reading:
    parse_handle(
        f"file@{path}", Grammar.BUNDLED
    )  # the built-in script reads any path; what we refuse, we refuse everywhere
    if referrer.kind is not ReferrerKind.AGENT and agent.backend.kind is BackendKind.BUILTIN:
        return Reading(handle, problem=_BUILTIN_READS_ALL)
    for mount in agent.mounts:
        key = mount.key_of(path)
        if key is not None and (mount.declared or referrer.kind is ReferrerKind.AGENT):
            if agent.backend.kind is BackendKind.BUNDLED and not mount.declared and not mount.is_folder:
                return Reading(handle, problem=_no_folder(path))
            return Reading(
                handle, SecretTarget(agent.namespace, mount.secret_name, key, path, mount.declared)
            )
    return Reading(handle, problem=_no_mount(path, agent, referrer))


def _no_folder(path: str) -> Problem:
    """Refuse to open what stands around a single file: the resolver does not know who refers."""
    return Problem(
        "file-refused",
        f"{path} cannot be opened to the resolver without its whole folder",
        "declare the Secret in the AgentTarget's secretVolumes, or mount it as a folder of its own without blanks in its path",
    )


_BUILTIN_READS_ALL = Problem(
    "file-refused",
    "the Agent's built-in script, or a command around it, reads any path, so no app team may name files",
    "use k8s_secret@namespace/name/key",
)


def _no_mount(path: str, agent: Agent, referrer: Referrer) -> Problem:
    if referrer.kind is ReferrerKind.AGENT:
        what = f"no Secret is mounted at {path} in {agent.name}"
        return Problem(
            "file-refused", what, "declare it in the AgentTarget's secretVolumes, or mount the Secret there"
        )
    return Problem(
        "file-refused",
        f"{path} is in no secret volume that is declared for app teams",
        "declare it in the AgentTarget's secretVolumes with allowedFrom, or use k8s_secret@namespace/name/key",
    )
