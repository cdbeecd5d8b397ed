"""The cluster as the user's own kubectl reaches it: what an install left there, and each step of taking it back."""

import json
import shutil
import subprocess
from typing import Any
from urllib.parse import urlencode

from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.kubectl.calls import last_words
from enc_operator.core.objects.authorization import OWNER
from enc_operator.core.removal import Leftovers, Loss, Step
from enc_operator.errors import EncError

_STOP_SECONDS = 120
_GONE = ("(NotFound)", "not found", "could not find the requested resource")
_CHANGED = ("(Conflict)", "the object has been modified", "Precondition failed", "testing value /metadata")


class Cluster:
    """One cluster; every method raises EncError with kubectl's own words."""

    def __init__(self, kubectl: Kubectl) -> None:
        program = shutil.which("kubectl")
        if program is None:
            raise EncError("kubectl is not in PATH", "install it")
        self._command = [program, *kubectl.calling("0")]  # a wait may take longer than a request

    def plan(self, install: str) -> tuple[Step, ...]:
        """Return what has to go as things stand."""
        return Leftovers(self._listed, install).plan()

    def losses(self, install: str) -> tuple[Loss, ...]:
        """Return what the Agents can no longer read afterwards."""
        return Leftovers(self._listed, install).losses()

    def stop(self, namespace: str, name: str) -> None:
        """Scale the operator's Deployment to nothing and wait until its last pod has gone: it would give everything anew."""
        within = ["--namespace", namespace]
        if self._run([*within, "scale", f"deployment/{name}", "--replicas=0"]) is None:
            return
        labels = f"app.kubernetes.io/instance={name},app.kubernetes.io/component=operator"
        self._run([*within, "wait", "pod", "-l", labels, "--for=delete", f"--timeout={_STOP_SECONDS}s"])

    def do(self, step: Step) -> None:
        """Carry out a step; one whose object has gone or changed is left to the next round."""
        body = json.dumps(step.body)
        if step.method == "DELETE":
            self._run(["delete", "--raw", step.path, "-f", "-"], body)
            return
        *_, namespace, plural, name = step.path.split("/")
        injected = isinstance(step.body, tuple)
        group, way = ("apps", "json") if injected else ("enc-operator.io", "merge")
        patch = ["patch", f"{plural}.{group}", name, "--namespace", namespace, f"--type={way}"]
        # By this manager the mutating webhook knows that what goes is to stay out.
        self._run([*patch, f"--field-manager={OWNER}", f"--patch={body}"])

    def _listed(self, path: str, label: str) -> list[dict[str, Any]]:
        selected = f"?{urlencode({'labelSelector': label})}" if label else ""
        found = self._run(["get", "--raw", f"{path}{selected}"])
        items: list[dict[str, Any]] = (json.loads(found)["items"] or []) if found else []
        return items

    def _run(self, arguments: list[str], text: str = "") -> str | None:
        """Return what kubectl prints; None where the object, or its kind, has gone or changed."""
        ran = subprocess.run(  # noqa: S603 - the user's own kubectl, with options that it gets one by one
            [*self._command, *arguments], input=text, capture_output=True, text=True, check=False
        )
        if not ran.returncode:
            return ran.stdout
        if any(words in ran.stderr for words in (*_GONE, *_CHANGED)):
            return None
        raise EncError(
            f"kubectl {arguments[0]} failed: {last_words(ran.stderr)}",
            "check --context and --kubeconfig, and that you may do this",
        )
