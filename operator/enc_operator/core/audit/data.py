"""An audit as plain data, the same for JSON and YAML."""

from typing import Any

from enc_operator.core.access import Denied
from enc_operator.core.audit.model import Audit, Audited, Held, Missing
from enc_operator.core.audit.rendering import rule_place, settings
from enc_operator.core.judgement import Judged


def as_data(audit: Audit) -> dict[str, Any]:
    """Return an audit as plain data."""
    return {
        "serviceAccounts": [_account(item) for item in audit.accounts],
        "surplus": [_held(held) for held in audit.surplus],
        "missing": [_missing(item) for item in audit.missing],
        "own": [_held(held) for held in audit.own],
        "unseen": [str(binding.where.ref) for binding in audit.unseen],
        "settings": [{"owner": owner, "values": values} for owner, values in settings(audit).items()],
    }


def _account(item: Audited) -> dict[str, Any]:
    return {
        "namespace": item.account.namespace,
        "name": item.account.name,
        "components": [str(agent.component) for agent in item.account.agents],
        "needs": list(item.needs),
        "unmatched": [_reference(judged) for judged in item.unmatched],
    }


def _held(held: Held) -> dict[str, Any]:
    where = rule_place(held)
    position = where.position()
    return {
        "serviceAccount": {"namespace": held.account.namespace, "name": held.account.name},
        "role": str(held.given.role.where.ref),
        "rule": held.given.rule.index,
        "binding": str(held.given.binding.where.ref),
        "subject": f"{held.given.subject.kind} {held.given.subject.name}",
        "file": where.source.file,
        "line": position.line,
        "column": position.column,
        "namespace": held.given.scope or None,
        "secrets": list(held.names) or None,
        "verbs": list(held.verbs),
        "surplusVerbs": list(held.surplus_verbs),
        "unusedSecrets": list(held.unused),
        "amountsTo": list(held.amounts),
        "breaks": [_reference(judged) for judged in held.breaks],
        "fix": held.change.text,
        "setting": held.change.setting or None,
        "purpose": held.change.purpose or None,
    }


def _missing(item: Missing) -> dict[str, Any]:
    return {
        "serviceAccount": {"namespace": item.account.namespace, "name": item.account.name},
        "secret": {"namespace": item.namespace, "name": item.secret},
        "listedIn": str(item.named.given.role.where.ref) if item.named else None,
        "todayBy": [str(held.given.role.where.ref) for held in item.now],
        "plannedRole": item.role or None,
        "references": [_reference(judged) for judged in item.references],
    }


def _reference(item: Judged) -> dict[str, Any]:
    where = item.reference.where
    return {
        "handle": item.reference.handle,
        "object": str(where.object) if where.object else None,
        "file": where.source.file,
        "line": where.position().line,
        "denied": isinstance(item.decision, Denied),
    }
