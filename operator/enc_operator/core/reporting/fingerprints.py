"""What a finding is known by in another run: neither its line nor its words, so that both can change.

It is made of the code, the file, the object, the path and what the finding is about, which is a handle or a name. Places in lists
are not told apart, so that one more entry moves nothing; equal ones are counted instead. A Secret's value is never part of it:
its hash could be guessed.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from enc_operator.core.findings import Finding, Where, render_path
from enc_operator.core.reporting.model import NameOf
from enc_resolver.handles import handle_in

_LENGTH = 32  # hexadecimal digits: 128 bits


class Identity(NamedTuple):
    """What two findings have in common that are the same to a baseline."""

    code: str
    file: str
    object: str
    path: str
    about: str


def identity_of(finding: Finding, name_of: NameOf) -> Identity:
    """Return what a finding is known by, its file named as `name_of` says."""
    where = finding.where
    path = " → ".join(render_path(part, any_index=True) for part in (where.path, where.inner) if part)
    return Identity(finding.code, name_of(where.source.file), str(where.object or ""), path, _about(where))


def _about(where: Where) -> str:
    """Return the handle that is to blame, all of it: another Secret is another finding. Otherwise the piece that is marked."""
    span = where.span
    if span is None or not span.telling:
        return ""
    return span.text.strip() if handle_in(span.text) is not None else span.text[span.start : span.end]


def fingerprints(findings: Iterable[Finding], name_of: NameOf) -> Iterator[str]:
    """Yield each finding's fingerprint; of equal ones the first, second and so on have their own."""
    seen: Counter[Identity] = Counter()
    for finding in findings:
        identity = identity_of(finding, name_of)
        seen[identity] += 1
        text = json.dumps([*identity, seen[identity]])
        yield hashlib.sha256(text.encode()).hexdigest()[:_LENGTH]
