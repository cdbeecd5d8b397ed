"""The head of the delivered file: start the modules whose sources it holds, from a compiled form where one was left.

Rule 1  the sources decide. A compiled form beside the file is taken only if it is whole, from exactly these sources,
        by exactly this interpreter, and nobody's but the file's own owner's.
Rule 2  whatever is wrong with it, the sources are compiled as if it were not there.
Rule 3  a module is compiled when it is imported: one that only some handles need costs the others nothing.

The install step leaves the compiled form (``write_compiled``); an Agent's containers can only read it. This text runs
before any other module, as ``__main__`` of the delivered file, and does not know what the modules do.
"""

from __future__ import annotations

import _imp
import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import CodeType, ModuleType
    from typing import Any, Mapping, Optional

    Sources = Mapping[str, str]

_ENDING = ".compiled"
_KEY = 0x656E63


class Modules:
    """The finder and loader of the modules in the file."""

    def __init__(self, sources: Sources, codes: Mapping[str, CodeType]) -> None:
        self.sources = sources
        self.codes = codes

    def find_spec(self, name: str, *_: object) -> Any:
        """Return a module's spec, or None where it is not one of ours."""
        loader: Any = self
        if name not in self.sources:
            return None
        return type(sys.__spec__)(name, loader, is_package="." not in name)

    def create_module(self, spec: object) -> Optional[ModuleType]:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's code."""
        name = module.__name__
        exec(self.codes.get(name) or compile_source(self.sources, name), module.__dict__)  # noqa: S102


def compile_source(sources: Sources, name: str) -> CodeType:
    """Compile a module from its source."""
    code: CodeType = compile(sources[name], name, "exec", dont_inherit=True)
    return code


def write_compiled(file: str, sources: Sources) -> None:
    """Leave the modules' compiled form beside the file, readable for its owner only."""
    body = marshal.dumps({name: compile_source(sources, name) for name in sources})
    target = os.open(file + _ENDING, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(target, "wb") as written:
        written.write(_seal(sources, body) + body)


def read_compiled(file: str, sources: Sources) -> Mapping[str, CodeType]:
    """Return the code that was left beside the file, or nothing."""
    try:
        with open(file + _ENDING, "rb") as left:
            found, own = os.fstat(left.fileno()), os.stat(file)
            content = left.read()
    except OSError:
        return {}
    size = len(_seal(sources, b""))
    seal, body = content[:size], content[size:]
    if found.st_uid != own.st_uid or found.st_mode & 0o022 or seal != _seal(sources, body):
        return {}
    codes: Mapping[str, CodeType] = marshal.loads(body)  # noqa: S302  (checked; and who may write it may write the file)
    return codes


def _seal(sources: Sources, body: bytes) -> bytes:
    """Say of which interpreter and sources a body is, with the hash that Python's own .pyc files use (PEP 552)."""
    hashes = [_imp.source_hash(_KEY, text) for text in ("\0".join(sources.values()).encode(), body)]
    return sys.version.encode() + b"".join(hashes)


def find_modules(file: str, sources: Sources) -> None:
    """Import the modules from the file from now on."""
    finder: Any = Modules(sources, read_compiled(file, sources))
    sys.meta_path.insert(0, finder)
