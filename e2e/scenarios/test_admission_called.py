"""When the API server calls the webhook at all: for whatever the core calls a reference, and for nothing that holds no handle.

The conditions are the chart's own, evaluated by the API server; the texts are made to slip through them.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from e2e.cluster.folder import wait_until
from e2e.scenarios import admission_ways as ways
from e2e.scenarios.admission_ways import MERGE, pod, service, stored
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.rendered_chart import Manifest
from e2e.scenarios.webhooked_world import Webhooked, webhooked
from enc_operator.core.admission.annotated import gather_pods, gather_services
from enc_operator.core.admission.model import Request
from enc_operator.core.admission.reading import read_request
from enc_operator.core.objects.pods import TEMPLATES
from reviewing import document
from reviewing import world as known_world

_REVIEWS = re.compile(r'^enc_admission_seconds_count\{decision="\w+"\} ([\d.e+]+)$', re.MULTILINE)
_KNOWN = known_world()
_WORKLOADS = ("ReplicaSet", "CronJob", "PodTemplate")
_EXAMPLES = 50

HANDLES = st.sampled_from([
    "ENC[k8s_secret@bank/db/p]", "ENC[k8s_secret@%%kube_namespace%%/db/p]", "ENC[file@/a]", "ENC[]", "ENC[a;b]", "ENC[[]]",
])  # fmt: skip
VARIABLES = st.sampled_from([
    "%%hostname%%", "%%host%%", "%%host_a%%", "%%port%%", "%%pid%%", "%%env_A%%", "%%extra_a%%", "%%kube_pod_name%%",
    "‰hostname‰", "‰extra_a‰", "‰pid‰", "%%", "‰", "%", " ", "\t", "\n",
])  # fmt: skip
KEYS = st.sampled_from([
    f"{prefix}.{vendor}.com/{name}"
    for prefix in ("ad", "service-discovery")
    for vendor in ("datadoghq", "stackstate")
    for name in ("app.checks", "app.instances", "app.init_configs", "app.logs", "nobody.checks", "service.checks",
                 "service.instances", "endpoints.checks", "endpoints.instances", "app.check.id")
])  # fmt: skip


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Draw a text that may hold a handle: split by variables, in JSON of one shape or another, its letters escaped or not."""
    value = draw(HANDLES)
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(value)))
        value = value[:place] + draw(VARIABLES) + value[place:]
    shapes = [
        ways.checks(value),
        ways.checks("", tags=[value]),
        json.dumps([{"a": value}]),
        json.dumps({value: 1}),
        value,
    ]
    text = json.dumps(json.loads(draw(st.sampled_from(shapes[:4]))), ensure_ascii=draw(st.booleans()))
    text = draw(st.sampled_from([text, text, value]))
    escaped = draw(st.sets(st.integers(0, len(text) - 1), max_size=3))
    return "".join(
        f"\\u{ord(letter):04x}" if index in escaped and letter.isalnum() else letter
        for index, letter in enumerate(text)
    )


@pytest.fixture(scope="module")
def auditing(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhooked]:
    """Have a webhook that lets everything in, as a new install's does."""
    with webhooked(tenants, tmp_path_factory.mktemp("webhook")) as world:
        wait_until(lambda: world.try_foreign().accepted and _reviewed(world) > 0, "it is called", seconds=20)
        yield world


def _created(kind: str) -> Callable[[Webhooked, dict[str, str], str], Manifest]:
    """Return how an object of a kind is created with annotations where they count; it tells of the object."""

    def send(world: Webhooked, annotations: dict[str, str], _: str) -> Manifest:
        if kind in _WORKLOADS:
            path, manifest = ways.workload(world, kind, "")
            _template_of(manifest)["metadata"]["annotations"] = annotations
        else:
            manifest = (pod if kind == "Pod" else service)(world, None)
            manifest["metadata"]["annotations"] = annotations
            path = world.path(f"{kind.lower()}s")
        said = world.send("developer", "POST", f"{path}?dryRun=All", manifest)
        assert said.accepted, said.message
        return manifest

    return send


def _annotated(subresource: str) -> Callable[[Webhooked, dict[str, str], str], Manifest]:
    """Return how a pod is annotated, by one of its parts."""

    def send(world: Webhooked, annotations: dict[str, str], path: str) -> Manifest:
        patch = {"metadata": {"annotations": annotations}}
        said = world.send("developer", "PATCH", f"{path}{subresource}?dryRun=All", patch, MERGE)
        assert said.accepted, said.message
        return pod(world, None, annotations=annotations)

    return send


def _bound(world: Webhooked, annotations: dict[str, str], path: str) -> Manifest:
    """Bind a pod with annotations."""
    binding = ways.binding_of(path, None)
    binding["metadata"]["annotations"] = annotations
    said = world.send("developer", "POST", f"{path}/binding?dryRun=All", binding)
    assert said.accepted, said.message
    return pod(world, None, annotations=annotations)


_SENT = {
    "a pod": _created("Pod"),
    "a pod's annotations": _annotated(""),
    "a pod's status": _annotated("/status"),
    "a binding": _bound,
    "a Service": _created("Service"),
    **{f"a {kind}": _created(kind) for kind in _WORKLOADS},
}


def _template_of(manifest: Manifest) -> Manifest:
    found = manifest
    for step in TEMPLATES[manifest["kind"]]:
        found = found[step]
    return found


def _cares(manifest: Manifest) -> bool:
    """Tell whether the core finds a reference, or something for which it refuses."""
    placed = {**manifest, "metadata": {**manifest["metadata"], "namespace": "shop"}}
    request = read_request(document(placed))
    assert isinstance(request, Request)
    matter = (gather_services if manifest["kind"] == "Service" else gather_pods)(request, _KNOWN)
    return matter is not None and bool(matter.gathered.references or matter.refused)


def _reviewed(world: Webhooked) -> int:
    """Return how many reviews the webhook has answered, in whatever way; its own trials of itself, twice a minute, are among them."""
    return sum(int(float(count)) for count in _REVIEWS.findall(world.process.get("/metrics")[1]))


@pytest.mark.parametrize("way", _SENT)
def test_whatever_the_core_calls_a_reference_is_reviewed(way: str, auditing: Webhooked) -> None:
    """The webhook is called for each object in which the core finds a reference or refuses the text, however it is written."""
    bare = stored(auditing, pod(auditing, None))
    found: Counter[bool] = Counter()

    @settings(max_examples=_EXAMPLES, derandomize=True, deadline=None, database=None)
    @given(st.dictionaries(KEYS, texts(), min_size=1, max_size=2))
    def check(annotations: Mapping[str, str]) -> None:
        before = _reviewed(auditing)
        cared = _cares(_SENT[way](auditing, dict(annotations), bare))
        found[cared] += 1
        if cared:
            wait_until(lambda: _reviewed(auditing) > before, f"{annotations} is reviewed", seconds=5)

    check()
    assert found[True] >= _EXAMPLES // 3, found


_PLAIN = (
    None,
    "{}",
    ways.checks("plain"),
    ways.checks("%%host%%:%%port%%"),
    json.dumps([{"source": "web", "service": "web"}]),
)


@pytest.mark.parametrize("text", _PLAIN)
def test_what_holds_no_handle_costs_no_call(text: str | None, auditing: Webhooked) -> None:
    """Pods, Services, and what makes pods are not sent to the webhook without a handle, nor what is changed of them."""
    before = auditing.calls()
    for path, manifest in (
        (auditing.path("pods"), pod(auditing, text)),
        (auditing.path("services"), service(auditing, text)),
        *(ways.workload(auditing, kind, text) for kind in _WORKLOADS),
    ):
        assert auditing.send("developer", "POST", path, manifest).accepted
        for index in range(3):
            _label(auditing, f"{path}/{manifest['metadata']['name']}", index)

    assert auditing.calls() == before


def test_what_changes_nothing_costs_no_call(auditing: Webhooked) -> None:
    """A pod and a workload with a handle are sent once each; what changes of them afterwards, but for text, is nobody's affair."""
    text = ways.checks("ENC[k8s_secret@bank/db/p]")
    path, manifest = ways.workload(auditing, "ReplicaSet", text)
    assert auditing.send("admin", "POST", path, manifest).accepted
    workload = f"{path}/{manifest['metadata']['name']}"
    annotated = stored(auditing, pod(auditing, text))
    before = auditing.calls()

    for index in range(10):
        _label(auditing, annotated, index)
        _label(auditing, workload, index)
        status = {"status": {"phase": "Running", "message": str(index)}}
        assert auditing.send("admin", "PATCH", f"{annotated}/status", status, MERGE).accepted
    assert auditing.send("admin", "PATCH", workload, {"spec": {"minReadySeconds": 5}}, MERGE).accepted
    scale = {"spec": {"replicas": 0}}
    assert auditing.send("admin", "PATCH", f"{workload}/scale", scale, MERGE).accepted

    assert auditing.calls() == before


def _label(world: Webhooked, path: str, index: int) -> None:
    said = world.send("admin", "PATCH", path, {"metadata": {"labels": {"count": str(index)}}}, MERGE)
    assert said.accepted, said.message
