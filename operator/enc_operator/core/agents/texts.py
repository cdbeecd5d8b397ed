"""The texts of an Agent's own configuration, on their way to references: its environment, its main file, its check files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import Any

from enc_operator.core.agents.environment import Configuration, Variable
from enc_operator.core.agents.files import is_mounted_check, mounted_texts
from enc_operator.core.agents.model import Agent, Level, OwnText
from enc_operator.core.agents.oddities import near_misses_in
from enc_operator.core.agents.settings import MainFile, handles_in_variable, is_bound, is_overridden, value_of
from enc_operator.core.findings import Finding, Where, finding
from enc_operator.core.templates.strings import strings_in
from enc_operator.core.templates.variables import Unknown
from enc_resolver.handles import handle_in


@dataclass(slots=True)
class Installed:
    """An Agent, the texts of its own configuration, and what is wrong with them."""

    agent: Agent
    texts: list[OwnText] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def add_variables(
    installed: Installed, process: str, variables: Mapping[str, Variable], settings: frozenset[str]
) -> None:
    """Add the handles in a process's environment; those in variables that are no setting are findings."""
    for variable in variables.values():
        if isinstance(variable.value, Unknown):
            continue
        bound = is_bound(variable.name, settings)
        installed.findings += _misspelt(variable, settings) if not bound else ()
        for path, value in handles_in_variable(variable.value):
            if bound:
                _add_setting(installed, process, variable, path, value)
            else:
                place = variable.where.within(*path).part(value)
                installed.findings.append(_unbound(variable.name, place))
        if bound:
            installed.findings += near_misses_in(value_of(variable.value), variable.where.within)


def _add_setting(
    installed: Installed, process: str, variable: Variable, inner: tuple[Any, ...], value: str
) -> None:
    where = variable.where.within(*inner)
    for index, known in enumerate(installed.texts):
        if (known.path, known.text, known.level) == (
            variable.name,
            value,
            Level.SETTING,
        ) and known.where.inner == inner:
            both = f"{known.process}, {process}" if known.process and process else ""
            installed.texts[index] = replace(known, process=both)
            return
    installed.texts.append(OwnText(installed.agent, Level.SETTING, where, variable.name, value, process))


def _misspelt(variable: Variable, settings: frozenset[str]) -> Iterator[Finding]:
    """Yield a variable that is no setting and close to one of the secret backend's."""
    prefix, _, rest = variable.name.partition("_")
    secret = (name for name in settings if name.startswith("DD_SECRET_"))
    meant = get_close_matches(f"DD_{rest}", secret, n=1, cutoff=0.85) if prefix in ("DD", "STS") else []
    if meant:
        path = variable.where.path
        listed = len(path) > 2 and path[-3] == "env"
        place = (
            replace(variable.where, path=(*path[:-1], "name")).part(variable.name)
            if listed
            else variable.where.key()
        )
        what = f"{variable.name} is no setting of the Agent, which ignores it"
        yield finding("env-misspelt", place, what, f"did you mean {prefix}{meant[0][2:]}?")


def _unbound(name: str, where: Where) -> Finding:
    return finding(
        "env-unknown",
        where,
        f"{name} is bound to no setting of the Agent: the handle in it is never resolved there",
        "use the variable of the setting that you mean, or a template that reads it with %%env_…%%",
    )


def add_main_file(
    installed: Installed, file: MainFile, environment: Mapping[str, Variable], settings: frozenset[str]
) -> None:
    """Add the handles of the main file, where the environment does not win."""
    installed.findings += _overridden_backend(file, environment, settings)
    for inner, value in strings_in(file.value):
        if handle_in(value) is None:
            continue
        place = file.where.within(*inner)
        winner = is_overridden(inner, environment, settings)
        if winner is None:
            name = ".".join(str(step) for step in inner)
            installed.texts.append(OwnText(installed.agent, Level.SETTING, place, name, value))
        else:
            what = f"{winner} in the Agent's environment wins over this value: the handle is never resolved"
            installed.findings.append(
                finding("not-resolved", place.part(value), what, f"remove {winner}, or the value here")
            )


def _overridden_backend(
    file: MainFile, environment: Mapping[str, Variable], settings: frozenset[str]
) -> Iterator[Finding]:
    """Yield the backend of a main file that the environment replaces with another one."""
    for name in ("secret_backend_command", "secret_backend_type"):
        winner = is_overridden((name,), environment, settings) if file.value.get(name) else None
        if winner and environment[winner].value != file.value[name]:
            what = f"{winner} in the Agent's environment wins over this {name}"
            place = file.where.within(name).key()
            yield finding("backend-overridden", place, what, f"remove {winner}, or {name} here")


def add_checks(installed: Installed, spec: Mapping[str, Any], configuration: Configuration) -> None:
    """Add the check files that a pod mounts; one that is mounted at several places counts once."""
    agent = installed.agent
    seen = {text_.where for text_ in installed.texts if text_.level is Level.CHECK}
    for mounted in mounted_texts(spec, agent.namespace, configuration):
        if mounted.where not in seen and is_mounted_check(mounted.path, agent.flavour):
            seen.add(mounted.where)
            installed.texts.append(OwnText(agent, Level.CHECK, mounted.where, mounted.path, mounted.text))
