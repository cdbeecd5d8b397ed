"""The README of an adoption's folder: what was found, what stops, and the steps in order. Pure."""

from collections.abc import Iterable, Iterator

from enc_operator.cli.adopt.adopting import Adoption, count_in_use
from enc_operator.cli.adopt.rendering import (
    dropped_settings,
    home_of,
    name_of,
    other_changes,
    place_of,
    release_of,
)
from enc_operator.cli.printing import printable
from enc_operator.core.audit.rendering import tables

_SHOWN = 50
_NAMESPACE, _IMAGE = "enc-operator", "registry.example.com/enc-operator"
_RELEASE = f"enc-operator charts/enc-operator --namespace {_NAMESPACE}"


def render_guide(adoption: Adoption) -> str:
    """Render the guide as Markdown."""
    lines = [
        "# From global permissions to the least",
        "",
        "Nothing in the cluster was changed. The Agents keep what they may read today until step 5, so no check stops before.",
        "",
        "## What was found",
        "",
        *_found(adoption),
        *_section("What could not be read", adoption.before.notes),
        *_section(
            "What stops at step 5 although all of this is applied", map(_escaped, stops(adoption)), _STOPS
        ),
        *_section("What no grant allows", map(_escaped, refusals(adoption))),
        *_section("To look at", map(_escaped, warnings(adoption)), _WARNED),
        "",
        "## Steps",
        "",
        _PLACE,
        "",
        *_steps(adoption),
    ]
    return "".join(f"{line}\n" for line in lines)


_PLACE = "The commands are for this folder and for kubectl's current context. `charts/enc-operator` stands in a checkout of enc-operator, and `registry.example.com` for your own registry."
_STOPS = "Put these in order first, or decide that they may stop; the condition of step 4 stays False as long as one is in use."
_WARNED = "A grant says that a Secret may be used, not that this is wise: these come with the references that are in use."


def _section(title: str, items: Iterable[str], intro: str = "") -> Iterator[str]:
    found = list(dict.fromkeys(items))
    if not found:
        return
    yield from ("", f"## {title}", "")
    if intro:
        yield from (intro, "")
    yield from (f"- {item}" for item in found[:_SHOWN])
    if len(found) > _SHOWN:
        yield f"- and {len(found) - _SHOWN} more, which `encctl scan` shows"


def summary(adoption: Adoption) -> str:
    """Return one line that counts what was found."""
    accounts = {(agent.namespace, agent.service_account) for agent in adoption.agents}
    used, denied = count_in_use(adoption)
    owners = {grant.namespace for grant in adoption.grants}
    return (
        f"{_many(len(accounts), 'ServiceAccount')} of Agents; {_many(used, 'reference')} in use, {denied} denied as things stand; "
        f"{_many(len(adoption.grants), 'SecretGrant')} for {_many(len(owners), 'owner')} to review; {len(adoption.breaks)} would stop"
    )


def stops(adoption: Adoption) -> Iterator[str]:
    """Yield what would stop although everything is applied, each once."""
    found = (
        f"{each.judged.reference.title} of {place_of(each.judged, adoption.owners)}: {each.cause}"
        for each in adoption.breaks
    )
    yield from map(printable, sorted(set(found)))


def refusals(adoption: Adoption) -> Iterator[str]:
    """Yield what no grant allows, and why."""
    found = (
        f"{each.judged.reference.title} of {place_of(each.judged, adoption.owners)}: {each.why}; {each.fix}"
        for each in adoption.refused
    )
    yield from map(printable, sorted(set(found)))


def warnings(adoption: Adoption) -> Iterator[str]:
    """Yield what resolves and should not, and templates that reach pods which may not use the Secret."""
    for each in adoption.warnings:
        ref = each.where.ref
        yield printable(f"{each.code}: {adoption.owners.get(ref, ref)}: {each.what}; {each.fix}")


def _found(adoption: Adoption) -> Iterator[str]:
    for _, heads, rows in tables(adoption.audited):
        names = [head.capitalize() for head in heads[:3]]
        yield f"| {' | '.join(names)} |"
        yield "|---" * len(names) + "|"
        yield from (f"| {' | '.join(map(_escaped, row[: len(names)]))} |" for row in rows)
    yield from ("", f"{summary(adoption)}.")


def _steps(adoption: Adoption) -> Iterator[str]:
    steps = [
        _install(),
        _apply_grants(adoption),
        _apply_targets(adoption),
        _wait(adoption),
        _drop(adoption),
        _look(),
    ]
    for number, (first, *rest) in enumerate(map(list, steps), 1):
        yield f"{number}. {first}"
        yield from (f"   {line}" if line else "" for line in rest)


def _install() -> Iterator[str]:
    yield "Check `values.yaml`, and install. Nothing is written yet; the webhook only audits, or leave its value out to do without."
    values = f"--values values.yaml --set image.repository={_IMAGE} --set webhook.enabled=true"
    yield from _code(
        f"helm install {_RELEASE} --create-namespace {values} --wait",
        f"helm test enc-operator --namespace {_NAMESPACE}",
    )


def _apply_grants(adoption: Adoption) -> Iterator[str]:
    if not adoption.grants:
        yield "No grants are needed."
        return
    yield "Have the owner of each namespace review the file of its name in `grants/`, then apply what is left of them."
    yield from _code("kubectl apply --filename grants/")


def _apply_targets(adoption: Adoption) -> Iterator[str]:
    if adoption.targets:
        yield "Have the operator write the permissions, beside those that there are."
        yield from _code("kubectl apply --filename targets/")
    else:
        yield "The AgentTargets are there already."
    for each in adoption.there:
        if each.manage == "Plan":
            patch = '{"spec": {"manage": "RBAC"}}'
            yield f"AgentTarget {each.namespace}/{each.name} is there, and asks for its status only:"
            yield from _code(
                f"kubectl --namespace {each.namespace} patch agenttarget {each.name} --type merge --patch '{patch}'"
            )


def _wait(adoption: Adoption) -> Iterator[str]:
    yield "Wait until nothing depends on more than that. Where it stays False, its message says what would stop."
    written = [(each["metadata"]["namespace"], each["metadata"]["name"]) for each in adoption.targets]
    for namespace, name in sorted([*written, *((each.namespace, each.name) for each in adoption.there)]):
        command = f"kubectl --namespace {namespace} wait agenttarget/{name} --for condition=SafeToDropGlobalPermission"
        yield from _code(f"{command} --timeout 10m")


def _drop(adoption: Adoption) -> Iterator[str]:
    settings = dropped_settings(adoption.audited)
    others = list(other_changes(adoption.audited.surplus))
    if not (settings or others):
        yield "Take the wider permissions away: there are none."
        return
    yield "Take the wider permissions away. The Agents are rolled out once, if their chart changes their pods."
    for owner in settings:
        yield from _change(owner, adoption)
    if others:
        yield "What no value of that chart can take away, or what more than handles needs, is yours to decide:"
        yield ""
        yield from (f"- {_escaped(other)}" for other in others)
        yield ""


def _change(owner: str, adoption: Adoption) -> Iterator[str]:
    file = f"agent-values/{name_of(owner)}.yaml"
    release, version = release_of(owner)
    if not release:
        yield from ("", f"Into {owner}, put what `{file}` says.", "")
        return
    chart = f"helm upgrade {release} datadog/datadog --version {version}"
    place = f"--namespace {home_of(owner, adoption.audited)}"
    yield from _code(f"{chart} {place} --reuse-values --values {file}")


def _look() -> Iterator[str]:
    yield "See that all is well, now and whenever something changes."
    yield from _code("encctl doctor", "encctl scan")
    mode = f"helm upgrade {_RELEASE} --reset-then-reuse-values --set webhook.mode"
    yield "Have the webhook warn whoever applies what is denied."
    yield from _code(f"{mode}=warn --wait")
    yield "When nobody is warned any more, have it refuse that, and look again."
    yield from _code(f"{mode}=enforce --wait", "encctl doctor")


def _code(*commands: str) -> Iterator[str]:
    yield from ("", "```sh", *commands, "```", "")


def _escaped(text: str) -> str:
    """Return text in which Markdown and HTML see nothing of theirs."""
    return "".join(f"\\{letter}" if letter in r"\`*_|<>[]#" else letter for letter in printable(text))


def _many(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
