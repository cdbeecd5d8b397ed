"""Asking a cluster, with the user's own kubectl: as commands to copy, or all at once as SubjectAccessReviews.

A command impersonates the ServiceAccount by `--as` alone: for its name the API server adds its groups itself, and takes them
away where `--as-group` names any (k8s.io/apiserver `pkg/endpoints/filters/impersonation`); naming them also needs more rights.
A SubjectAccessReview has no such rule, so there the groups are written out.
"""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from enc_operator.cli.can_i.questions import Answer, Ask, Can
from enc_operator.core.inventory import Question
from enc_operator.errors import EncError

_SHOWN_LINES = 3
_LOG_LINE = re.compile(r"[IWEF]\d{4} ")  # of klog, which says the same in many more words
_REQUEST_TIMEOUT = "30s"


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Which cluster kubectl talks to; empty for its own choice."""

    context: str = ""
    kubeconfig: str = ""

    def arguments(self) -> list[str]:
        """Return the options that say so."""
        named = (("--kubeconfig", self.kubeconfig), ("--context", self.context))
        return [f"{option}={value}" for option, value in named if value]


def render_command(question: Question, kubectl: Kubectl) -> str:
    """Write a question as a command for a POSIX shell."""
    words = ["kubectl", *kubectl.arguments(), "auth", "can-i", "get", f"secret/{question.secret_name}"]
    words += ["--namespace", question.secret_namespace, f"--as={_user(question)}"]
    return shlex.join(words)


def _user(question: Question) -> str:
    return f"system:serviceaccount:{question.namespace}:{question.service_account}"


def ask_cluster(asks: Iterable[Ask], kubectl: Kubectl) -> dict[Question, Answer]:
    """Ask the cluster all questions in one call; raise EncError where it does not answer all of them.

    SubjectAccessReviews are never stored: nothing changes in the cluster.
    """
    questions = [ask.question for ask in asks]
    if not questions:
        return {}
    program = shutil.which("kubectl")
    if program is None:
        raise EncError("--live asks through kubectl, which is not in PATH", "install it, or leave --live out")
    command = [program, *kubectl.arguments(), "create", "-f", "-", "-o", "json"]
    command += ["--validate=false", f"--request-timeout={_REQUEST_TIMEOUT}"]
    ran = subprocess.run(  # noqa: S603 - the user's own kubectl, with options that it gets one by one
        command, input=_reviews(questions), capture_output=True, text=True, check=False
    )
    answers = dict(_read_reviews(ran.stdout))
    if ran.returncode or not answers.keys() >= set(questions):
        raise _not_answered(ran.stderr)
    return answers


def _reviews(questions: Sequence[Question]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": [_review(item) for item in questions]})


def _review(question: Question) -> dict[str, Any]:
    groups = [
        "system:serviceaccounts",
        f"system:serviceaccounts:{question.namespace}",
        "system:authenticated",
    ]
    asked = {
        "verb": "get",
        "resource": "secrets",
        "namespace": question.secret_namespace,
        "name": question.secret_name,
    }
    spec = {"user": _user(question), "groups": groups, "resourceAttributes": asked}
    return {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": spec}


def _read_reviews(text: str) -> Iterator[tuple[Question, Answer]]:
    """Read what kubectl prints: one JSON object after the other; an older one prints a List."""
    decoder, position = json.JSONDecoder(), 0
    text = text.rstrip()
    while position < len(text):
        try:
            item, position = decoder.raw_decode(text, _skip_blanks(text, position))
        except ValueError:
            return
        for review in item.get("items", [item]):
            yield _question_in(review["spec"]), _answer_in(review.get("status", {}))


def _skip_blanks(text: str, position: int) -> int:
    while text[position].isspace():
        position += 1
    return position


def _question_in(spec: dict[str, Any]) -> Question:
    _, _, namespace, account = spec["user"].split(":")
    asked = spec["resourceAttributes"]
    return Question(namespace, account, asked["namespace"], asked["name"])


def _answer_in(status: dict[str, Any]) -> Answer:
    can = Can.YES if status.get("allowed") else Can.NO
    return Answer(can, status.get("reason") or status.get("evaluationError") or "")


def _not_answered(stderr: str) -> EncError:
    lines = list(dict.fromkeys(line.strip() for line in stderr.splitlines() if line.strip()))
    lines = [line for line in lines if not _LOG_LINE.match(line)] or lines
    said = " / ".join(lines[-_SHOWN_LINES:]) or "it gave no answer to some questions"
    if "subjectaccessreviews" in stderr and "forbidden" in stderr:
        fix = "you need the right to create subjectaccessreviews (ClusterRole system:auth-delegator has it); or leave --live out"
    else:
        fix = "check --context and --kubeconfig, or leave --live out"
    return EncError(f"the cluster could not be asked: {said}", fix)
