"""Questions for a cluster: commands to copy, and SubjectAccessReviews through a kubectl (here one of shell)."""

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from enc_operator.cli.can_i.cluster import ask_cluster, render_command
from enc_operator.cli.can_i.questions import Answer, Can
from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.core.inventory import Question
from enc_operator.errors import EncError
from shell_scripts import write_program

FIRST = Question("dd", "node", "shop", "db")
SECOND = Question("dd", "cluster", "shop", "other")
ASKS = [FIRST, SECOND]


def review(question: Question, **status: Any) -> dict[str, Any]:
    """Return a review as the API server answers it."""
    asked = {
        "verb": "get", "resource": "secrets", "namespace": question.secret_namespace, "name": question.secret_name,
    }  # fmt: skip
    spec = {"user": f"system:serviceaccount:{question.namespace}:{question.service_account}"}
    return {"kind": "SubjectAccessReview", "spec": {**spec, "resourceAttributes": asked}, "status": status}


YES = review(FIRST, allowed=True, reason="RBAC: allowed")
NO = review(SECOND, allowed=False, evaluationError="no such role")


@pytest.fixture
def kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a kubectl that prints the file `out`, complains with `err`, and keeps what it was asked."""
    write_program(
        tmp_path / "kubectl",
        f'#!/bin/sh\ncd {tmp_path}\necho "$*" > arguments\n/bin/cat > asked\n/bin/cat out\n/bin/cat err >&2\n'
        "[ ! -s err ]\n",
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "out").write_text("")
    (tmp_path / "err").write_text("")
    return tmp_path


@pytest.mark.parametrize(
    ("told", "words"),
    [
        pytest.param(Kubectl(), ["kubectl"], id="kubectl's own choice"),
        pytest.param(
            Kubectl("a b", "/x y"),
            ["kubectl", "--kubeconfig=/x y", "--context=a b"],
            id="a context and a file with blanks",
        ),
    ],
)
def test_commands(told: Kubectl, words: list[str]) -> None:
    """A command is quoted for a shell, and impersonates the ServiceAccount without naming its groups."""
    assert shlex.split(render_command(FIRST, told)) == [
        *words, "auth", "can-i", "get", "secret/db", "--namespace", "shop", "--as=system:serviceaccount:dd:node",
    ]  # fmt: skip


def test_one_call(kubectl: Path) -> None:
    """All questions go in one call, with the groups that a ServiceAccount's token carries."""
    (kubectl / "out").write_text(f"{json.dumps(YES, indent=2)}\n{json.dumps(NO)}\n\n")

    answers = ask_cluster(ASKS, Kubectl("prod"))

    assert answers == {FIRST: Answer(Can.YES, "RBAC: allowed"), SECOND: Answer(Can.NO, "no such role")}
    asked = json.loads((kubectl / "asked").read_text())["items"]
    assert [item["spec"]["user"] for item in asked] == [
        "system:serviceaccount:dd:node",
        "system:serviceaccount:dd:cluster",
    ]
    assert asked[0]["spec"]["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:dd",
        "system:authenticated",
    ]
    assert (
        (kubectl / "arguments")
        .read_text()
        .startswith("--context=prod --request-timeout=30s create -f - -o json")
    )


def test_a_list_is_read_too(kubectl: Path) -> None:
    """A kubectl that prints a List is understood."""
    (kubectl / "out").write_text(json.dumps({"kind": "List", "items": [YES, NO]}))

    assert len(ask_cluster(ASKS, Kubectl())) == 2


def test_nothing_to_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a question no kubectl is needed."""
    monkeypatch.setenv("PATH", "")

    assert ask_cluster([], Kubectl()) == {}


@pytest.mark.parametrize(
    ("out", "err", "message", "fix"),
    [
        pytest.param(
            "",
            "Error: subjectaccessreviews.authorization.k8s.io is forbidden: User x\n" * 2,
            "Error: subjectaccessreviews.authorization.k8s.io is forbidden: User x",
            "you need the right to create subjectaccessreviews",
            id="no right to ask",
        ),
        pytest.param(
            "",
            'E1122 23:18:17.7 30853 memcache.go:265] "x"\nerror: context "x" does not exist\n',
            'error: context "x" does not exist',
            "check --context",
            id="no such context, said twice",
        ),
        pytest.param("", "E1122 23:18 x\n", "E1122 23:18 x", "check --context", id="log lines alone"),
        pytest.param(
            json.dumps(YES),
            "",
            "it gave no answer to some questions",
            "check --context",
            id="one answer of two",
        ),
        pytest.param("not JSON", "", "it gave no answer", "check --context", id="no JSON"),
    ],
)
def test_not_answered(out: str, err: str, message: str, fix: str, kubectl: Path) -> None:
    """A cluster that does not answer everything is an error that says what kubectl said."""
    (kubectl / "out").write_text(out)
    (kubectl / "err").write_text(err)

    with pytest.raises(EncError) as raised:
        ask_cluster(ASKS, Kubectl())

    assert raised.value.message.startswith(f"the cluster could not be asked: {message}")
    assert raised.value.fix.startswith(fix)


def test_no_kubectl(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without kubectl the error says so."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(EncError, match="kubectl, which is not in PATH"):
        ask_cluster(ASKS, Kubectl())
