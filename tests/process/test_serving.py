"""Health and metrics over HTTP."""

from collections.abc import Iterator

import pytest
import urllib3
from prometheus_client import parser

from enc_operator.cluster.calls import Call
from enc_operator.cluster.reflector import ReflectorState
from enc_operator.controller.metrics import Metrics
from enc_operator.controller.report import Report
from enc_operator.controller.state import State
from enc_operator.core.findings import ObjectRef
from enc_operator.process.serving import HealthServer
from enc_operator.process.settings import Listen

TARGET = ObjectRef("AgentTarget", "dd", "a")
COUNTS = {"allowed": 3, "denied": 2, "residual": 1}
REPORT = Report(
    components={TARGET: ({"component": "agent", "references": COUNTS},)},
    permissions=4,
    planned=5,
    unauthorized={("Pod", "access-denied"): 6},
    unauthorized_objects=5,
)


@pytest.fixture
def states() -> list[State]:
    """Hold the state that is shown: the last one."""
    return [
        State(REPORT, {"/api/v1/pods": ReflectorState(synced=True, age=2.5)}, epoch=3, fence="", writes=7)
    ]


@pytest.fixture
def server(states: list[State]) -> Iterator[HealthServer]:
    """Serve on a free port."""
    metrics = Metrics()
    metrics.follow(lambda: states[-1])
    metrics.converged(0.04)
    metrics.called(Call("GET", "/api/v1/secrets-of-somebody"), 403, 0.1)
    found = HealthServer(Listen("127.0.0.1", 0), metrics.registry, lambda: states[-1])
    found.start()
    yield found
    found.stop()


def get(server: HealthServer, path: str) -> tuple[int, str]:
    """Ask."""
    answer = urllib3.request("GET", f"http://127.0.0.1:{server.port}{path}", retries=False, timeout=5)
    return answer.status, answer.data.decode()


def test_health_and_readiness_say_why(server: HealthServer, states: list[State]) -> None:
    """Each answer is whole, also the one after a longer one."""
    assert get(server, "/healthz") == (200, "ok\n")
    states.append(State(fence="the fence does not hold", heartbeat=500))
    assert get(server, "/readyz") == (503, "the fence does not hold\n")
    assert get(server, "/healthz")[0] == 503
    states.append(State(fence=""))
    assert get(server, "/readyz") == (200, "ok\n")
    assert get(server, "/healthz") == (200, "ok\n")


def test_nothing_else_is_served(server: HealthServer) -> None:
    """It says what is."""
    assert get(server, "/")[0] == 404
    assert "/metrics" in get(server, "/debug")[1]


def test_metrics_say_how_it_is_and_name_nobody(server: HealthServer) -> None:
    """Prometheus reads them; paths and objects of tenants are in no label."""
    status, text = get(server, "/metrics")
    found = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }

    assert status == 200
    assert found["enc_references", "agent", "denied"] == 2
    assert found["enc_references", "agent", "residual"] == 1
    assert found["enc_references_unauthorized", "Pod", "access-denied"] == 6
    assert found["enc_objects_unauthorized",] == 5
    assert found["enc_watch_age_seconds", "/api/v1/pods"] == 2.5
    assert (found["enc_leader",], found["enc_fence_holds",], found["enc_roles_managed",]) == (1, 1, 4)
    assert found["enc_writes_total",] == 7
    assert found["enc_api_requests_total", "403", "GET"] == 1
    assert found["enc_convergence_seconds_count",] == 1
    assert "somebody" not in text
