"""Agents outside Kubernetes: a folder with the Agent's files, or a container of a Compose file.

They have no ServiceAccount: nothing is granted for them, their references are listed and their grammar is checked.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from enc_operator.core.agents.backends import decide_backend
from enc_operator.core.agents.environment import Variable
from enc_operator.core.agents.model import Agent, Level, OwnText
from enc_operator.core.agents.settings import (
    UNSEEN_COMMAND,
    MainFile,
    backend_types,
    is_true,
    merged_settings,
    parse_main_file,
    scoping_of,
)
from enc_operator.core.agents.texts import Installed, add_main_file, add_variables
from enc_operator.core.findings import Where
from enc_operator.core.inventory import AgentFileFact, Component, ComposeFact, Flavour


def read_folders(facts: Iterable[AgentFileFact]) -> list[Installed]:
    """Read the Agents that bare files belong to, one for each folder."""
    folders: dict[str, list[AgentFileFact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: (fact.name, fact.where.source.line)):
        folders[fact.install].append(fact)
    return [_read_folder(members, install) for install, members in folders.items()]


def _read_folder(members: list[AgentFileFact], install: str) -> Installed:
    files: list[MainFile] = []
    findings = []
    for fact in members:
        if fact.main:
            file, faults = parse_main_file(fact.text, fact.where)
            files.append(file)
            findings += faults
    stackstate = any(fact.flavour is Flavour.STACKSTATE for fact in members)
    flavour = Flavour.STACKSTATE if stackstate else Flavour.DATADOG
    settings = merged_settings(files, {}) if files else {"secret_backend_command": UNSEEN_COMMAND}
    agent = _agent(install, flavour, members[0].where, settings)
    installed = Installed(agent, [], findings)
    for file in files:
        add_main_file(installed, file, {}, frozenset())
    checks = (fact for fact in members if not fact.main)
    installed.texts += [OwnText(agent, Level.CHECK, fact.where, fact.name, fact.text) for fact in checks]
    return installed


def read_compose(facts: Iterable[ComposeFact], settings: frozenset[str]) -> list[Installed]:
    """Read the containers of Compose files that run an Agent."""
    return [_read_service(fact, fact.agent, settings) for fact in facts if fact.agent]


def _read_service(fact: ComposeFact, flavour: Flavour, settings: frozenset[str]) -> Installed:
    variables = {
        name: Variable(name, value, fact.where.at("environment", name))
        for name, value in fact.environment.items()
    }
    agent = _agent(
        f"{fact.install} service {fact.service}", flavour, fact.where, merged_settings([], variables)
    )
    installed = Installed(agent)
    add_variables(installed, "", variables, settings)
    return installed


def _agent(install: str, flavour: Flavour, where: Where, settings: Mapping[str, str]) -> Agent:
    return Agent(
        component=Component.NODE,
        flavour=flavour,
        name=install,
        where=where,
        backend=decide_backend(settings, backend_types(settings)),
        scoping=scoping_of(settings),
        skip_checks=is_true(settings.get("secret_backend_skip_checks", "")),
        takes_cluster_checks=True,
        environment={},
    )
