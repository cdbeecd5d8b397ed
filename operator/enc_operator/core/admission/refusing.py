"""Which findings about a text refuse the object that holds it: the same for what comes in and for what stands in the cluster.

Whether a reference may use its Secret is decided elsewhere; here it is what cannot be read, or names what is somebody else's.
"""

from collections.abc import Mapping

from enc_operator.core.admission.predicate import MOST_HANDLES, may_hold_handle
from enc_operator.core.findings import CATALOGUE, Finding, Severity, Where
from enc_operator.core.templates.autodiscovery import parse_key


def refuses_annotation(finding: Finding, annotations: Mapping[str, str]) -> bool:
    """Tell whether a finding refuses: a text that could hold anything, or a `check.id` that is another container's own."""
    name = str(finding.where.path[-1])
    if not CATALOGUE[finding.code].ignorable:
        return may_hold_handle(annotations.get(name, ""))
    key = parse_key(name)
    return finding.code == "template-invalid" and key is not None and key.suffix == "check.id"


def refuses_configuration(finding: Finding) -> bool:
    """Tell whether a finding refuses configuration that is no annotation: it could not be read."""
    return not CATALOGUE[finding.code].ignorable


def too_many(where: Where) -> Finding:
    """Return that an object refers to too much to be read while others wait."""
    what = f"it has more than {MOST_HANDLES} templates, handles and template variables, which are too many to be judged"
    return Finding("handles-too-many", Severity.ERROR, where, what, "spread them over several objects")


def too_large(where: Where) -> Finding:
    """Return that an object's text takes too long to be read while others wait."""
    what = "it could hold handles, and is too large to be read while others wait"
    return Finding("text-too-large", Severity.ERROR, where, what, "spread it over several objects")


def too_deep(where: Where) -> Finding:
    """Return that something of an object could not be read for its depth."""
    what = "something of it lies too deep to be read, and could be a handle"
    return Finding("json-depth", Severity.ERROR, where, what, "flatten it")
