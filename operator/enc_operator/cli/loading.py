"""Texts to an inventory: manifests, bare Agent files and Compose files, told apart by what is in them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from enc_operator.cli.inputs import Text
from enc_operator.core.agents.model import MAIN_FILES
from enc_operator.core.assessment import Assessment, assess, prepare, questions
from enc_operator.core.findings import Finding, Where, finding, place_only
from enc_operator.core.inventory import (
    AgentFileFact,
    Component,
    ComposeFact,
    Flavour,
    Inventory,
)
from enc_operator.core.objects.detection import flavour_of_image
from enc_operator.core.objects.reading import Reader
from enc_operator.core.rbac.evaluation import Evaluator
from enc_operator.core.schemas import read_crds
from enc_operator.core.syntax import Source, SyntaxFault, parse_text, split_documents
from enc_operator.core.syntax.yaml_text import Parsed
from enc_operator.core.templates.checkfiles import is_check_file
from enc_operator.frame import make_frame
from enc_operator.packaged_crds import crd_texts


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says about reading: the namespace of objects that have none, named Agents, trusted labels."""

    namespace: str = "default"
    agents: tuple[tuple[str, str, str, Component | None], ...] = ()
    trusted_labels: frozenset[str] = frozenset()
    now: datetime | None = None


@dataclass(slots=True)
class Loaded:
    """An inventory, and what was found on the way to it."""

    inventory: Inventory
    objects: int = 0
    skipped: int = 0


def load(
    texts: Sequence[Text], options: Options, advance: Callable[[int, int], None] | None = None
) -> Loaded:
    """Read all texts into one inventory; faults become findings, the rest is still read.

    `advance` is told how many of how many texts are read.
    """
    reader = make_reader(options)
    loaded = Loaded(reader.inventory)
    # AgentTargets name workloads that nothing else marks as an Agent's, so they are read first.
    for number, text in enumerate(sorted(texts, key=lambda text: "AgentTarget" not in text.text)):
        if advance:
            advance(number, len(texts))
        for line, piece in sorted(split_documents(text.text), key=lambda item: "AgentTarget" not in item[1]):
            _load_piece(loaded, reader, text, Source(text.file, line, piece))
    loaded.inventory.faults += reader.missing()
    loaded.objects = reader.objects
    return loaded


def make_reader(options: Options) -> Reader:
    """Make a reader of objects with an inventory that is still empty."""
    named = {
        (namespace, kind.lower(), name): component for namespace, kind, name, component in options.agents
    }
    return Reader(_empty(options), _Crds(), options.namespace, named)


class _Crds(Mapping[str, Mapping[str, Any]]):
    """The custom resource definitions by kind, read when the first is asked for: most input has none."""

    @cached_property
    def _read(self) -> Mapping[str, Mapping[str, Any]]:
        return read_crds(crd_texts())

    def __getitem__(self, kind: str) -> Mapping[str, Any]:
        return self._read[kind]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read)

    def __len__(self) -> int:
        return len(self._read)


def _empty(options: Options) -> Inventory:
    now = options.now or datetime.now(UTC)  # noqa: TID251 - the door is where time enters
    return make_frame(now, options.trusted_labels)


def _load_piece(loaded: Loaded, reader: Reader, text: Text, source: Source) -> None:
    try:
        parsed = parse_text(source.text)
    except SyntaxFault as fault:
        place = Where(source).spanning(fault.span(source.text))
        fix = _TEMPLATE_FIX if "{{" in source.text else fault.fix
        loaded.inventory.faults.append(finding(fault.code, place, fault.message, fix))
        return
    loaded.inventory.faults += _duplicates(parsed, source)
    _load_value(loaded, reader, text, source, parsed.value)


def _duplicates(parsed: Parsed, source: Source) -> Iterator[Finding]:
    """Yield the keys that stand twice; where a Secret is, neither the key's name nor the line."""
    secret = "Secret" in source.text and _holds_secret(parsed.value)
    for duplicate in parsed.duplicates:
        place = Where(source).part(source.text, duplicate.start, duplicate.end)
        if secret:
            place = place_only(place)
        name = "a key" if secret else f'the key "{duplicate.key}"'
        yield finding("duplicate-key", place, f"{name} stands twice; the last one wins", "remove one of them")


def _holds_secret(value: Any) -> bool:
    """Tell whether a document is a Secret or a list that may hold one."""
    members = value if isinstance(value, list) else value.get("items") if isinstance(value, dict) else None
    found = value.get("kind") if isinstance(value, dict) else ""
    return str(found) in ("Secret", "SecretList") or any(
        map(_holds_secret, members if isinstance(members, list) else ())
    )


_TEMPLATE_FIX = "render the chart first: helm template … | encctl plan -"


def _load_value(loaded: Loaded, reader: Reader, text: Text, source: Source, value: Any) -> None:
    if isinstance(value, list) and all(isinstance(item, dict) and "kind" in item for item in value):
        for item, part in zip(value, source.items((), len(value)), strict=True):
            reader.read(item, part)
        return
    if isinstance(value, dict) and ("kind" in value or "apiVersion" in value):
        reader.read(value, source)
    elif isinstance(value, dict) and _is_compose(value):
        loaded.inventory.compose += _compose(source, value)
    elif isinstance(value, dict) and _agent_file(loaded.inventory, source, value):
        pass
    elif text.named and value is not None:
        place = Where(source)
        what = "neither a Kubernetes object nor a file of an Agent"
        loaded.inventory.faults.append(
            finding("object-invalid", place, what, "write apiVersion and kind, or leave it out")
        )
    else:
        loaded.skipped += 1


def _is_compose(value: Mapping[str, Any]) -> bool:
    services = value.get("services")
    return isinstance(services, dict) and any(
        isinstance(service, dict) and ("image" in service or "build" in service)
        for service in services.values()
    )


def _agent_file(inventory: Inventory, source: Source, value: Mapping[str, Any]) -> bool:
    """Add a file that an Agent outside Kubernetes reads; tell whether it is one."""
    path = PurePosixPath(source.file)
    flavour = Flavour.STACKSTATE if "stackstate" in source.file else Flavour.DATADOG
    main = path.name in MAIN_FILES or any(str(key).startswith("secret_backend_") for key in value)
    check = not main and ("instances" in value or "init_config" in value or "conf.d" in path.parts)
    if not main and not (check and (is_check_file(source.file) or source.file == "<stdin>")):
        return False
    folder = path.parent
    if check and "conf.d" in path.parts:
        folder = PurePosixPath(*path.parts[: path.parts.index("conf.d")])
    where = Where(Source(source.file, source.line, source.text))
    inventory.agent_files.append(
        AgentFileFact(where, str(folder), source.file, source.text, flavour, main=main)
    )
    return True


def _compose(source: Source, value: Mapping[str, Any]) -> Iterator[ComposeFact]:
    for name, service in value["services"].items():
        if not isinstance(service, dict):
            continue
        image = str(service.get("image", ""))
        environment = _pairs(service.get("environment"))
        yield ComposeFact(
            Where(source, None, ("services", name)),
            source.file,
            str(name),
            image,
            {key: label.replace("$$", "$") for key, label in _pairs(service.get("labels")).items()},
            environment,
            flavour_of_image(image, environment),
        )


def _pairs(value: Any) -> dict[str, str]:
    """Read Compose's two spellings of pairs: a mapping, or a list of `name=value`."""
    if isinstance(value, dict):
        return {str(key): "" if item is None else str(item) for key, item in value.items()}
    items = value if isinstance(value, list) else []
    return {key: item for key, _, item in (str(entry).partition("=") for entry in items)}


def assess_inventory(inventory: Inventory) -> Assessment:
    """Assess with RBAC answered from the roles and bindings of the input."""
    prepared = prepare(inventory)
    evaluator = Evaluator(inventory.roles, inventory.bindings)
    inventory.answers = {question: evaluator.may_get(question) for question in questions(inventory, prepared)}
    return assess(inventory, prepared)
