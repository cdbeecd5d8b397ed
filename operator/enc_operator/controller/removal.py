"""Taking everything back before an install goes: the operator is stopped, then its injections and permissions go."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from enc_operator.cluster.calls import JSON_PATCH, MERGE_PATCH, ApiError, Call
from enc_operator.cluster.gateway import Gateway
from enc_operator.core.removal import Leftovers, Loss, Step
from enc_operator.errors import EncError
from enc_operator.process.settings import Settings

_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
_OURS = (
    "agenttargets.enc-operator.io",
    "clustersecretgrants.enc-operator.io",
    "secretgrants.enc-operator.io",
)
_PAGE = 500
_ROUNDS = 5  # somebody else may change an object between our reading and our deleting
_STOP_SECONDS = 120.0
_CONFLICT, _NOT_FOUND, _INVALID = 409, 404, 422  # a patch whose test fails is invalid

Say = Callable[[str], None]


class Removal:
    """One install's removal; `say` is told of each step."""

    def __init__(self, gateway: Gateway, settings: Settings, say: Say) -> None:
        self._gateway = gateway
        self._settings = settings
        self._say = say

    def plan(self) -> tuple[Step, ...]:
        """Return what has to go as things stand."""
        return self._leftovers().plan()

    def losses(self) -> tuple[Loss, ...]:
        """Return what the Agents can no longer read afterwards."""
        return self._leftovers().losses()

    def _leftovers(self) -> Leftovers:
        """Return what may be there: injections where Agents run; elsewhere, and without injection, nothing may be read."""
        agents = self._settings.agents if self._settings.injection else ()
        return Leftovers(self._listed, self._settings.install, frozenset(agent.namespace for agent in agents))

    def stop(self, deployment: str) -> None:
        """Scale the operator's Deployment to nothing and wait until its last pod has gone: it would give everything anew."""
        namespace = self._settings.lease.namespace
        path = f"/apis/apps/v1/namespaces/{namespace}/deployments/{deployment}/scale"
        scaled = self._unless_gone(
            Call("PATCH", path, body={"spec": {"replicas": 0}}, content_type=MERGE_PATCH)
        )
        if scaled is None:
            return
        self._say(f"stop Deployment {namespace}/{deployment}")
        pods = Call(
            "GET", f"/api/v1/namespaces/{namespace}/pods", {"labelSelector": scaled["status"]["selector"]}
        )
        deadline = time.monotonic() + _STOP_SECONDS
        while self._gateway.call(pods)["items"]:
            if time.monotonic() > deadline:
                raise EncError(
                    f"pods of {namespace}/{deployment} are still there after {_STOP_SECONDS:g} s",
                    "see what holds them (kubectl describe), then try again",
                )
            time.sleep(1)

    def take_back(self) -> None:
        """Carry out the plan until nothing is left; raise EncError where something stays."""
        for _ in range(_ROUNDS):
            steps = self.plan()
            if not steps:
                return
            for step in steps:
                self._say(str(step))
                self._unless_gone(Call(step.method, step.path, body=step.body, content_type=_type(step)))
        left = ", ".join(map(str, self.plan()))
        if left:
            raise EncError(f"not done after {_ROUNDS} rounds: {left}", "see who writes them, then try again")

    def remove_crds(self) -> None:
        """Delete our CRDs, and with them every resource of theirs."""
        for name in _OURS:
            self._say(f"delete CustomResourceDefinition {name}")
            self._unless_gone(Call("DELETE", f"{_CRDS}/{name}"))

    def _unless_gone(self, call: Call) -> Mapping[str, Any] | None:
        """Return the answer; None where the object has gone or, so that the next round sees it anew, has changed."""
        try:
            return self._gateway.call(call)
        except ApiError as error:
            if error.status in (_NOT_FOUND, _CONFLICT, _INVALID):
                return None
            raise

    def _listed(self, path: str, label: str) -> Iterator[Mapping[str, Any]]:
        """Yield a collection in pages; nothing where its kind is not known (any more)."""
        query = {"labelSelector": label} if label else {}
        rest: dict[str, str] = {}
        while True:
            page = self._unless_gone(Call("GET", path, {**query, "limit": str(_PAGE), **rest}))
            yield from page["items"] if page else ()
            more = page["metadata"].get("continue") if page else ""
            if not more:
                return
            rest = {"continue": more}


def _type(step: Step) -> str:
    if step.method != "PATCH":
        return "application/json"
    return JSON_PATCH if isinstance(step.body, tuple) else MERGE_PATCH
