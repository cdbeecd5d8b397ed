"""Ways around the webhook by a DatadogInstrumentation, on a real API server that serves the kind: each refused, beside an honest twin."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from e2e.cluster.folder import wait_until
from e2e.scenarios.admission_ways import APPLY, JSON_PATCH, MERGE
from e2e.scenarios.instrumentations import GROUP, PLURAL, instrumentation, instrumentations
from e2e.scenarios.operated_world import Clusterful
from e2e.scenarios.webhooked_world import Said, Webhooked, webhooked

_SPEC = "/spec/config/checks/0/instances/0/password"
Write = Callable[[Webhooked, str, Any], Said]


@pytest.fixture(scope="module")
def hooked(tenants: Clusterful, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Webhooked]:
    """Have the kind served, and a webhook that enforces."""
    with instrumentations(tenants.cluster), webhooked(tenants, tmp_path_factory.mktemp("webhook")) as world:
        tenants.apply(tenants.target(enforcement="enforce"))
        wait_until(lambda: not world.try_foreign().accepted, "the webhook enforces", seconds=20)
        yield world


def _path(world: Webhooked, name: str = "") -> str:
    return world.path(PLURAL, group=GROUP) + (f"/{name}" if name else "")


def _stored(world: Webhooked, value: Any = "plain") -> str:
    """Store one as the administrator and return its path."""
    said = world.send("admin", "POST", _path(world), instrumentation(world, value))
    assert said.accepted, said.message
    return _path(world, said.stored["metadata"]["name"])


def _create(target: str = "Deployment") -> Write:
    return lambda world, who, secret: world.send(
        who, "POST", _path(world), instrumentation(world, secret, target)
    )


def _apply(world: Webhooked, who: str, secret: Any) -> Said:
    manifest = instrumentation(world, secret)
    path = f"{_path(world, manifest['metadata']['name'])}?fieldManager=somebody"
    return world.send(who, "PATCH", path, manifest, APPLY)


def _kubectl(world: Webhooked, who: str, secret: Any) -> Said:
    path = _stored(world)
    patch = f'[{{"op": "replace", "path": "{_SPEC}", "value": "{secret}"}}]'
    named = (f"{PLURAL}.datadoghq.com", path.rpartition("/")[2])
    return world.kubectl(who, "-n", world.names["shop"], "patch", *named, "--type=json", "-p", patch)


def _replace(world: Webhooked, who: str, secret: Any) -> Said:
    path = _stored(world)
    changed = world.send("admin", "GET", path).stored
    changed["spec"] = instrumentation(world, secret)["spec"]
    return world.send(who, "PUT", path, changed)


def _merge(world: Webhooked, who: str, secret: Any) -> Said:
    return world.send(who, "PATCH", _stored(world), {"spec": instrumentation(world, secret)["spec"]}, MERGE)


def _json_patch(world: Webhooked, who: str, secret: Any) -> Said:
    return world.send(
        who, "PATCH", _stored(world), [{"op": "replace", "path": _SPEC, "value": secret}], JSON_PATCH
    )


def _log(world: Webhooked, who: str, secret: Any) -> Said:
    manifest = instrumentation(world, "plain")
    manifest["spec"]["config"]["logs"] = [{"source": "web", "token": secret}]
    return world.send(who, "POST", _path(world), manifest)


WRITES: dict[str, Write] = {
    "one is created for a Deployment's pods": _create(),
    "one is created for a Service": _create("Service"),
    "one is created by server-side apply": _apply,
    "one is replaced": _replace,
    "a merge patch": _merge,
    "a JSON patch": _json_patch,
    "kubectl patch": _kubectl,
    "a log's settings": _log,
}


@pytest.mark.parametrize("write", WRITES)
def test_none_leads_to_another_teams_secret(write: str, hooked: Webhooked) -> None:
    """Whoever may do everything in a namespace refers to a Secret of his own there, and to none of another namespace."""
    foreign, own = (f"ENC[{hooked.tenants.handle(where, 'db')}]" for where in ("bank", "shop"))

    _refused(WRITES[write](hooked, "developer", foreign), "access-denied")
    honest = WRITES[write](hooked, "developer", own)
    assert honest.accepted, honest.message


@pytest.mark.parametrize(
    ("secret", "code"),
    [
        pytest.param("EN%%hostname%%C[k8s_secret@BANK/db/password]", "access-denied", id="split by an empty variable"),
        pytest.param("EN‰hostname‰C[k8s_secret@BANK/db/password]", "access-denied", id="split in the Agent's own mark"),
        pytest.param(" \tENC[k8s_secret@BANK/db/password]", "access-denied", id="blanks around it"),
        pytest.param({"a": [{"b": "ENC[k8s_secret@BANK/db/password]"}]}, "access-denied", id="in a list"),
        pytest.param("ENC[k8s_secret@%%env_TEAM%%/db/password]", "variable-refused", id="the Agent's environment"),
        pytest.param("ENC[file@/etc/hosts]", "file-refused", id="a file of the Agent's"),
        pytest.param(["ENC[k8s_secret@SHOP/db/password]"] * 2001, "handles-too-many", id="too many to be read"),
    ],
)  # fmt: skip
def test_no_spelling_does(secret: Any, code: str, hooked: Webhooked) -> None:
    """However it is written, and whatever cannot be read."""
    _refused(_create()(hooked, "developer", _named(hooked, secret)), code)


def _named(world: Webhooked, secret: Any) -> Any:
    if isinstance(secret, str):
        return secret.replace("BANK", world.names["bank"]).replace("SHOP", world.names["shop"])
    if isinstance(secret, list):
        return [_named(world, each) for each in secret]
    return {key: _named(world, each) for key, each in secret.items()}


def test_what_lies_too_deep(hooked: Webhooked) -> None:
    """Something that Python cannot read is refused: it could be a handle."""
    secret: Any = f"ENC[{hooked.tenants.handle('bank', 'db')}]"
    nested = f"{'[' * 2000}{secret!r}{']' * 2000}".replace("'", '"')
    manifest = instrumentation(hooked, "HERE")

    said = hooked.kubectl(
        "developer",
        "create",
        "--raw",
        _path(hooked),
        "-f",
        "-",
        text=json.dumps(manifest).replace('"HERE"', nested),
    )
    _refused(said, "json-depth")


def test_who_makes_no_pods_opens_nothing(hooked: Webhooked) -> None:
    """The pods' own Secret is not his; the same handle with another host is another reference."""
    own = f"ENC[{hooked.tenants.handle('shop', 'db')}]"
    path = _stored(hooked, own)
    elsewhere = [{"op": "add", "path": "/spec/config/checks/0/instances/0/host", "value": "evil.example"}]

    _refused(_create()(hooked, "annotator", own), "requester-denied")
    _refused(hooked.send("annotator", "PATCH", path, elsewhere, JSON_PATCH), "requester-denied")
    assert hooked.send("developer", "PATCH", path, elsewhere, JSON_PATCH).accepted


def test_what_changes_nothing_costs_no_call(hooked: Webhooked) -> None:
    """Labels and status of one that stands are nobody's affair, whoever writes them."""
    path = _stored(hooked, f"ENC[{hooked.tenants.handle('shop', 'db')}]")
    before = hooked.calls()

    labels = hooked.send("annotator", "PATCH", path, {"metadata": {"labels": {"a": "b"}}}, MERGE)
    status = hooked.send("admin", "PATCH", f"{path}/status", {"status": {"seen": True}}, MERGE)

    assert (labels.message, status.message) == ("", "")
    assert hooked.calls() == before


def _refused(said: Said, code: str) -> None:
    assert not said.accepted
    assert 'admission webhook "instrumentations.enc-operator.io" denied the request' in said.message
    assert f"error[{code}]" in said.message
    assert "    fix: " in said.message
