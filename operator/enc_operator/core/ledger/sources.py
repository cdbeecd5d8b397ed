"""What a source holds: its references, and the findings about its text for which admission would refuse it.

What too many references of an object mean, and what follows from decisions, does not belong here.
"""

from collections.abc import Hashable, Sequence

from enc_operator.core.admission.predicate import are_too_many, have_too_many
from enc_operator.core.admission.refusing import (
    refuses_annotation,
    refuses_configuration,
    too_deep,
    too_many,
)
from enc_operator.core.agents.model import Agent, Level, OwnText
from enc_operator.core.inventory import InstrumentationFact, PodFact, ServiceFact
from enc_operator.core.ledger.facts import Fact
from enc_operator.core.references.annotations import gather_instrumentation, gather_pod, gather_service
from enc_operator.core.references.gathering import Gathered
from enc_operator.core.references.own import gather_check, gather_setting
from enc_operator.core.syntax import SyntaxFault
from enc_operator.core.templates.checkfiles import parse_check_file
from enc_operator.core.templates.strings import depth_of, strings_in

_DEEPEST = 80  # below 100 levels of a whole answer of the API server `cluster.decoding` may have put null


def read_source(fact: Fact | None, agents: Sequence[Agent]) -> Gathered:
    """Read a pod, a Service or a DatadogInstrumentation; its findings are only those that refuse it."""
    if isinstance(fact, PodFact | ServiceFact):
        return _read_annotations(fact, agents)
    if isinstance(fact, InstrumentationFact):
        return _read_instrumentation(fact, agents)
    return Gathered()


def _read_annotations(fact: PodFact | ServiceFact, agents: Sequence[Agent]) -> Gathered:
    gathered = Gathered()
    if have_too_many(fact.annotations):
        return Gathered(findings=[too_many(fact.where)])
    if isinstance(fact, PodFact):
        gather_pod(gathered, fact, agents)
    else:
        gather_service(gathered, fact, agents)
    gathered.findings = [found for found in gathered.findings if refuses_annotation(found, fact.annotations)]
    return gathered


def _read_instrumentation(fact: InstrumentationFact, agents: Sequence[Agent]) -> Gathered:
    gathered = Gathered()
    if are_too_many(text for _, text in strings_in(fact.config)):
        return Gathered(findings=[too_many(fact.where)])
    gather_instrumentation(gathered, fact, (), agents)
    gathered.findings = [found for found in gathered.findings if refuses_configuration(found)]
    if depth_of(fact.config) > _DEEPEST:
        gathered.findings.append(too_deep(fact.where.at("spec")))
    return gathered


def read_own(own: OwnText | None, agents: Sequence[Agent], pods: Sequence[PodFact]) -> Gathered:
    """Read a text of an Agent's own configuration, which reaches these pods; its findings are only those that refuse it."""
    gathered = Gathered()
    if own is not None and own.level is Level.SETTING:
        gather_setting(gathered, own)
    elif own is not None:
        gather_check(gathered, own, agents, pods)
    gathered.findings = [found for found in gathered.findings if refuses_configuration(found)]
    return gathered


def key_of(own: OwnText) -> Hashable:
    """Return what tells a text of an Agent's own configuration from all others."""
    return (
        own.agent.name,
        own.level,
        own.path,
        own.process,
        own.where.object,
        own.where.path,
        own.where.inner,
    )


def identifiers_of(own: OwnText | None) -> frozenset[str]:
    """Return the identifiers of the containers that a check's file waits for."""
    if own is None or own.level is Level.SETTING:
        return frozenset()
    try:
        return frozenset(parse_check_file(own.path, own.text).identifiers)
    except SyntaxFault:
        return frozenset()
