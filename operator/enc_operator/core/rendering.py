"""An assessment as text and as plain data: the same bytes whatever order the input came in.

Colour, terminal width and files are the doors' affair.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from enc_operator.core.access import Allowed, Denied
from enc_operator.core.agents.model import Agent
from enc_operator.core.assessment import Assessment
from enc_operator.core.findings import Finding, Severity, Where
from enc_operator.core.judgement import Judged
from enc_operator.core.references.model import SecretTarget

_DUMPER: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class _Dumper(_DUMPER):  # type: ignore[misc]
    """Writes every alias out, and text of several lines as a block."""

    def ignore_aliases(self, _: Any) -> bool:
        return True


def _represent_text(dumper: Any, text: str) -> Any:
    style = "|" if "\n" in text and not any(line.endswith(" ") for line in text.split("\n")) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)


def render_objects(objects: Iterable[Mapping[str, Any]]) -> str:
    """Render objects as one stream of YAML documents."""
    return "".join("---\n" + render_object(item) for item in objects)


def render_object(item: Mapping[str, Any]) -> str:
    """Render one object as YAML."""
    return str(yaml.dump(_plain(item), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=4096))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def render_json(data: Any) -> str:
    """Render plain data as JSON."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def as_data(assessment: Assessment) -> dict[str, Any]:
    """Return an assessment as plain data: references, permissions, workloads, findings."""
    return {
        "references": [_reference_data(item) for item in assessment.judged],
        "permissions": [
            {
                "namespace": item.secret_namespace,
                "role": item.name,
                "serviceAccount": {"namespace": item.namespace, "name": item.service_account},
                "secrets": list(item.secret_names),
                "references": item.references,
            }
            for item in assessment.permissions
        ],
        "workloads": [
            {
                "kind": item.object.kind,
                "namespace": item.object.namespace,
                "name": item.object.name,
                "changes": list(item.changes),
                "refused": item.refused.message if item.refused else None,
            }
            for item in assessment.injections
        ],
        "findings": [finding_data(item) for item in assessment.findings],
        "objects": [_plain(item) for item in assessment.objects()],
    }


def _reference_data(item: Judged) -> dict[str, Any]:
    reference, target, agent = item.reference, item.reference.target, item.reference.agent
    position = reference.where.position()
    return {
        "file": reference.where.source.file,
        "line": position.line,
        "column": position.column,
        "object": str(reference.where.object) if reference.where.object else None,
        "path": reference.where.path_text(),
        "handle": reference.handle,
        "secret": str(target) if isinstance(target, SecretTarget) else None,
        "referrer": {
            "kind": str(reference.referrer.kind),
            "namespace": reference.referrer.namespace,
            "serviceAccount": reference.referrer.service_account or None,
        },
        "resolvedBy": _agent_data(agent) if agent else None,
        "hop": reference.hop,
        "live": reference.live,
        "idle": str(reference.idle) if reference.idle else None,
        "allowed": isinstance(item.decision, Allowed),
        "why": item.decision.why if isinstance(item.decision, Allowed) else item.decision.message,
        "fix": item.decision.fix if isinstance(item.decision, Denied) else None,
        "refusedMatches": [str(match.object) for match, _ in item.refused_matches],
    }


def _agent_data(agent: Agent) -> dict[str, Any]:
    return {
        "component": str(agent.component),
        "workload": agent.name,
        "namespace": agent.namespace or None,
        "serviceAccount": agent.service_account or None,
        "backend": str(agent.backend),
    }


def finding_data(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain data; its end is the place behind its last character."""
    start, end = finding.where.extent()
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "file": finding.where.source.file,
        "line": start.line,
        "column": start.column,
        "endLine": end.line,
        "endColumn": end.column,
        "object": str(finding.where.object) if finding.where.object else None,
        "path": finding.where.path_text(),
        "what": finding.what,
        "fix": finding.fix,
    }


def finding_lines(finding: Finding) -> Iterator[tuple[str, str]]:
    """Yield a finding's lines for a person, each with its role: head, place, source, marks, what, fix."""
    yield "head", f"{_file_of(finding.where)}{finding.severity}[{finding.code}]"
    place = " ".join(part for part in (str(finding.where.object or ""), finding.where.path_text()) if part)
    if place:
        yield "place", f"    in {place}"
    excerpt = finding.where.excerpt()
    if excerpt:
        number = str(excerpt.line)
        yield "source", f"    {number} | {excerpt.text}"
        yield "marks", f"    {' ' * len(number)} | {excerpt.marks}"
    yield "what", f"    {finding.what}"
    yield "fix", f"    fix: {finding.fix}"


def _file_of(where: Where) -> str:
    """Return file, line and column before a finding; an object of a cluster stands in no file."""
    line, column = where.position()
    return f"{where.source.file}:{line}:{column}: " if where.source.file else ""


Table = tuple[str, tuple[str, ...], list[tuple[str, ...]]]


REFERENCE_HEADS = ("SECRET", "REFERRED TO BY", "RESOLVED BY", "ACCESS")


def tables(assessment: Assessment) -> Iterator[Table]:
    """Yield the tables of a plan: title, column heads, rows."""
    rows = [reference_row(item) for item in assessment.judged]
    yield "References", REFERENCE_HEADS, _counted(rows)
    yield (
        "Permissions",
        ("NAMESPACE", "ROLE", "SERVICEACCOUNT", "SECRETS"),
        [
            (
                item.secret_namespace,
                item.name,
                f"{item.namespace}/{item.service_account}",
                ", ".join(item.secret_names),
            )
            for item in assessment.permissions
        ],
    )
    yield (
        "Agent workloads",
        ("WORKLOAD", "CHANGE"),
        [
            (
                str(item.object),
                item.refused.message if item.refused else "; ".join(item.changes) or "none, it is injected",
            )
            for item in assessment.injections
        ],
    )


def reference_row(item: Judged) -> tuple[str, ...]:
    """Return a reference's cells: the Secret, where it is referred to, by whom it is resolved, and the decision."""
    reference = item.reference
    target = reference.target
    secret = str(target) if isinstance(target, SecretTarget) else reference.title
    place = str(reference.where.object or reference.where.source.file)
    if reference.where.source.file:
        place += f":{reference.where.position().line}"
    agent = f"{reference.agent.title} ({reference.hop})" if reference.agent else f"nobody ({reference.hop})"
    if reference.idle:
        agent = f"not resolved: {reference.idle}"
    if isinstance(item.decision, Denied):
        return secret, place, agent, f"denied: {item.decision.message}"
    if item.refused_matches:
        return secret, place, agent, f"allowed: {item.decision.why}; spoofable"
    return secret, place, agent, f"allowed: {item.decision.why}"


def _counted(rows: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return equal rows once, in order."""
    return list(dict.fromkeys(rows))


def summary(assessment: Assessment) -> str:
    """Return one line that sums an assessment up."""
    denied = sum(isinstance(item.decision, Denied) for item in assessment.judged)
    accounts = {(item.namespace, item.service_account) for item in assessment.permissions}
    changed = sum(bool(item.changes) for item in assessment.injections)
    return (
        f"{_many(len(assessment.judged), 'reference')}, {denied} denied; "
        f"{_many(len(assessment.permissions), 'Role')} for {_many(len(accounts), 'ServiceAccount')}; "
        f"{_many(changed, 'workload')} to change; "
        f"{findings_summary(assessment.findings)}"
    )


def findings_summary(findings: Iterable[Finding]) -> str:
    """Return one line that counts findings."""
    counts = Counter(item.severity for item in findings)
    return f"{_many(counts[Severity.ERROR], 'error')}, {_many(counts[Severity.WARNING], 'warning')}"


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
