"""From the arguments of `encctl explain` to its exit code, and what it prints."""

import argparse
from collections.abc import Iterator

from enc_operator.cli.explain.handles import backend_table, part_lines, secret_of
from enc_operator.cli.explain.live import Live, read_cluster, residual_lines, stand_in
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
    if isinstance(subject, ObjectRef | AgentsSubject) and not (arguments.paths or arguments.live):
        raise UsageError(
            "no input is named", "add the manifests: files, folders, or -; or --live for a cluster"
        )
    live, assessed = _read(arguments)
    if isinstance(subject, HandleSubject):
        _explain_handle(subject.handle, assessed, live)
    elif isinstance(subject, CodeSubject):
        _explain_code(subject.code, assessed)
    elif assessed and isinstance(subject, ObjectRef):
        _explain_object(subject, assessed, live)
    elif assessed:
        _explain_agents(assessed)
    return _UNREADABLE if assessed and assessed.unreadable else _EXPLAINED


def _read(arguments: argparse.Namespace) -> tuple[Live | None, Assessed | None]:
    """Return the cluster, if it is to be one, and what is to be explained from."""
    if arguments.live and arguments.paths:
        raise UsageError("it is a cluster or files, not both", "leave --live or the paths out")
    if arguments.live:
        live = read_cluster(arguments)
        return live, live.assessed
    assessed = assess_paths(arguments.paths, arguments) if arguments.paths else None
    if assessed:
        say_incomplete(assessed)
    return None, assessed


def _explain_handle(handle: str, assessed: Assessed | None, live: Live | None) -> None:
    show_lines(part_lines(handle))
    print()
    show_tables([backend_table(handle)])
    if assessed is None:
        return
    found = with_handle(assessed.assessment, handle)
    secret = secret_of(handle)
    if secret:
        show_lines(_about_secret(assessed, secret.namespace.text, secret.name.text, live))
        print()
    _references(found, f"ENC[{handle}]", live)


def _explain_code(code: str, assessed: Assessed | None) -> None:
    print(page_of(code), end="")
    if assessed is not None:
        print()
        print_findings(in_file_order(item for item in assessed.assessment.findings if item.code == code))


def _explain_object(ref: ObjectRef, assessed: Assessed, live: Live | None) -> None:
    show_lines([str(ref)])
    if live and stand_in(live, ref) != ref:
        ref = stand_in(live, ref)
        show_lines([f"its pods are alike; what follows is of {ref}"])
    found = within(assessed.assessment, ref)
    findings = [item for item in assessed.assessment.findings if item.where.object == ref]
    agents = [agent for agent in assessed.assessment.agents if agent.where.object == ref]
    if ref.kind == "Secret":
        show_lines(_about_secret(assessed, ref.namespace, ref.name, live))
        print()
        found += to_secret(assessed.assessment, ref.namespace, ref.name)
    for agent in agents:
        show_lines(agent_lines(agent, assessed.assessment))
    _references(found, str(ref), live)
    for other in namesakes(assessed.assessment, ref) if not (found or findings or agents) else ():
        show_lines([f"there is {other}, which has references"])
    if findings:
        print()
        print_findings(in_file_order(findings))


def _about_secret(assessed: Assessed, namespace: str, name: str, live: Live | None) -> Iterator[str]:
    found = audit(assessed.inventory, assessed.assessment)
    inventory, assessment = assessed.inventory, assessed.assessment
    yield from secret_lines(inventory, assessment, found, namespace, name, live=live is not None)


def _explain_agents(assessed: Assessed) -> None:
    if not assessed.assessment.agents:
        raise UsageError("the input holds no Agent", "add the Agents' workloads, or name one with --agent")
    for agent in assessed.assessment.agents:
        show_lines(agent_lines(agent, assessed.assessment))
    print()
    show_tables(tables(audit(assessed.inventory, assessed.assessment)))


def _references(judged: list[Judged], name: str, live: Live | None) -> None:
    if judged:
        print(f"References ({len(judged)})")
        show_lines(reference_lines(judged))
        show_lines(residual_lines(live, judged) if live else ())
    else:
        source = "cluster" if live else "input"
        show_lines([f"no reference of the {source} stands in it or names it: {name}"])
