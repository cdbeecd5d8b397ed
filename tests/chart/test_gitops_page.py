"""docs/gitops.md is true of the chart and of the operator: values, names, conditions."""

from typing import Any

import pytest
import yaml
from lupa import lua51

from enc_operator.controller.report import Report
from enc_operator.controller.status import View, conditions_of
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import TargetFact
from pages import blocks
from rendering_chart import Manifest, manifests, rendered

_FILES = {name: text for _, name, text in blocks("gitops.md") if name}
_HEALTH = "resource.customizations.health.enc-operator.io_AgentTarget"
_AGENT = ObjectRef("AgentTarget", "datadog", "datadog")


def of_page(kind: str) -> Manifest:
    """Return the page's object of a kind."""
    (found,) = [each for text in _FILES.values() for each in manifests(text) if each.get("kind") == kind]
    return found


def values(kind: str) -> Manifest:
    """Return the chart's values that the page shows for a tool."""
    spec = of_page(kind)["spec"]
    found: Manifest = spec["values"] if kind == "HelmRelease" else spec["source"]["helm"]["valuesObject"]
    return found


def objects(helm: str, tmp_path: Any, kind: str) -> list[Manifest]:
    """Return what the chart renders with the page's values, or raise what it has against them."""
    file = tmp_path / "values.yaml"
    file.write_text(yaml.safe_dump(values(kind)))
    return manifests(rendered(helm, f"--values={file}"))


@pytest.mark.parametrize("kind", ["Application", "HelmRelease"])
def test_the_chart_takes_the_pages_values(kind: str, helm: str, tmp_path: Any) -> None:
    """And makes no Job that brings CRDs up to date, which both tools do themselves."""
    names = {each["metadata"]["name"] for each in objects(helm, tmp_path, kind)}

    assert "enc-operator-webhook" in names
    assert "enc-operator-crds" not in names


def test_every_ignored_difference_is_about_an_object_of_the_chart(helm: str, tmp_path: Any) -> None:
    """By group, kind and, where it is said, name; the mutating configuration comes with the injection."""
    found = {
        (
            each["apiVersion"].rpartition("/")[0].partition("/")[0] if "/" in each["apiVersion"] else "",
            each["kind"],
            each["metadata"]["name"],
        )
        for each in objects(helm, tmp_path, "Application")
    }
    for ignored in of_page("Application")["spec"]["ignoreDifferences"]:
        if ignored["kind"] != "MutatingWebhookConfiguration":
            assert any(
                (group, kind) == (ignored.get("group", ""), ignored["kind"])
                and name == ignored.get("name", name)
                for group, kind, name in found
            ), ignored


def health(target: Manifest) -> tuple[str, str]:
    """Run the page's health check as Argo CD does, and return status and message."""
    script = yaml.safe_load(_FILES["argocd-cm.yaml"])["data"][_HEALTH]
    runtime = lua51.LuaRuntime(register_eval=False)
    judge = runtime.eval(f"function(obj)\n{script}\nend")
    found = judge(runtime.table_from(target, recursive=True))
    return found.status, found.message


def target(view: View | None, *, seen: int = 2, report: Report | None = None) -> Manifest:
    """Return an AgentTarget of generation 2 with the operator's own conditions; without a view, one that it has not seen."""
    made: Manifest = {"metadata": {"generation": 2}}
    if view:
        found = conditions_of(
            _AGENT, report or Report(components={_AGENT: ({"references": {"allowed": 1}},)}), view
        )
        conditions = [
            {"type": each.type, "status": each.status, "reason": each.reason, "message": each.message}
            for each in found
        ]
        made["status"] = {"observedGeneration": seen, "conditions": conditions}
    return made


_HERE = frozenset({"datadog"})
_WRITING = Report(
    components={_AGENT: ({"references": {"allowed": 1}},)},
    targets={_AGENT: TargetFact(None, "datadog", "datadog", manage="RBAC")},
)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (target(None), "Progressing"),
        (target(View(_HERE), seen=1), "Progressing"),
        (target(View(_HERE, missing=("pods",)), report=_WRITING), "Progressing"),
        (target(View(_HERE)), "Healthy"),
        (target(View(frozenset())), "Degraded"),
        (target(View(_HERE, fence="a policy is gone")), "Degraded"),
    ],
    ids=[
        "not seen yet",
        "an older generation",
        "not everything is listed",
        "in order",
        "not listed by the install",
        "without the fence",
    ],
)
def test_argo_cds_health_check(found: Manifest, expected: str) -> None:
    """The operator's conditions come to the health that the page promises; the message is the operator's."""
    status, message = health(found)
    ready = [
        each["message"] for each in found.get("status", {}).get("conditions", ()) if each["type"] == "Ready"
    ]

    assert status == expected
    assert status == "Progressing" or [message] == ready
