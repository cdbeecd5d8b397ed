"""What is written to the API server: by POST, by PUT and DELETE of exactly the object that was read, and by patches of a status.

Server-side apply is not used: it creates anew what was deleted meanwhile, so one who wakes late could grant again what was revoked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from enc_operator.cluster.calls import JSON_PATCH, MERGE_PATCH, ApiError, Call
from enc_operator.cluster.gateway import Gateway

Manifest = Mapping[str, Any]
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Resource:
    """Where objects of a kind are: `group` as in a path, such as `apis/rbac.authorization.k8s.io/v1`."""

    group: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str, name: str = "") -> str:
        """Return the path of a collection, or of one of its objects."""
        within = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced else ""
        return f"/{self.group}{within}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


_APPS = "apis/apps/v1"
_RBAC, _OURS = "apis/rbac.authorization.k8s.io/v1", "apis/enc-operator.io/v1alpha1"
RESOURCES: Mapping[str, Resource] = {
    "Role": Resource(_RBAC, "roles"),
    "RoleBinding": Resource(_RBAC, "rolebindings"),
    "ConfigMap": Resource("api/v1", "configmaps"),
    "DaemonSet": Resource(_APPS, "daemonsets"),
    "Deployment": Resource(_APPS, "deployments"),
    "StatefulSet": Resource(_APPS, "statefulsets"),
    "Event": Resource("apis/events.k8s.io/v1", "events"),
    "AgentTarget": Resource(_OURS, "agenttargets"),
    "SecretGrant": Resource(_OURS, "secretgrants"),
    "ClusterSecretGrant": Resource(_OURS, "clustersecretgrants", namespaced=False),
}


class Writer:
    """Writes of one field manager; every refusal, and every answer that did not come, is an ApiError.

    A dry run passes admission and its policies, and stores nothing.
    """

    def __init__(self, gateway: Gateway, field_manager: str = "enc-operator") -> None:
        self._gateway = gateway
        self._field_manager = field_manager

    def get(self, kind: str, namespace: str, name: str) -> Manifest:
        """Read an object as it is stored."""
        return self._gateway.call(Call("GET", RESOURCES[kind].path(namespace, name)))

    def create(self, manifest: Manifest, *, dry_run: bool = False) -> Manifest:
        """Create an object that must not be there yet (409 AlreadyExists), and return it as it is stored."""
        path = _resource(manifest).path(_namespace(manifest))
        return self._gateway.call(Call("POST", path, self._query(dry_run), manifest))

    def replace(
        self, manifest: Manifest, uid: str, resource_version: str, *, dry_run: bool = False
    ) -> Manifest:
        """Replace exactly the object that was read, and return it as it is stored.

        One that was changed, deleted, or created anew since is left as it is: 409 Conflict, or 404. Both preconditions are needed:
        with a resourceVersion alone, RBAC's registry creates what is gone (`AllowCreateOnUpdate`).
        """
        metadata = {**manifest["metadata"], "uid": uid, "resourceVersion": resource_version}
        path = _resource(manifest).path(_namespace(manifest), metadata["name"])
        return self._gateway.call(Call("PUT", path, self._query(dry_run), {**manifest, "metadata": metadata}))

    def delete(
        self, kind: str, namespace: str, name: str, uid: str, resource_version: str, *, dry_run: bool = False
    ) -> bool:
        """Delete exactly the object that was read; False where it is gone already.

        One that was changed or created anew since stays: 409 Conflict.
        """
        preconditions = {"uid": uid, "resourceVersion": resource_version}
        options = {
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions, "propagationPolicy": "Background",
            **({"dryRun": ["All"]} if dry_run else {}),
        }  # fmt: skip
        try:
            self._gateway.call(Call("DELETE", RESOURCES[kind].path(namespace, name), body=options))
        except ApiError as error:
            if error.status == _NOT_FOUND:
                return False
            raise
        return True

    def patch(self, kind: str, namespace: str, name: str, operations: Sequence[Manifest]) -> Manifest:
        """Patch an object (RFC 6902); where one of the patch's tests fails, nothing is written: 422."""
        path = RESOURCES[kind].path(namespace, name)
        return self._gateway.call(Call("PATCH", path, self._query(dry_run=False), operations, JSON_PATCH))

    def patch_status(
        self, kind: str, namespace: str, name: str, status: Manifest, *, resource_version: str = ""
    ) -> Manifest:
        """Merge into an object's status (RFC 7386: None removes a field, a list is replaced), and return the object.

        With a resourceVersion only into exactly the object that was read: otherwise 409 Conflict. (A uid would not do: the status of a
        custom resource is written whatever uid the patch names.)
        """
        path = f"{RESOURCES[kind].path(namespace, name)}/status"
        metadata = {"metadata": {"resourceVersion": resource_version}} if resource_version else {}
        body = {**metadata, "status": status}
        return self._gateway.call(
            Call("PATCH", path, self._query(dry_run=False), body, content_type=MERGE_PATCH)
        )

    def _query(self, dry_run: bool) -> Mapping[str, str]:  # noqa: FBT001
        manager = {"fieldManager": self._field_manager}
        return {**manager, "dryRun": "All"} if dry_run else manager


def _resource(manifest: Manifest) -> Resource:
    return RESOURCES[manifest["kind"]]


def _namespace(manifest: Manifest) -> str:
    return str(manifest["metadata"].get("namespace") or "")
