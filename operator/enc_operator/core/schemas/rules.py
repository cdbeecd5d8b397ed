"""Every CEL rule of the CRDs as a Python predicate, with the advice that a CRD's message has no room for.

The table's keys are the rules' exact texts: a rule that is changed in a CRD is unknown here until its predicate is
changed too. A predicate is asked only about values whose shape is right.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from enc_operator.core.schemas.metadata import (
    DNS_SUBDOMAIN,
    LABEL_KEY,
    LABEL_KEYS_RULE,
    NAMED_RULE,
    QUALIFIED_KEYS_OF_ANY_CASE_RULE,
    QUALIFIED_KEYS_RULE,
)
from enc_operator.core.schemas.translation import anchored, is_date_time

_LABEL_KEY = re.compile(anchored(LABEL_KEY))
_SUBDOMAIN = re.compile(anchored(DNS_SUBDOMAIN))
_NAME_PART = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]\Z")
_FIRST = datetime(1000, 1, 1, tzinfo=UTC)
_KEYS_FIX = "correct the keys, such as team or app.kubernetes.io/part-of"


@dataclass(frozen=True, slots=True)
class Rule:
    """A predicate that holds for good values, and what to do when it does not."""

    holds: Callable[[Any], bool]
    fix: str


def rule_of(text: str) -> Rule:
    """Return the predicate of a CEL rule; raise ValueError when there is none."""
    if text not in RULES:
        raise ValueError(f"no predicate for the CEL rule: {text}")
    return RULES[text]


def _one_of(*fields: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda value: sum(field in value for field in fields) == 1


def _star_alone(items: list[str]) -> bool:
    return "*" not in items or len(items) == 1


def _values_match_operator(requirement: Mapping[str, Any]) -> bool:
    return (requirement["operator"] in ("In", "NotIn")) == ("values" in requirement)


def _label_keys(labels: Mapping[str, Any]) -> bool:
    return all(len(key) <= 317 and _LABEL_KEY.match(key) for key in map(str, labels))


def _is_qualified(key: str) -> bool:
    """Tell whether it is a label's or annotation's key (k8s.io/apimachinery `pkg/util/validation`, IsQualifiedName)."""
    prefix, slash, name = key.rpartition("/")
    return bool(_NAME_PART.match(name) and (not slash or (len(prefix) <= 253 and _SUBDOMAIN.match(prefix))))


def _is_moment(text: str) -> bool:
    """Tell whether a time exists and is within the years 1000 to 9999 of UTC too, as CEL's timestamps are."""
    try:
        return is_date_time(text) and datetime.fromisoformat(text).astimezone(UTC) >= _FIRST
    except OverflowError:
        return False


def _volumes_suit_resolver(spec: Mapping[str, Any]) -> bool:
    builtin = spec.get("resolver", {}).get("mode") == "builtin"
    return not builtin or not any("allowedFrom" in volume for volume in spec.get("secretVolumes", ()))


RULES: Mapping[str, Rule] = {
    "[has(self.__namespace__), has(self.namespaceSelector), has(self.agent)].exists_one(member, member)": Rule(
        _one_of("namespace", "namespaceSelector", "agent"),
        "keep one of them; write further items for further referrers",
    ),
    "has(self.agent) != has(self.serviceAccounts)": Rule(
        _one_of("agent", "serviceAccounts"),
        'beside namespace or namespaceSelector add serviceAccounts, ["*"] for all; beside agent remove it',
    ),
    "has(self.__namespace__) != has(self.namespaceSelector)": Rule(
        _one_of("namespace", "namespaceSelector"),
        "keep one of them; write further items for further referrers",
    ),
    "has(self.namespaces) != has(self.namespaceSelector)": Rule(
        _one_of("namespaces", "namespaceSelector"), 'keep one of them; namespaces: ["*"] means all'
    ),
    "!('*' in self) || size(self) == 1": Rule(_star_alone, 'write ["*"] alone for all, or only names'),
    "(self.operator in ['In', 'NotIn']) == has(self.values)": Rule(
        _values_match_operator, "add values for In and NotIn; remove it for Exists and DoesNotExist"
    ),
    "has(self.matchLabels) || has(self.matchExpressions)": Rule(
        lambda selector: "matchLabels" in selector or "matchExpressions" in selector,
        "add matchLabels or matchExpressions, or name the namespace instead",
    ),
    "!has(self.resolver) || !has(self.resolver.mode) || self.resolver.mode != 'builtin' || !has(self.secretVolumes)"
    " || self.secretVolumes.all(volume, !has(volume.allowedFrom))": Rule(
        _volumes_suit_resolver, "remove allowedFrom, or use resolver.mode bundled"
    ),
    # The comparison is only there to have the conversion, which fails for a day that no calendar has.
    "timestamp(self) >= timestamp('1000-01-01T00:00:00Z')": Rule(
        _is_moment, "write it as 2030-12-31T23:59:59Z"
    ),
    QUALIFIED_KEYS_RULE: Rule(lambda labels: all(map(_is_qualified, map(str, labels))), _KEYS_FIX),
    QUALIFIED_KEYS_OF_ANY_CASE_RULE: Rule(
        lambda annotations: all(_is_qualified(str(key).lower()) for key in annotations), _KEYS_FIX
    ),
    LABEL_KEYS_RULE: Rule(_label_keys, "correct the keys, such as kubernetes.io/metadata.name or team"),
    NAMED_RULE: Rule(lambda metadata: "name" in metadata or "generateName" in metadata, "add metadata.name"),
}
