"""A cluster's objects into an inventory, page by page, several kinds at a time; what may not be read is noted and said."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from enc_operator.cli.kubectl.arguments import Kubectl
from enc_operator.cli.kubectl.calls import NotAllowed, NotThere, knows, list_pages
from enc_operator.cli.loading import Options, make_reader
from enc_operator.cli.scan.kinds import CONFIG_MAPS, KINDS, RIGHTS, TARGETS, Kind, Manifest, owner_of, slim
from enc_operator.core.findings import ObjectRef
from enc_operator.core.inventory import Inventory
from enc_operator.core.objects.authorization import MANAGED_BY
from enc_operator.core.objects.reading import Reader
from enc_operator.core.objects.shapes import labels, text
from enc_operator.core.syntax import Source
from enc_operator.errors import EncError

_AT_ONCE = 4  # each is a kubectl, which may have to fetch credentials first
_NO_FILE = Source("")


@dataclass(frozen=True, slots=True)
class Unread:
    """What may not be listed: the kind, the namespace (empty: all but those of `read`), and the API server's words."""

    kind: Kind
    namespace: str
    why: str
    read: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = f" of namespace {self.namespace}" if self.namespace else ""
        where += f" outside namespace {', '.join(self.read)}" if self.read else ""
        return f"{self.kind.plural}{where} may not be listed ({self.why}); not judged: {self.kind.unjudged}"


@dataclass(slots=True)
class Held:
    """What a cluster holds; `owners` are the workloads of pods, `ours` the Roles and bindings of enc-operator."""

    inventory: Inventory
    owners: dict[ObjectRef, ObjectRef] = field(default_factory=dict)
    ours: list[Manifest] = field(default_factory=list)
    unread: list[Unread] = field(default_factory=list)

    def lacks(self, kinds: Iterable[str]) -> bool:
        """Tell whether any of some kinds could not be read wholly."""
        return any(unread.kind.name in kinds for unread in self.unread)


class ClusterReader:
    """Reads what a scan looks at, everywhere or, of pods, Services and the like, in one `namespace`."""

    def __init__(self, kubectl: Kubectl, options: Options, namespace: str) -> None:
        self._kubectl = kubectl
        self._namespace = namespace
        named = {namespace for namespace, _, _, _ in options.agents}
        self._fallbacks = sorted({namespace, *named}) if namespace else []
        self._reader: Reader = make_reader(options)
        self._held = Held(self._reader.inventory)
        self._seen: set[tuple[str, str, str]] = set()
        self._lock = Lock()

    def read(self, advance: Callable[[int, int], None]) -> Held:
        """Read everything; raise EncError where the cluster does not answer. `advance` is told how far it is."""
        self._read_kind(TARGETS)
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            for number, _ in enumerate(threads.map(self._read_kind, KINDS)):
                advance(number, len(KINDS))
        self._read_configuration()
        inventory = self._reader.inventory
        # A workload's template grants nothing: what it makes is there as pods, with what admission made of them.
        inventory.pods = [pod for pod in inventory.pods if pod.object.kind == "Pod"]
        inventory.faults += self._reader.missing()
        self._held.unread.sort(key=lambda unread: (unread.kind.name, unread.namespace))
        return self._held

    def _read_kind(self, kind: Kind) -> None:
        within = self._namespace if kind.narrowed else ""
        refused = self._refusal(kind, within)
        if refused:
            tried = self._fallbacks if kind.scoped and not within else []
            read = tuple(namespace for namespace in tried if not self._refusal(kind, namespace))
            self._held.unread.append(Unread(kind, within, refused, read))

    def _read_configuration(self) -> None:
        agents = {workload.object.namespace for workload in self._reader.inventory.workloads}
        for namespace in sorted(agents):
            refused = self._refusal(CONFIG_MAPS, namespace)
            if refused:
                self._held.unread.append(Unread(CONFIG_MAPS, namespace, refused))

    def _refusal(self, kind: Kind, namespace: str) -> str:
        """Read a list and return nothing, or why it may not be read."""
        try:
            self._read_list(kind, namespace)
        except NotAllowed as refused:
            if kind.custom and not knows(self._kubectl, kind.version, kind.plural):
                return ""  # who may not list a kind is not told that there is none
            return refused.message.partition(" is forbidden: ")[2] or refused.message
        return ""

    def _read_list(self, kind: Kind, namespace: str) -> None:
        try:
            for page in list_pages(self._kubectl, kind.path(namespace), kind.query):
                with self._lock:
                    self._keep(kind, page)
        except NotThere as missing:
            if not kind.custom:
                raise EncError(f"the API server knows no {kind.plural}: {missing.message}", _OLD) from None

    def _keep(self, kind: Kind, page: list[Manifest]) -> None:
        for manifest in page:
            key = (kind.name, text(manifest, "metadata", "namespace"), text(manifest, "metadata", "name"))
            if key in self._seen:
                continue  # of a list that was begun again
            self._seen.add(key)
            kept = slim(kind, manifest)
            self._reader.read(kept, _NO_FILE)
            if kind.name == "Pod":
                self._note_owner(manifest, kept)
            elif kind.name in RIGHTS and MANAGED_BY in labels(kept, "metadata", "labels"):
                self._held.ours.append(kept)

    def _note_owner(self, manifest: Manifest, kept: Manifest) -> None:
        owner = owner_of(manifest)
        if owner:
            self._held.owners[ObjectRef("Pod", owner.namespace, kept["metadata"]["name"])] = owner


_OLD = "check --context; a kubectl that is old leaves the path of the server's address out"
