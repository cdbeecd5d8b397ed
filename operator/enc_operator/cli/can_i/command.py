"""From the arguments of `encctl can-i` to its exit code, and what it prints."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from enc_operator.cli.can_i.cluster import ask_cluster, render_command
from enc_operator.cli.can_i.questions import Answer, Ask, Can, answer_by_input, find_asks, find_undetermined
from enc_operator.cli.kubectl.arguments import Kubectl, kubectl_of
from enc_operator.cli.printing import print_tables, printable
from enc_operator.cli.reading import assess_paths, say_incomplete
from enc_operator.core.inventory import Question
from enc_operator.core.rendering import render_json

_ALL, _SOME_NOT, _NOT_ASKED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Outcome:
    asks: Sequence[Ask]
    answers: Mapping[Question, Answer]
    undetermined: Sequence[tuple[str, str]]
    kubectl: Kubectl
    live: bool

    def count(self, can: Can) -> int:
        return sum(answer.can is can for answer in self.answers.values())


def run_can_i(arguments: argparse.Namespace) -> int:
    """Answer for every Secret whether the Agent that would ask for it may get it, print it, return the exit code."""
    assessed = assess_paths(arguments.paths, arguments)
    say_incomplete(assessed)
    asks = find_asks(assessed.assessment)
    kubectl = kubectl_of(arguments)
    if arguments.live:
        answers = ask_cluster([ask.question for ask in asks], kubectl)
    else:
        answers = answer_by_input(assessed.inventory, asks)
    outcome = _Outcome(asks, answers, find_undetermined(assessed.assessment), kubectl, arguments.live)
    if arguments.output == "json":
        sys.stdout.write(render_json(_as_data(outcome)))
    else:
        _print(outcome)
    if assessed.unreadable:
        return _NOT_ASKED
    if outcome.count(Can.NO):
        return _SOME_NOT
    unknown = outcome.count(Can.UNKNOWN) or outcome.undetermined
    return _NOT_ASKED if unknown or assessed.incomplete else _ALL


def _print(outcome: _Outcome) -> None:
    rows: list[tuple[str, ...]] = [
        (
            f"{ask.question.namespace}/{ask.question.service_account}",
            f"{ask.question.secret_namespace}/{ask.question.secret_name}",
            printable(", ".join(ask.referrers)),
            printable(_shown(outcome.answers[ask.question])),
        )
        for ask in outcome.asks
    ]
    print_tables([("May they get it?", ("SERVICEACCOUNT", "SECRET", "REFERRED TO BY", "ANSWER"), rows)])
    if not outcome.live and outcome.asks:
        print("Ask the cluster (or run this with --live):")
        for ask in outcome.asks:
            print(f"  {render_command(ask.question, outcome.kubectl)}")
        print()
    _print_fixes(outcome)
    for target, place in outcome.undetermined:
        print(f"not asked: {target} of {printable(place)}: only the running pod decides which Secret it is")
    print(
        f"{outcome.count(Can.YES)} yes, {outcome.count(Can.NO)} no, "
        f"{outcome.count(Can.UNKNOWN) + len(outcome.undetermined)} unknown"
    )


def _shown(answer: Answer) -> str:
    return f"{answer.can}: {answer.why}" if answer.why else str(answer.can)


def _print_fixes(outcome: _Outcome) -> None:
    """Print what would make a no a yes, once for all that it helps."""
    refused: dict[tuple[str, str], list[str]] = {}
    for ask in outcome.asks:
        if outcome.answers[ask.question].can is Can.NO:
            question = ask.question
            account = f"{question.namespace}/{question.service_account}"
            secret = f"{question.secret_namespace}/{question.secret_name}"
            refused.setdefault((account, ask.fix), []).append(secret)
    for (account, fix), secrets in refused.items():
        print(f"no: {account} may not get {', '.join(secrets)}")
        print(f"    fix: {printable(fix)}")


def _as_data(outcome: _Outcome) -> dict[str, Any]:
    return {
        "questions": [
            {
                "serviceAccount": {"namespace": ask.question.namespace, "name": ask.question.service_account},
                "secret": {"namespace": ask.question.secret_namespace, "name": ask.question.secret_name},
                "referredToBy": list(ask.referrers),
                "answer": str(outcome.answers[ask.question].can),
                "why": outcome.answers[ask.question].why,
                "fix": ask.fix if outcome.answers[ask.question].can is Can.NO else None,
                "command": render_command(ask.question, outcome.kubectl),
            }
            for ask in outcome.asks
        ],
        "notAsked": [{"secret": target, "referredToBy": place} for target, place in outcome.undetermined],
    }
