"""The dashboard for Grafana: it shows what there is, all of it, each thing in a place of its own."""

import json
import re
from typing import Any

import pytest

from e2e.monitoring.prometheus import judge
from exposed_metrics import exposed
from rendering_chart import AGENTS, CHART, manifests, rendered

pytestmark = pytest.mark.usefixtures("prometheus")
DASHBOARD = "--set=metrics.dashboard.enabled=true"


def dashboard() -> Any:
    """Return the dashboard."""
    return json.loads((CHART / "dashboards/enc-operator.json").read_text())


def test_every_metric_of_the_dashboard_is_there() -> None:
    """Prometheus reads each expression; each is about one release."""
    targets = [target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", ())]
    found = judge([each.replace("$namespace", "enc-operator") for each in targets])

    assert [each.error for each in found if each.error] == []
    assert {name for each in found for name in each.metrics} <= exposed()
    assert [each for each in targets if each.count('namespace="$namespace"') != each.count("enc_")] == []


def test_the_dashboard_shows_every_metric() -> None:
    """But for sums and counts of histograms, of which it shows the quantiles."""
    shown = set(re.findall(r"enc_\w+", json.dumps(dashboard()["panels"])))

    assert {name for name in exposed() if not name.endswith(("_sum", "_count"))} - shown == set()


def test_panels_have_their_places() -> None:
    """None overlaps another, and each has a number of its own."""
    panels = dashboard()["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_grafana_finds_the_dashboard(helm: str) -> None:
    """By the usual label, and the file in the ConfigMap is the dashboard."""
    found = manifests(rendered(helm, AGENTS, DASHBOARD))
    (config,) = [each for each in found if each["metadata"]["name"] == "enc-operator-dashboard"]

    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(config["data"]["enc-operator.json"]) == dashboard()
