"""Asking a cluster, with the user's own kubectl: as commands to copy, or all at once as SubjectAccessReviews.

A command impersonates the ServiceAccount by `--as` alone: for its name the API server adds its groups itself, and takes them
away where `--as-group` names any (k8s.io/apiserver `pkg/endpoints/filters/impersonation`); naming them also needs more rights.
A SubjectAccessReview has no such rule, so there the groups are written out.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from enc_operator.cli.can_i.questions import Answer, Can
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.kubectl.calls import last_words, run_kubectl
from enc_operator.core.inventory import Question
from enc_operator.core.rbac.reviews import access_review, user_of
from enc_operator.errors import EncError


def render_command(question: Question, kubectl: Kubectl) -> str:
    """Write a question as a command for a POSIX shell."""
    words = ["kubectl", *kubectl.arguments(), "auth", "can-i", "get", f"secret/{question.secret_name}"]
    words += ["--namespace", question.secret_namespace, f"--as={user_of(question)}"]
    return shlex.join(words)


def ask_cluster(questions: Iterable[Question], kubectl: Kubectl) -> dict[Question, Answer]:
    """Ask the cluster all questions in one call; raise EncError where it does not answer all of them.

    SubjectAccessReviews are never stored: nothing changes in the cluster.
    """
    asked = list(questions)
    if not asked:
        return {}
    ran = run_kubectl(kubectl, ["create", "-f", "-", "-o", "json", "--validate=false"], _reviews(asked))
    answers = dict(_read_reviews(ran.out.decode("utf-8", "replace")))
    if ran.failed or not answers.keys() >= set(asked):
        raise _not_answered(ran.err)
    return answers


def _reviews(questions: Sequence[Question]) -> str:
    return json.dumps(
        {"apiVersion": "v1", "kind": "List", "items": [access_review(item) for item in questions]}
    )


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
    said = last_words(stderr) or "it gave no answer to some questions"
    if "subjectaccessreviews" in stderr and "forbidden" in stderr:
        fix = "you need the right to create subjectaccessreviews (ClusterRole system:auth-delegator has it)"
    else:
        fix = "check --context and --kubeconfig"
    return EncError(f"the cluster could not be asked: {said}", fix)
