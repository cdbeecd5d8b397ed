"""An Agent's main configuration: its file and its environment, merged as the Agent merges them.

Source: the Agent's `pkg/config/setup/config.go`: the environment goes before the file; only variables bound to a setting count.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from enc_operator.core.agents.environment import Variable
from enc_operator.core.agents.model import Scoping
from enc_operator.core.agents.oddities import oddities_in
from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.syntax import SyntaxFault, parse_json, parse_yaml
from enc_operator.core.templates.strings import Path, strings_in
from enc_operator.core.templates.variables import Unknown
from enc_resolver.handles import handle_in

# Read by `LoadProxyFromEnv` before secrets are resolved, without being bound; those without DD_ in any case of letters.
_PROXY_VARIABLES = frozenset({"DD_PROXY_HTTP", "DD_PROXY_HTTPS", "DD_PROXY_NO_PROXY"})
_COMMON_PROXY_VARIABLES = frozenset({"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"})
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


@dataclass(slots=True)
class MainFile:
    """A `datadog.yaml` (or `stackstate.yaml`, …), decoded."""

    where: Where
    value: Mapping[str, Any] = field(default_factory=dict)


def parse_main_file(text: str, where: Where) -> tuple[MainFile, list[Finding]]:
    """Decode an Agent's main file; what cannot be read is a finding, since the Agent would not start."""
    try:
        parsed = parse_yaml(text)
    except SyntaxFault as fault:
        place = where.spanning(fault.span(text))
        return MainFile(where), [
            finding(file_code(fault), place, f"{fault.message}: the Agent does not start", fault.fix)
        ]
    value = {} if parsed.value is None else parsed.value
    if not isinstance(value, dict):
        what = "the Agent's configuration must be a mapping: the Agent does not start"
        return MainFile(where), [finding("config-invalid", where, what, "write setting: value lines")]
    return MainFile(where, value), list(oddities_in(parsed, where))


def file_code(fault: SyntaxFault) -> str:
    """Return the code of a fault in an Agent's file: a handle's own is told, whatever else is that the file is broken."""
    return fault.code if fault.code == "handle-unquoted" else "config-invalid"


def variable_setting(name: str) -> str | None:
    """Return the setting that a `DD_` or `STS_` variable is written for: `DD_API_KEY` → `api_key`."""
    for prefix in ("DD_", "STS_"):
        if name.startswith(prefix):
            return name[len(prefix) :].lower()
    return None


def is_bound(name: str, settings: frozenset[str]) -> bool:
    """Tell whether the Agent binds a variable to a setting; without a list every `DD_` and `STS_` variable counts."""
    if name in _PROXY_VARIABLES or name.upper() in _COMMON_PROXY_VARIABLES:
        return True
    setting = variable_setting(name)
    return setting is not None and (not settings or f"DD_{setting.upper()}" in settings)


def merged_settings(files: list[MainFile], environment: Mapping[str, Variable]) -> dict[str, str]:
    """Return the top-level settings as text, the environment before the files."""
    merged: dict[str, str] = {}
    for file in files:
        merged.update((str(key), _as_text(value)) for key, value in file.value.items() if value is not None)
    for variable in environment.values():
        setting = variable_setting(variable.name)
        if setting and isinstance(variable.value, str) and variable.value:
            merged[setting] = variable.value
        elif setting == "secret_backend_command" and isinstance(variable.value, Unknown):
            merged[setting] = UNSEEN_COMMAND
    return merged


UNSEEN_COMMAND = "a backend that the input does not show"


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return " ".join(value)
    return json.dumps(value, default=str)


def backend_types(settings: Mapping[str, str]) -> dict[str, str]:
    """Return `multi_secret_backends` as type by backend ID, in lower case."""
    value = _decoded(settings.get("multi_secret_backends", ""))
    if not isinstance(value, dict):
        return {}
    return {
        str(identifier).lower(): str(backend.get("type", ""))
        for identifier, backend in value.items()
        if isinstance(backend, dict)
    }


def scoping_of(settings: Mapping[str, str]) -> Scoping:
    """Return the Agent's own limits on which handles it resolves."""
    images = _decoded(settings.get("secret_image_to_handle", ""))
    allowed = _decoded(settings.get("secret_allowed_k8s_namespace", ""))
    if not isinstance(allowed, list):
        allowed = settings.get("secret_allowed_k8s_namespace", "").split()
    return Scoping(
        is_true(settings.get("secret_scope_integration_to_their_k8s_namespace", "")),
        tuple(str(namespace) for namespace in allowed),
        {
            str(image): tuple(handles.split() if isinstance(handles, str) else map(str, handles))
            for image, handles in (images.items() if isinstance(images, dict) else ())
            if isinstance(handles, str | list)
        },
    )


def is_true(text: str) -> bool:
    """Read a boolean as Go's strconv.ParseBool does."""
    return text in _TRUE


def _decoded(text: str) -> Any:
    """Decode a structured setting; None if it is no JSON."""
    if not text.strip().startswith(("[", "{")):
        return None
    try:
        return parse_json(text).value
    except SyntaxFault:
        return None


def handles_in_variable(value: str) -> Iterator[tuple[Path, str]]:
    """Yield the handles of a variable: its whole text, or strings of its JSON, which the Agent decodes first."""
    for path, item in strings_in(value_of(value)):
        if handle_in(item) is not None:
            yield path, item


def value_of(text: str) -> Any:
    """Return what a setting's text stands for: the value of its JSON, else the text."""
    decoded = _decoded(text)
    return text if decoded is None else decoded


def is_overridden(path: Path, environment: Mapping[str, Variable], settings: frozenset[str]) -> str | None:
    """Return the variable that wins over a place of the main file, or None."""
    for length in range(1, len(path) + 1):
        name = "_".join(str(step) for step in path[:length]).upper()
        for prefix in ("DD_", "STS_"):
            variable = environment.get(prefix + name)
            if variable is not None and variable.value != "" and is_bound(variable.name, settings):
                return variable.name
    return None
