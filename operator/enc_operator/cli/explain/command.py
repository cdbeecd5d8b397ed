"""From the arguments of `encctl explain` to its exit code, and what it prints."""

import argparse
from collections.abc import Iterator

from enc_operator.cli.explain.handles import backend_table, part_lines, secret_of
from enc_operator.cli.explain.references import (
    agent_lines,
    namesakes,
    reference_lines,
    secret_lines,
    to_secret,
    with_handle,
    within,
)
from enc_operator.cli.pages import page_of
from enc_operator.cli.printing import in_file_order, print_findings
from enc_operator.cli.reading import Assessed, assess_paths, say_incomplete
from enc_operator.cli.showing import show_lines, show_tables
from enc_operator.cli.subjects import AgentsSubject, CodeSubject, HandleSubject, parse_subject
from enc_operator.core.audit.auditing import audit
from enc_operator.core.audit.rendering import tables
from enc_operator.core.findings import ObjectRef
from enc_operator.core.judgement import Judged
from enc_operator.errors import UsageError

_EXPLAINED, _UNREADABLE = 0, 2


def run_explain(arguments: argparse.Namespace) -> int:
    """Explain what the user names, and return the exit code."""
    subject = parse_subject(arguments.subject, arguments.namespace)
    if subject is None:
        fix = "write ENC[…], a finding's code, KIND/NAMESPACE/NAME such as pod/shop/cart, or agent"
        raise UsageError(f"{arguments.subject} is no handle, code or object that could be explained", fix)
    if isinstance(subject, ObjectRef | AgentsSubject) and not arguments.paths:
        raise UsageError("no input is named", "add the manifests: files, folders, or -")
    assessed = assess_paths(arguments.paths, arguments) if arguments.paths else None
    if assessed:
        say_incomplete(assessed)
    if isinstance(subject, HandleSubject):
        _explain_handle(subject.handle, assessed)
    elif isinstance(subject, CodeSubject):
        _explain_code(subject.code, assessed)
    elif assessed and isinstance(subject, ObjectRef):
        _explain_object(subject, assessed)
    elif assessed:
        _explain_agents(assessed)
    return _UNREADABLE if assessed and assessed.unreadable else _EXPLAINED


def _explain_handle(handle: str, assessed: Assessed | None) -> None:
    show_lines(part_lines(handle))
    print()
    show_tables([backend_table(handle)])
    if assessed is None:
        return
    found = with_handle(assessed.assessment, handle)
    secret = secret_of(handle)
    if secret:
        show_lines(_about_secret(assessed, secret.namespace.text, secret.name.text))
        print()
    _references(found, f"ENC[{handle}]")


def _explain_code(code: str, assessed: Assessed | None) -> None:
    print(page_of(code), end="")
    if assessed is not None:
        print()
        print_findings(in_file_order(item for item in assessed.assessment.findings if item.code == code))


def _explain_object(ref: ObjectRef, assessed: Assessed) -> None:
    found = within(assessed.assessment, ref)
    findings = [item for item in assessed.assessment.findings if item.where.object == ref]
    agents = [agent for agent in assessed.assessment.agents if agent.where.object == ref]
    show_lines([str(ref)])
    if ref.kind == "Secret":
        show_lines(_about_secret(assessed, ref.namespace, ref.name))
        print()
        found += to_secret(assessed.assessment, ref.namespace, ref.name)
    for agent in agents:
        show_lines(agent_lines(agent, assessed.assessment))
    _references(found, str(ref))
    for other in namesakes(assessed.assessment, ref) if not (found or findings or agents) else ():
        show_lines([f"there is {other}, which has references"])
    if findings:
        print()
        print_findings(in_file_order(findings))


def _about_secret(assessed: Assessed, namespace: str, name: str) -> Iterator[str]:
    found = audit(assessed.inventory, assessed.assessment)
    yield from secret_lines(assessed.inventory, assessed.assessment, found, namespace, name)


def _explain_agents(assessed: Assessed) -> None:
    if not assessed.assessment.agents:
        raise UsageError("the input holds no Agent", "add the Agents' workloads, or name one with --agent")
    for agent in assessed.assessment.agents:
        show_lines(agent_lines(agent, assessed.assessment))
    print()
    show_tables(tables(audit(assessed.inventory, assessed.assessment)))


def _references(judged: list[Judged], name: str) -> None:
    if judged:
        print(f"References ({len(judged)})")
        show_lines(reference_lines(judged))
    else:
        show_lines([f"no reference of the input stands in it or names it: {name}"])
