"""An adoption's files but for the guide: values of both charts, AgentTargets, grants, each with comments for whoever reviews it. Pure."""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from enc_operator.cli.adopt.adopting import Adoption
from enc_operator.cli.grant.rendering import render_grant
from enc_operator.cli.printing import printable
from enc_operator.core.agents.model import COMPONENT_NAMES, Agent
from enc_operator.core.audit.model import Audit, Held
from enc_operator.core.findings import ObjectRef
from enc_operator.core.judgement import Judged
from enc_operator.core.rendering import render_object, render_objects

_OF_RELEASE = "the values of Helm release "
_OF_AGENT = "the DatadogAgent "
_RELEASE = re.compile(rf"{_OF_RELEASE}(?P<release>\S+) \(chart datadog-(?P<version>\S+)\)")


def render_files(adoption: Adoption) -> Iterator[tuple[str, str]]:
    """Yield the names and texts of the files, in the order in which they are needed."""
    yield "values.yaml", _values(adoption.agents)
    for namespace, grants in groupby(adoption.grants, key=lambda grant: grant.namespace):
        rendered = (render_grant(grant, lambda item: place_of(item, adoption.owners)) for grant in grants)
        head = f"# For the owner of namespace {namespace}: drop what you do not consent to.\n"
        yield f"grants/{namespace}.yaml", head + "".join(rendered)
    for namespace, targets in groupby(adoption.targets, key=lambda each: each["metadata"]["namespace"]):
        yield f"targets/{namespace}.yaml", render_objects(targets)
    for owner, values in dropped_settings(adoption.audited).items():
        when = f"# Into {owner}, once SafeToDropGlobalPermission is True and not before.\n"
        yield f"agent-values/{name_of(owner)}.yaml", when + render_object(values)


def place_of(item: Judged, owners: Mapping[ObjectRef, ObjectRef]) -> str:
    """Return which object refers: of a pod its workload, whose pods change their names."""
    ref = item.reference.where.ref
    return str(owners.get(ref, ref))


def dropped_settings(audit: Audit) -> dict[str, dict[str, Any]]:
    """Return what to set where a vendor's setting gives too much and nothing else stops with it, by owner, as nested values."""
    owners: dict[str, dict[str, Any]] = {}
    for held in audit.surplus:
        change = held.change
        if not change.setting or change.loses:
            continue
        *folders, name = change.setting.split(".")
        values = owners.setdefault(change.owner, {})
        for folder in folders:
            values = values.setdefault(folder, {})
        values[name] = list(change.value) if isinstance(change.value, tuple) else change.value
    return owners


def other_changes(surplus: Iterable[Held]) -> Iterator[str]:
    """Yield what else gives too much: rules that no setting makes, and settings with which something stops."""
    found = (held.change for held in surplus if held.change.loses or not held.change.setting)
    told = (f"{each.text} (stops: {each.loses})" if each.loses else each.text for each in found)
    yield from dict.fromkeys(told)


def name_of(owner: str) -> str:
    """Return a file's name for the owner of settings: the Helm release, or the DatadogAgent."""
    short = owner.removeprefix(_OF_RELEASE).removeprefix(_OF_AGENT).partition(" (")[0]
    return re.sub(r"[^-.a-zA-Z0-9]+", "-", short).strip("-.") or "agent"


def release_of(owner: str) -> tuple[str, str]:
    """Return Helm's release that owns settings and the version of its chart, both empty where none does."""
    found = _RELEASE.fullmatch(owner)
    return (found["release"], found["version"]) if found else ("", "")


def home_of(owner: str, audit: Audit) -> str:
    """Return the namespace of the Agents that the owner's settings are for."""
    return min(held.account.namespace for held in audit.surplus if held.change.owner == owner)


def _values(agents: Iterable[Agent]) -> str:
    """Write the Agents as found: whoever is listed can be given Secrets, so each line is somebody's to check."""
    lines = ["# Whoever is listed here is an Agent, and can be given Secrets: check that each of them is yours.", "agents:"]  # fmt: skip
    for namespace, mine in groupby(agents, key=lambda agent: agent.namespace):
        lines += [f"- namespace: {namespace}", "  serviceAccounts:"]
        for account, same in groupby(mine, key=lambda agent: agent.service_account):
            lines += [f"  # {_workload(agent)}" for agent in same]
            lines.append(f"  - {account}")
    return "".join(f"{printable(line)}\n" for line in lines)


def _workload(agent: Agent) -> str:
    return f"{agent.where.ref}: {COMPONENT_NAMES[agent.component]}"
