"""An audit for a person: tables, one block for each rule that gives too much, and what to do in which order.

Plain data for programs is in `data`; colour and terminals are the doors' affair.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from enc_operator.core.access import Denied
from enc_operator.core.audit.model import Audit, Audited, Held, Missing
from enc_operator.core.findings import Where
from enc_operator.core.judgement import Judged
from enc_operator.core.rendering import Table, render_object

_SHOWN = 5  # names on a line
_LINES = 10  # of one thing


def tables(audit: Audit) -> Iterator[Table]:
    """Yield what each ServiceAccount can read, and what it needs."""
    rows: list[tuple[str, ...]] = [
        (str(item.account), item.account.components, _reach_text(item), _some(item.needs) or "nothing")
        for item in audit.accounts
    ]
    yield "Access to Secrets", ("SERVICEACCOUNT", "RUNS", "MAY READ", "NEEDS"), rows


def _reach_text(item: Audited) -> str:
    reaches: dict[str, set[str]] = {}
    for held in (*item.surplus, *item.own, *item.exact):
        reaches.setdefault(what(held), set()).update(held.verbs or ("by other means",))
    told = [f"{reach} ({', '.join(sorted(verbs))})" for reach, verbs in reaches.items()]
    return _some(told, "; ") or "nothing"


def _some(items: Sequence[str], between: str = ", ") -> str:
    """Return a list as long as a person reads it; the data holds all."""
    if len(items) <= _SHOWN:
        return between.join(items)
    return between.join([*items[:_SHOWN], f"and {len(items) - _SHOWN} more"])


def what(held: Held) -> str:
    """Return which Secrets a permission is about."""
    scope = f"of namespace {held.given.scope}" if held.given.scope else "of the cluster"
    if not held.names:
        return f"every Secret {scope}"
    scope = scope if held.given.scope else "of every namespace"
    return f"{_secrets(held.names)} {scope}"


def lines(audit: Audit) -> Iterator[tuple[str, str]]:
    """Yield the lines of all that is too much, each with its role: head, place, what, fix."""
    for group in _groups(audit.surplus):
        yield from _block(group, audit.missing)


def _groups(surplus: Iterable[Held]) -> list[list[Held]]:
    """Group by the rule that gives it and by what is to be changed."""
    groups: dict[tuple[object, ...], list[Held]] = {}
    for held in surplus:
        key = (held.given.role.where.ref, held.given.rule.index, held.change, held.given.scope)
        groups.setdefault(key, []).append(held)
    return sorted(
        groups.values(), key=lambda group: (rule_place(group[0]).source.file, rule_place(group[0]).position())
    )


def _block(group: list[Held], missing: Iterable[Missing]) -> Iterator[tuple[str, str]]:
    first = group[0]
    yield "head", f"{place(rule_place(first))}: surplus: {_headline(first)}"
    yield "place", f"    in {first.given.role.where.ref} rules[{first.given.rule.index}]"
    for held in group:
        yield "what", f"    {_subject_line(held)}"
    beyond = [verb for verb in first.verbs if verb != "get"]
    if beyond:
        yield "what", f"    no handle needs {', '.join(beyond)}: an Agent resolves with get"
    for amount in first.amounts:
        yield "what", f"    amounts to reading: {amount}"
    for item in missing:
        if item.named and item.named.given.role is first.given.role:
            yield "what", f"    missing subject: {_missing_text(item)}"
    yield from (
        ("what", f"    {line}") for line in _breaks([judged for held in group for judged in held.breaks])
    )
    if first.change.loses:
        yield "what", f"    stops: {first.change.loses}"
    yield "fix", f"    fix: {first.change.text}"


def _headline(held: Held) -> str:
    extra = tuple(name for name in held.names if name not in held.needed)
    if not held.needed:
        parts = [(held.verbs, what(held))]
    else:
        scope = f"of namespace {held.given.scope}"
        beyond = [(held.surplus_verbs, what(held))]
        parts = [*beyond, (("get",) * held.gets, f"{_secrets(extra)} {scope}" if extra else "")]
    told = [f"{', '.join(verbs)} on {which}" for verbs, which in parts if verbs and which]
    return "; ".join(told) or "reads Secrets by other means"


def _secrets(names: tuple[str, ...]) -> str:
    return f"Secret{'s' * (len(names) > 1)} {_some(names)}"


def _subject_line(held: Held) -> str:
    by = f"{held.account} ({held.account.components}) by {held.given.binding.where.ref}"
    if held.given.subject.kind != "ServiceAccount":
        by += f", as {held.given.subject.kind} {held.given.subject.name}"
    if held.unused:
        return f"{by}, refers to no {_some(held.unused)}"
    return by


def _missing_text(item: Missing) -> str:
    return (
        f"{item.account} ({item.account.components}) refers to {item.secret}: {_place_of(item.references[0])}"
    )


def _breaks(judged: list[Judged]) -> Iterator[str]:
    found = list(dict.fromkeys(_reference_text(item) for item in judged))
    if not found:
        yield "resolves today only by it: nothing in the input"
        return
    yield "resolves today only by what is surplus:"
    yield from (f"  {text}" for text in _first(found))


def _first(items: Sequence[str]) -> Iterator[str]:
    """Yield as many lines as a person reads; the data holds all."""
    yield from items[:_LINES]
    if len(items) > _LINES:
        yield f"and {len(items) - _LINES} more, which -o json shows"


def _reference_text(item: Judged) -> str:
    denied = " (denied)" if isinstance(item.decision, Denied) else ""
    return f"{item.reference.title}{denied}, {_place_of(item)}"


def _place_of(item: Judged) -> str:
    where = item.reference.where
    file = f"{where.source.file}:{where.position().line}"
    return f"{where.object} ({file})" if where.object else file


def rule_place(held: Held) -> Where:
    """Return where a rule stands; for a role that the API server brings, the binding."""
    role = held.given.role.where
    return role.at("rules", held.given.rule.index) if role.source.text else held.given.binding.where


def place(where: Where) -> str:
    """Return file, line and column of a place."""
    position = where.position()
    return f"{where.source.file}:{position.line}:{position.column}"


def missing_lines(audit: Audit) -> Iterator[str]:
    """Yield the Secrets that are asked for and that nothing gives which may stay."""
    yield from _first([_missing_line(item) for item in audit.missing])


def _missing_line(item: Missing) -> str:
    now = ", ".join(str(held.given.role.where.ref) for held in item.now)
    today = f"today by {now}" if now else "not resolved today"
    who = f"{item.account} ({item.account.components})"
    return f"{who}: {item.namespace}/{item.secret}, {today}; {_place_of(item.references[0])}"


def own_lines(audit: Audit) -> Iterator[str]:
    """Yield what the Agents' own features need, which is not counted."""
    for held in audit.own:
        off = f"; off with {held.change.setting}: false" if held.change.setting else ""
        yield f"{held.account}: {', '.join(held.verbs)} on {what(held)} by {held.given.role.where.ref}: {held.change.purpose}{off}"


def unknown_lines(audit: Audit) -> Iterator[str]:
    """Yield what the input does not show."""
    waiting = [_reference_text(judged) for item in audit.accounts for judged in item.unmatched]
    end = "no pod of the input matches it; add the pods before you change anything"
    yield from _first([f"{text}: {end}" for text in dict.fromkeys(waiting)])
    for binding in audit.unseen:
        role = f"{binding.role_kind} {binding.role_name}"
        yield f"{binding.where.ref} binds {role}, which is not in the input: what it gives is not known"


def steps(audit: Audit) -> Iterator[str]:
    """Yield what to do, in the order that breaks nothing."""
    needed = [judged for held in audit.surplus for judged in held.breaks]
    needed += [judged for item in audit.missing for judged in item.references]
    if any(isinstance(judged.decision, Denied) for judged in needed):
        yield "decide on what is denied: `encctl grant` writes the SecretGrants, for the Secrets' owners to review"
    roles = sorted({f"Role {item.role}" for item in audit.missing if item.role})
    if roles:
        yield f"apply what `encctl plan -o yaml` prints, which holds {_some(roles)}"
    for owner, values in settings(audit).items():
        yield f"in {owner}:\n{render_object(values)}".rstrip()
    edits = [held.change.text for held in audit.surplus if not held.change.setting]
    yield from dict.fromkeys(edits)


def settings(audit: Audit) -> dict[str, dict[str, Any]]:
    """Return what to set, by owner, as the nested values of its file."""
    owners: dict[str, dict[str, Any]] = {}
    for held in audit.surplus:
        change = held.change
        if change.setting:
            *folders, name = change.setting.split(".")
            values = owners.setdefault(change.owner, {})
            for folder in folders:
                values = values.setdefault(folder, {})
            values[name] = list(change.value) if isinstance(change.value, tuple) else change.value
    return owners


def summary(audit: Audit) -> str:
    """Return one line that sums an audit up."""
    rules = len(_groups(audit.surplus))
    return (
        f"{_many(len(audit.accounts), 'ServiceAccount')} of Agents; {_many(rules, 'rule')} with too much; "
        f"{len(audit.missing)} missing; {len(audit.own)} for the Agents' own features, not counted"
    )


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
