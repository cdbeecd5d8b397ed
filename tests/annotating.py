"""Autodiscovery annotations for tests: how they are grouped, and what is live in them."""

import json
from typing import Any

from enc_operator.core.templates.autodiscovery import Group, groups_of, parse_key
from enc_operator.core.templates.strings import strings_in

AD = "ad.datadoghq.com/"
LEGACY = "service-discovery.datadoghq.com/"
ENC = "ENC[x]"
V1 = {AD + "a.check_names": ["x"], AD + "a.init_configs": [{}], AD + "a.instances": [{"p": "ENC[v1]"}]}


def groups(annotations: dict[str, Any]) -> list[Group]:
    """Group the annotations of a pod; values that are no text are written as JSON."""
    texts = {
        key: value if isinstance(value, str) else json.dumps(value) for key, value in annotations.items()
    }
    return groups_of([key for key in map(parse_key, texts) if key], texts)


def live(annotations: dict[str, Any]) -> set[str]:
    """Return the handles that stand where the Agent takes a check from, by what is in their brackets."""
    return {
        text
        for group in groups(annotations)
        for suffix, parsed in group.values.items()
        for inner, text in strings_in(parsed.value)
        if text.startswith("ENC[") and group.is_live(suffix, inner)
    }


def problems(annotations: dict[str, Any]) -> list[tuple[str, str, str, tuple[Any, ...]]]:
    """Return what is wrong: the key, the code, the words and the place in the value."""
    return [(p.key.text, p.code, p.what, p.inner) for group in groups(annotations) for p in group.problems]
