"""Check configuration files: `conf.d/<check>.yaml` and `conf.d/<check>.d/*.yaml`.

Source: the Agent's `comp/core/autodiscovery/providers/config_reader.go`. Only the first YAML document of a file is read.
"""

from dataclasses import dataclass
from typing import Any

from enc_operator.core.syntax import SyntaxFault, parse_yaml
from enc_operator.core.syntax.yaml_text import Parsed

_SECTIONS = ("init_config", "instances", "logs", "jmx_metrics")
_SUFFIXES = (".yaml", ".yml", ".yaml.default", ".yml.default")
_SERVICE_KINDS = ("kube_service", "kube_endpoints")


@dataclass(frozen=True, slots=True)
class CheckFile:
    """A check's file, decoded.

    `identifiers` are the `ad_identifiers`; `services` says that it is matched against Services or endpoints; `expression`
    that a CEL selector matches it, which is not evaluated here.
    """

    check: str
    parsed: Parsed
    identifiers: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    expression: bool = False
    cluster_check: bool = False

    @property
    def is_template(self) -> bool:
        """Whether the Agent waits for a container, a Service or an endpoint before it takes it as a check."""
        return bool(self.identifiers or self.services or self.expression)

    def is_live(self, inner: tuple[Any, ...]) -> bool:
        """Tell whether the Agent decrypts what stands at this path."""
        return bool(inner) and inner[0] in _SECTIONS


def is_check_file(path: str) -> bool:
    """Tell whether the Agent reads a file of this path below conf.d."""
    name = path.rpartition("/")[2]
    return name.endswith(_SUFFIXES)


def check_name(path: str) -> str:
    """Return the check that a file below conf.d belongs to: its folder `<check>.d`, else the file's stem."""
    folder, _, name = path.rpartition("/")
    folder = folder.rpartition("/")[2]
    if folder.endswith(".d") and folder != "conf.d":
        return folder[:-2]
    return next((name[: -len(suffix)] for suffix in _SUFFIXES if name.endswith(suffix)), name)


def parse_check_file(path: str, text: str) -> CheckFile:
    """Decode a check's file; raise `SyntaxFault` when it is no YAML or no mapping."""
    parsed = parse_yaml(text)
    if parsed.value is None:
        parsed.value = {}
    if not isinstance(parsed.value, dict):
        raise SyntaxFault(
            "config-invalid", "a check's file must be a mapping", "write init_config: and instances:"
        )
    value = parsed.value
    advanced = value.get("advanced_ad_identifiers")
    return CheckFile(
        check_name(path),
        parsed,
        _texts(value.get("ad_identifiers")),
        _kinds(advanced),
        "cel_selector" in value,
        value.get("cluster_check") is True,
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def _kinds(advanced: Any) -> tuple[str, ...]:
    if not isinstance(advanced, list):
        return ()
    return tuple(
        kind for kind in _SERVICE_KINDS if any(isinstance(item, dict) and kind in item for item in advanced)
    )
