"""The cluster itself: new enough for the fence, with CRDs of this version. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from enc_operator import __version__
from enc_operator.cli.doctor.model import Check, Found, Manifest, Unreadable, fail, ok, unreadable, warn
from enc_operator.core.findings import ObjectRef
from enc_operator.core.objects.shapes import entries, mapping, text

CRDS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_OLDEST = (1, 30)  # ValidatingAdmissionPolicies are stable, which the fence is made of
_KEPT = ("name", "served", "storage", "schema", "subresources")
_UPGRADE = "upgrade the install with this version's chart, or apply the CRDs of manifests/install.yaml"


def check_version(found: Found) -> Check:
    """Check the API server's version."""
    if isinstance(found, Unreadable):
        return unreadable("cluster", found)
    answer = found or {}
    numbers = tuple(int(re.sub(r"\D.*", "", text(answer, each)) or 0) for each in ("major", "minor"))
    said = f"Kubernetes {text(answer, 'gitVersion').removeprefix('v')}"
    if numbers < _OLDEST:
        what = f"{said}: the fence needs 1.30 or later"
        return fail("cluster", what, fix="upgrade the cluster before you install enc-operator")
    return ok("cluster", said)


def check_crds(expected: Mapping[str, Manifest], found: Mapping[str, Found]) -> Iterator[Check]:
    """Check that the CRDs are there, served, and those of this version; both by name."""
    wrong = [check for name in expected for check in _check_crd(name, expected[name], found[name])]
    yield from wrong
    if not wrong:
        yield ok("crds", f"{len(expected)} CRDs of version {__version__}")


def _check_crd(name: str, expected: Manifest, found: Found) -> Iterator[Check]:
    where = ObjectRef("CustomResourceDefinition", "", name)
    if isinstance(found, Unreadable):
        yield unreadable("crds", found, where)
    elif found is None:
        yield fail("crds", "it does not exist", where, _UPGRADE)
    elif not _is_established(found):
        yield fail("crds", "the API server does not serve it", where, f"see kubectl describe crd {name}")
    elif _versions(found) != _versions(expected):
        what = f"it is not that of version {__version__}, with which encctl judges"
        yield warn("crds", what, where, f"{_UPGRADE}; or use the encctl of the install's version")


def _is_established(crd: Mapping[str, Any]) -> bool:
    conditions = [item for _, item in entries(mapping(crd, "status"), "conditions")]
    return any((text(item, "type"), text(item, "status")) == ("Established", "True") for item in conditions)


def _versions(crd: Mapping[str, Any]) -> list[dict[str, Any]]:
    versions = [item for _, item in entries(mapping(crd, "spec"), "versions")]
    return [{key: item.get(key) for key in _KEPT} for item in versions]
