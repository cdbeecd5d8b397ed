"""Agents' workloads that pass the mutating door, as the tests of it write them."""

import base64
import copy
import json
from collections.abc import Mapping
from typing import Any

import jsonpatch

from enc_operator.core.admission.model import Answer
from enc_operator.core.admission.mutation import mutate
from enc_operator.core.admission.world import World
from enc_operator.core.injection.parts import config_map
from living import Manifest, agent, check_file, frame, target
from reviewing import bare_world, document

COMMAND = {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/etc/enc/bin/resolver"}
BUILTIN = {"name": "DD_SECRET_BACKEND_COMMAND", "value": "/readsecret_multiple_providers.sh"}
FILES = [check_file("k8s_secret@shop/db/password", name=name) for name in ("confd", "cluster-confd")]
PAYLOAD = dict(config_map("dd", frame().resolver))
_DEFAULTS = {"terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File", "resources": {}}  # fmt: skip


def asking_world(*manifests: Manifest, manage: str = "Full", **spec: Any) -> World:
    """Return a world whose AgentTarget asks for the injection by the built-in helper, and whatever else there is."""
    wanted = {"crossNamespace": False, "resolver": {"mode": "builtin"}, **spec}
    return bare_world(target(manage, **wanted), *FILES, PAYLOAD, *manifests)


def workload(component: str = "agent", **container: Any) -> Manifest:
    """Return an Agent's workload without a backend, whose container has further fields."""
    found = agent(component, backend=False)
    found["spec"]["template"]["spec"]["containers"][0].update(container)
    return found


def mutated(
    manifest: Manifest, known: World | None = None, old: Manifest | None = None, **request: Any
) -> Answer:
    """Pass a workload through the door."""
    return mutate(document(manifest, old, **request), known or asking_world())


def patch_of(answer: Answer) -> list[dict[str, Any]]:
    """Return the operations of an answer's patch."""
    response = answer.document["response"]
    assert response.get("patchType", "JSONPatch") == "JSONPatch"
    found: list[dict[str, Any]] = json.loads(base64.b64decode(response.get("patch", "W10=")))
    return found


def patched(manifest: Manifest, answer: Answer) -> Manifest:
    """Return a workload with an answer's patch, as somebody else's implementation applies it."""
    found: Manifest = jsonpatch.apply_patch(manifest, patch_of(answer))
    return found


def pod_spec(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the specification of a workload's pods."""
    found: dict[str, Any] = manifest["spec"]["template"]["spec"]
    return found


def stored(manifest: Manifest) -> Manifest:
    """Return a workload as the API server gives it back: with its defaults, without empty text."""
    found = copy.deepcopy(manifest)
    spec = pod_spec(found)
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        container.update({key: value for key, value in _DEFAULTS.items() if key not in container})
        for variable in container.get("env", []):
            if variable.get("value") == "":
                del variable["value"]
    return found
