"""References in a ConfigMap that no Agent mounts, or none yet: a check's file may come before the Agent that reads it."""

import re
from collections.abc import Iterable

from enc_operator.core.agents.model import Agent
from enc_operator.core.agents.settings import file_code
from enc_operator.core.findings import Where, finding
from enc_operator.core.references.gathering import Gathered, Origin, gather_shadowed, gather_text
from enc_operator.core.references.model import Idle, Reference, Referrer, ReferrerKind
from enc_operator.core.references.routes import Route
from enc_operator.core.references.scope import unmatched_scope
from enc_operator.core.syntax import SyntaxFault
from enc_operator.core.templates.checkfiles import is_check_file, parse_check_file
from enc_operator.core.templates.strings import telling_strings_in

_HOP = "an Agent that mounts it"
_NOBODY = Idle("", "no Agent mounts it")
# What a handle must be spelt with, whoever reads the text as YAML; few scripts have any of it. Escapes and lines that are joined may
# stand in the place of any letter.
_BREAK = r"[\r\n\x85\u2028\u2029]"
_TELLING = re.compile(
    r"ENC\[|‰|%%(env|extra|pid|hostname)|(E|EN|ENC)%%|%%(NC\[|C\[|\[)|!!binary|tag:yaml|%TAG|![!<][^\s>]*%"
    r"|\\(x|u00|U000000)(25|45|4[eE3]|5[bB])|\\(u|U0000)2030"
    rf"|(E|EN|ENC|%)\\{_BREAK}|%%[a-z]{{0,7}}\\([xuU]|{_BREAK})"
)


def gather_unmounted(
    gathered: Gathered, where: Where, name: str, text: str, agents: Iterable[Agent], namespace: str
) -> None:
    """Add the handles of a text as those of a check's file of the Agents of a namespace; `where` is the place of the text.

    What is no YAML is reported where its name is that of a check's file, or where it could hold a handle for a more lenient reader: a
    volume gives it any name. Else it may be a script, or anything else.
    """
    try:
        file = parse_check_file(name, text)
    except SyntaxFault as fault:
        if is_check_file(name) or could_hold_handle(text):
            place = where.spanning(fault.span(text))
            what = f"{fault.message}: an Agent that mounts it drops the file"
            gathered.findings.append(finding(file_code(fault), place, what, fault.fix))
        return
    found = Gathered(room=gathered.room)
    readers: list[Agent | None] = [agent for agent in agents if agent.namespace == namespace]
    readers = readers or [None]
    origin = Origin(
        Referrer(ReferrerKind.AGENT, namespace), [Route(agent, _HOP, _NOBODY) for agent in readers]
    )
    lookups = {index: unmatched_scope(agent) for index, agent in enumerate(readers)}
    for inner, value in telling_strings_in(file.parsed.value):
        gather_text(found, value, where.within(*inner), origin, lookups, None)
    gather_shadowed(found, file.parsed, where, origin, lookups)
    gathered.references += filter(_is_known, found.references)
    gathered.room = found.room


def could_hold_handle(text: str) -> bool:
    """Tell whether a text could hold a handle for some reader of YAML, without reading it."""
    return _TELLING.search(text.replace("\0", "")) is not None  # UTF-16 has them between letters


def _is_known(reference: Reference) -> bool:
    """Tell whether what is wrong with a reference is so whatever mounts the file, with whatever backend and for whichever pod."""
    code = reference.problem.code if reference.problem else None
    if code in ("handle-undetermined", "file-refused"):
        return False
    return reference.agent is not None or code in (None, "variable-refused")
