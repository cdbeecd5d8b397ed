"""What certificates of the webhook touch in a cluster, behind scripted servers: one Secret, and one configuration."""

import threading
from collections.abc import Callable
from typing import Any

from scripted_api import Line

Manifest = dict[str, Any]
Data = dict[str, str]


class Stored:
    """A Secret behind a server that answers gets and puts of it by its resourceVersion; `before_put` is called before each put counts."""

    def __init__(self, data: Data | None) -> None:
        self.data, self.version, self.puts = data, 1, 0
        self.before_put: Callable[[], object] = lambda: None
        self._lock = threading.Lock()

    @property
    def chain(self) -> str:
        """The certificate in it."""
        return (self.data or {})["tls.crt"]

    def __call__(self, line: Line) -> None:
        """Answer."""
        if line.asked.method == "PUT":
            self.before_put()
        with self._lock:
            metadata = {"name": "tls", "resourceVersion": str(self.version)}
            if line.asked.method == "PUT":
                if line.asked.body["metadata"]["resourceVersion"] != str(self.version):
                    line.refuse(409, "Conflict")
                    return
                self.data, self.version, self.puts = line.asked.body["data"], self.version + 1, self.puts + 1
            line.answer({"kind": "Secret", "metadata": metadata} | ({"data": self.data} if self.data else {}))


class Configured:
    """A configuration with two webhooks behind a server: lists, one watch that tells of changes, gets and patches."""

    def __init__(self) -> None:
        self.bundles = ["", "b3RoZXI="]
        self.version = 1
        self.patches: list[Any] = []
        self.watch: Line | None = None

    def manifest(self) -> Manifest:
        """Return it."""
        webhooks = [{"name": f"{index}.example.com", "clientConfig": {"caBundle": bundle} if bundle else {}}
                    for index, bundle in enumerate(self.bundles)]  # fmt: skip
        metadata = {"name": "enc", "uid": "u", "resourceVersion": str(self.version)}
        return {"kind": "ValidatingWebhookConfiguration", "metadata": metadata, "webhooks": webhooks}

    def overwrite(self, bundle: str) -> None:
        """Have somebody else write a bundle, and the watch tell of it."""
        self.bundles[1], self.version = bundle, self.version + 1
        assert self.watch
        self.watch.event({"type": "MODIFIED", "object": self.manifest()})

    def __call__(self, line: Line) -> None:
        """Answer."""
        if line.asked.query.get("watch"):
            self.watch = line.watch()
            line.hold()
        elif line.asked.method == "PATCH":
            self.patches.append(line.asked.body)
            test, *changes = line.asked.body
            if test["value"] != str(self.version):
                line.refuse(422, "Invalid")
                return
            for change in changes:
                self.bundles[int(change["path"].split("/")[2])] = change["value"]
            self.version += 1
            line.answer(self.manifest())
        elif line.asked.path.endswith("/enc"):
            line.answer(self.manifest())
        else:
            assert line.asked.query["fieldSelector"] == "metadata.name=enc"
            items = {"items": [self.manifest()], "metadata": {"resourceVersion": str(self.version)}}
            line.answer({"kind": "ValidatingWebhookConfigurationList", **items})
