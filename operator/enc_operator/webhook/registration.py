"""What the API server knows of the webhook: its configurations, of which the caBundle alone is ours to write, and is kept right."""

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from enc_operator.cluster.calls import Call
from enc_operator.cluster.collections import Collection
from enc_operator.cluster.gateway import Gateway
from enc_operator.cluster.reflector import Reflector
from enc_operator.cluster.store import Key
from enc_operator.core.objects.shapes import mapping, text

_JSON_PATCH = "application/json-patch+json"
_PATH = "/apis/admissionregistration.k8s.io/v1"
_VALIDATING, _MUTATING = f"{_PATH}/validatingwebhookconfigurations", f"{_PATH}/mutatingwebhookconfigurations"


class Registration:
    """One ValidatingWebhookConfiguration, and where `mutating` names one a MutatingWebhookConfiguration.

    `changed` is called whenever one is another than before.
    """

    def __init__(self, gateway: Gateway, name: str, changed: Callable[[], None], mutating: str = "") -> None:
        self._gateway = gateway
        places = [(_VALIDATING, name), *([(_MUTATING, mutating)] if mutating else [])]
        self._paths = [f"{path}/{each}" for path, each in places]
        only = [Collection(path, {"fieldSelector": f"metadata.name={each}"}) for path, each in places]
        self._reflectors: list[Reflector[tuple[str, ...]]] = [
            Reflector(gateway, each, _bundles, _Told(changed)) for each in only
        ]

    def start(self) -> None:
        """Begin to watch."""
        for each in self._reflectors:
            each.start()

    def stop(self) -> None:
        """End."""
        for each in self._reflectors:
            each.stop()

    def repair(self, bundle: bytes) -> int:
        """Have every webhook trust a bundle; return how many did not. Raises ApiError, 404 where there is no configuration."""
        return sum(self._repair(path, bundle) for path in self._paths)

    def _repair(self, path: str, bundle: bytes) -> int:
        manifest = self._gateway.call(Call("GET", path))
        wrong = [*_others(manifest, base64.b64encode(bundle).decode())]
        if wrong:
            version = text(manifest, "metadata", "resourceVersion")
            # The places in the list are those of this version.
            test = {"op": "test", "path": "/metadata/resourceVersion", "value": version}
            self._gateway.call(Call("PATCH", path, body=[test, *wrong], content_type=_JSON_PATCH))
        return len(wrong)


def _others(manifest: Mapping[str, Any], bundle: str) -> Iterator[Mapping[str, str]]:
    for index, found in enumerate(_bundles(manifest)):
        if found != bundle:
            yield {"op": "add", "path": f"/webhooks/{index}/clientConfig/caBundle", "value": bundle}


def _bundles(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    webhooks = manifest.get("webhooks")
    return tuple(text(mapping(each, "clientConfig"), "caBundle") for each in webhooks or ())


class _Told:
    """Hears of the configuration, and passes on that something changed."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed

    def replaced(self, items: Mapping[Key, tuple[str, ...]]) -> None:
        """Hear what there is."""
        del items
        self._changed()

    def changed(self, key: Key, item: tuple[str, ...] | None) -> None:
        """Hear of a change."""
        del key, item
        self._changed()
