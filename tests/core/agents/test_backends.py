"""Which backend an Agent has, and what a handle means to it."""

import pytest

from enc_operator.core.agents.backends import (
    OPAQUE,
    Backend,
    BackendKind,
    decide_backend,
    is_secret_setting,
)
from enc_resolver.handles import HandleError, KubernetesSecret, MountedFile, Part, RootFile

HELPER = "/opt/datadog-agent/bin/agent/agent"
MULTIPLE = Backend(BackendKind.MULTIPLE, types={"kube": "k8s.secrets", "vault": "hashicorp.vault"})
CUSTOM = Backend(BackendKind.CUSTOM, "/etc/vendor/fetch")
TYPED = Backend(BackendKind.TYPE, type="k8s.secrets")


@pytest.mark.parametrize(
    ("command", "arguments", "kind", "root"),
    [
        pytest.param("", "", BackendKind.NONE, "", id="nothing is set"),
        pytest.param("  ", "", BackendKind.NONE, "", id="the vendor's operator writes an empty command"),
        pytest.param(
            "/readsecret_multiple_providers.sh", "", BackendKind.BUILTIN, "", id="the built-in script"
        ),
        pytest.param(
            "/readsecret_multiple_providers.sh",
            "/run/secrets",
            BackendKind.BUILTIN,
            "/run/secrets",
            id="with a root",
        ),
        pytest.param(
            "/readsecret.sh", "/run/secrets", BackendKind.ROOT_FILES, "/run/secrets", id="readsecret.sh"
        ),
        pytest.param("/readsecret.py", "", BackendKind.ROOT_FILES, "", id="readsecret.py without a root"),
        pytest.param("/etc/enc/bin/resolver", "", BackendKind.BUNDLED, "", id="ours"),
        pytest.param(
            "/etc/enc/bin/resolver",
            "read /run/secrets --with-provider-prefixes --allow-root /a",
            BackendKind.BUNDLED,
            "/run/secrets",
            id="ours with a root",
        ),
        pytest.param(
            "/etc/enc/bin/resolver",
            "read --with-provider-prefixes --allow-root /etc/enc/secrets/a",
            BackendKind.BUNDLED,
            "",
            id="ours, and a folder that a flag opens is no root",
        ),
        pytest.param(
            "/etc/enc/bin/resolver", HELPER, BackendKind.BUNDLED, "", id="ours in front of the node's helper"
        ),
        pytest.param(
            HELPER,
            "secret-helper read /run/secrets --with-provider-prefixes",
            BackendKind.BUILTIN,
            "/run/secrets",
            id="the helper with providers",
        ),
        pytest.param(
            HELPER,
            "secret-helper read --with-provider-prefixes=true",
            BackendKind.BUILTIN,
            "",
            id="the helper with the switch spelled out",
        ),
        pytest.param(
            HELPER,
            "secret-helper read /run/secrets",
            BackendKind.ROOT_FILES,
            "/run/secrets",
            id="the helper without providers reads files below its root",
        ),
        pytest.param(
            "/opt/datadog-agent/bin/datadog-cluster-agent",
            "secret-helper read --with-provider-prefixes",
            BackendKind.BUILTIN,
            "",
            id="the Cluster Agent's helper",
        ),
        pytest.param(HELPER, "version", BackendKind.CUSTOM, "", id="the Agent as another command"),
        pytest.param("/etc/vendor/fetch", "/run/secrets", BackendKind.CUSTOM, "", id="the user's own"),
    ],
)
def test_command(command: str, arguments: str, kind: BackendKind, root: str) -> None:
    """The command says which grammar reads handles, its arguments where prefix-less ones are files."""
    backend = decide_backend({"secret_backend_command": command, "secret_backend_arguments": arguments})

    assert (backend.kind, backend.root) == (kind, root)


@pytest.mark.parametrize(
    ("settings", "types", "expected"),
    [
        pytest.param(
            {"secret_backend_command": "/x", "secret_backend_type": "k8s.secrets"},
            {"a": "k8s.secrets"},
            BackendKind.CUSTOM,
            id="a command goes before a type",
        ),
        pytest.param(
            {"secret_backend_type": "k8s.secrets"},
            {"a": "k8s.secrets"},
            BackendKind.TYPE,
            id="a type goes before several",
        ),
        pytest.param({}, {"a": "k8s.secrets"}, BackendKind.MULTIPLE, id="several stand last"),
    ],
)
def test_precedence(settings: dict[str, str], types: dict[str, str], expected: BackendKind) -> None:
    """Command, type, several: the first that is set counts."""
    assert decide_backend(settings, types).kind is expected


@pytest.mark.parametrize(
    ("backend", "text", "secret"),
    [
        pytest.param(TYPED, "ns/name;key", ("ns", "name", "key"), id="a type"),
        pytest.param(MULTIPLE, "kube;ns/name;key", ("ns", "name", "key"), id="one of several"),
        pytest.param(MULTIPLE, "KuBe;ns/name;key", ("ns", "name", "key"), id="an ID in another case"),
        pytest.param(CUSTOM, "k8s_secret@ns/name/key", ("ns", "name", "key"), id="the user's own command"),
        pytest.param(
            Backend(BackendKind.NONE), "k8s_secret@ns/name/key", ("ns", "name", "key"), id="no backend yet"
        ),
    ],
)
def test_secrets(backend: Backend, text: str, secret: tuple[str, ...]) -> None:
    """A Secret is read with its parts where they stand in the whole handle."""
    found = backend.read(text)

    assert isinstance(found, KubernetesSecret)
    parts = (found.namespace, found.name, found.key)
    assert tuple(part.text for part in parts) == secret
    assert tuple(text[part.start : part.end] for part in parts) == secret


@pytest.mark.parametrize(
    ("backend", "text", "start"),
    [
        pytest.param(Backend(BackendKind.TYPE, type="aws.secrets"), "k8s_secret@a/b/c", 0, id="a type"),
        pytest.param(MULTIPLE, "vault;k8s_secret@a/b/c", 6, id="one of several"),
    ],
)
def test_providers_of_scripts(backend: Backend, text: str, start: int) -> None:
    """A provider is the scripts' own: other types do not know it."""
    with pytest.raises(HandleError) as caught:
        backend.read(text)

    assert (caught.value.code, caught.value.start) == ("backend-unreadable", start)
    assert "knows no k8s_secret@" in caught.value.message


@pytest.mark.parametrize(
    ("backend", "text"),
    [
        pytest.param(Backend(BackendKind.TYPE, type="aws.secrets"), "a;b", id="another type"),
        pytest.param(MULTIPLE, "vault;secret/dd;app", id="another type of several"),
        pytest.param(CUSTOM, '{"env": "prod"}', id="a command's own language"),
    ],
)
def test_opaque(backend: Backend, text: str) -> None:
    """What only the backend understands has no meaning here, and nothing is granted for it."""
    assert backend.read(text) is OPAQUE


def test_files() -> None:
    """The scripts read files by absolute path, or below their root."""
    assert Backend(BackendKind.BUILTIN).read("file@/a/b") == MountedFile(Part("/a/b", 5, 9))
    assert Backend(BackendKind.ROOT_FILES).read("a/b") == RootFile(Part("a/b", 0, 3))


@pytest.mark.parametrize(
    ("backend", "text", "span"),
    [
        pytest.param(MULTIPLE, "azure;a", "azure", id="an unknown ID"),
        pytest.param(MULTIPLE, "azure", "azure", id="no ID at all"),
        pytest.param(MULTIPLE, "kube;NS/name;key", "NS", id="a wrong namespace behind an ID"),
        pytest.param(MULTIPLE, "kube;nothing", "nothing", id="no Secret behind an ID"),
        pytest.param(TYPED, "ns/name;k ey", "k ey", id="a wrong key"),
        pytest.param(CUSTOM, "k8s_secret@ns/name/..", "..", id="a key that climbs"),
    ],
)
def test_spans(backend: Backend, text: str, span: str) -> None:
    """An error points at what is wrong in the whole handle."""
    with pytest.raises(HandleError) as caught:
        backend.read(text)

    assert text[caught.value.start : caught.value.end] == span


def test_unknown_identifier_is_shown_safely() -> None:
    """A message holds no control character that a terminal would act on."""
    with pytest.raises(HandleError) as caught:
        MULTIPLE.read("\x1b[31m;a")

    assert "\x1b" not in str(caught.value)
    assert "kube, vault" in caught.value.fix


@pytest.mark.parametrize(
    ("backend", "handle", "namespace"),
    [
        pytest.param(CUSTOM, "k8s_secret@shop/a/b", "shop", id="our prefix"),
        pytest.param(CUSTOM, "name;key", "name", id="any handle with a semicolon"),
        pytest.param(CUSTOM, "a/b", "", id="a handle without either"),
        pytest.param(TYPED, "shop/a;b", "shop", id="the type of Kubernetes' Secrets"),
        pytest.param(MULTIPLE, "kube;shop/a;b", "shop", id="an ID is cut off"),
        pytest.param(MULTIPLE, "Kube;shop/a;b", "Kube", id="an ID in another case is not"),
        pytest.param(MULTIPLE, "vault;shop/a;b", "vault", id="an ID of another type is not"),
        pytest.param(MULTIPLE, "kube;shop", "", id="nothing behind the ID"),
    ],
)
def test_scoped_namespace(backend: Backend, handle: str, namespace: str) -> None:
    """The Agent's scoping takes a handle for a namespace by its own rough rule, whatever the backend reads."""
    assert backend.scoped_namespace(handle) == namespace


@pytest.mark.parametrize(
    ("backend", "name", "users"),
    [
        pytest.param(Backend(BackendKind.NONE), "no secret backend", False, id="none"),
        pytest.param(Backend(BackendKind.BUNDLED), "enc-operator's resolver", False, id="ours"),
        pytest.param(Backend(BackendKind.BUILTIN), "the Agent's built-in script", False, id="built-in"),
        pytest.param(Backend(BackendKind.ROOT_FILES), "the Agent's readsecret script", True, id="readsecret"),
        pytest.param(TYPED, "secret_backend_type k8s.secrets", True, id="a type"),
        pytest.param(MULTIPLE, "multi_secret_backends", True, id="several"),
        pytest.param(CUSTOM, "/etc/vendor/fetch", True, id="a command"),
    ],
)
def test_names(backend: Backend, name: str, users: bool) -> None:  # noqa: FBT001
    """A backend has a name, and says whether the user chose it."""
    assert (str(backend), backend.is_users) == (name, users)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param("secret_backend_command", True, id="the command"),
        pytest.param("Secret_Backend_Config.token", True, id="in another case"),
        pytest.param("multi_secret_backends.kube.config", True, id="one of several"),
        pytest.param("api_key", False, id="another setting"),
    ],
)
def test_secret_settings(path: str, expected: bool) -> None:  # noqa: FBT001
    """The settings of the backend itself cannot hold handles."""
    assert is_secret_setting(path) is expected
