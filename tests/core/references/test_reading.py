"""What one string means to one Agent: Secrets, files, and what its backend cannot read."""

from typing import Any

import pytest

from agent_manifests import agent, env, pod, problem_codes, references, secrets_of, target
from enc_operator.core.references.model import OtherTarget, SecretTarget

ROOTED = env(
    DD_SECRET_BACKEND_COMMAND="/readsecret_multiple_providers.sh", DD_SECRET_BACKEND_ARGUMENTS="/run/root/"
)
READSECRET = env(DD_SECRET_BACKEND_COMMAND="/readsecret.sh", DD_SECRET_BACKEND_ARGUMENTS="/run/root")
VOLUMES = [
    {"name": "own", "secret": {"secretName": "own"}},
    {"name": "root", "secret": {"secretName": "root"}},
]
MOUNTS = [{"name": "own", "mountPath": "/etc/own"}, {"name": "root", "mountPath": "/run/root"}]
DECLARED: dict[str, Any] = {"secretVolumes": [{"name": "keys", "secretName": "keys", "keys": ["api"]}]}


def reader(variables: list[dict[str, Any]], value: str = "") -> str:
    """Return an Agent with secret mounts, and maybe a handle in its settings."""
    handle = env(DD_API_KEY=value) if value else []
    return agent(env=[*variables, *handle], volumes=VOLUMES, volumeMounts=MOUNTS)


@pytest.mark.parametrize(
    ("variables", "value", "secrets"),
    [
        pytest.param([], "ENC[file@/etc/own/pw]", ["dd/own/pw"], id="its own mount"),
        pytest.param([], "ENC[file@/etc/enc/secrets/keys/api]", ["dd/keys/api"], id="a declared volume"),
        pytest.param([], "ENC[file@/etc/enc/secrets/keys/other]", [], id="a key that is not declared"),
        pytest.param([], "ENC[file@/etc/elsewhere]", [], id="no mount"),
        pytest.param([], "ENC[file@/etc/own/../own/pw]", [], id="a path that climbs"),
        pytest.param([], "ENC[file@/var/run/secrets/kubernetes.io/serviceaccount/token]", [], id="the token"),
        pytest.param(ROOTED, "ENC[pw]", ["dd/root/pw"], id="a file below the root"),
        pytest.param([], "ENC[pw]", [], id="a file without a root"),
        pytest.param(READSECRET, "ENC[pw]", ["dd/root/pw"], id="readsecret's root"),
        pytest.param(READSECRET, "ENC[./pw]", ["dd/root/pw"], id="a dot does not matter"),
        pytest.param(READSECRET, "ENC[/etc/own/pw]", [], id="an absolute path stays below readsecret's root"),
        pytest.param(READSECRET, "ENC[../own/pw]", [], id="nothing climbs out of readsecret's root"),
    ],
)
def test_files_in_settings(variables: list[dict[str, Any]], value: str, secrets: list[str]) -> None:
    """The Agent's own configuration reaches the Secrets that its pods mount, by the paths that its backend reads."""
    found = references(reader(variables, value), target(**DECLARED))

    assert secrets_of(found) == secrets
    assert bool(secrets) != bool(problem_codes(found))


@pytest.mark.parametrize(
    ("mode", "value", "secrets", "problems"),
    [
        pytest.param(
            "bundled", "ENC[file@/etc/enc/secrets/keys/api]", ["dd/keys/api"], [], id="a declared volume"
        ),
        pytest.param("bundled", "ENC[file@/etc/own/pw]", [], ["file-refused"], id="the Agent's own mount"),
        pytest.param(
            "bundled",
            "ENC[file@/etc/enc/secrets/keys/%%host%%]",
            [],
            ["handle-undetermined"],
            id="a path that is not known",
        ),
        pytest.param(
            "builtin",
            "ENC[file@/etc/enc/secrets/keys/api]",
            [],
            ["file-refused"],
            id="the built-in script reads any path",
        ),
    ],
)
def test_files_in_pods(mode: str, value: str, secrets: list[str], problems: list[str]) -> None:
    """A pod reaches declared volumes only, and none where the built-in script resolves."""
    found = references(
        pod(value), reader([]), target(resolver={"mode": mode}, crossNamespace=True, **DECLARED)
    )

    assert (secrets_of(found), problem_codes(found)) == (secrets, problems)


def test_file_by_the_pods_namespace() -> None:
    """A known value may stand in a path."""
    volumes = [{"name": "keys", "secretName": "keys", "keys": ["shop"]}]

    found = references(
        pod("ENC[file@/etc/enc/secrets/keys/%%kube_namespace%%]"), agent(), target(secretVolumes=volumes)
    )

    assert [item.target for item in found if isinstance(item.target, SecretTarget) and item.target.volume]


def test_files_without_an_agent() -> None:
    """Without an Agent a file is only a file; what is refused everywhere is refused here too."""
    assert [item.target for item in references(pod("ENC[file@/etc/a]"))] == [
        OtherTarget("a file that the Agent reads")
    ]
    assert problem_codes(references(pod("ENC[file@/proc/1/environ]"))) == ["file-refused"]


@pytest.mark.parametrize(
    ("variables", "value", "problems"),
    [
        pytest.param({}, "ENC[]", ["handle-malformed"], id="an empty handle"),
        pytest.param({}, "ENC[k8s_secret@a/b]", ["handle-malformed"], id="two parts"),
        pytest.param({}, "ENC[vault@x]", ["provider-unknown"], id="an unknown provider"),
        pytest.param(
            {"DD_SECRET_BACKEND_TYPE": "k8s.secrets"},
            "ENC[k8s_secret@shop/a/key]",
            ["backend-unreadable"],
            id="another grammar than the type's",
        ),
        pytest.param({"DD_SECRET_BACKEND_TYPE": "aws.secrets"}, "ENC[any]", [], id="a type that is not ours"),
        pytest.param({"DD_SECRET_BACKEND_TYPE": "aws.secrets"}, "ENC[%%host%%]", [], id="with any variable"),
        pytest.param({"DD_SECRET_BACKEND_COMMAND": "/x"}, "ENC[any]", [], id="a command's own language"),
        pytest.param(
            {"DD_SECRET_BACKEND_COMMAND": "/x"}, "ENC[any/handle/with/%%host%%]", [], id="a variable in it"
        ),
        pytest.param(
            {"DD_SECRET_BACKEND_COMMAND": "/x"},
            "ENC[%%host%%k8s_secret@dd/victim/key]",
            ["handle-undetermined"],
            id="a variable that may hide a Secret from judgement",
        ),
    ],
)
def test_backends(variables: dict[str, str], value: str, problems: list[str]) -> None:
    """What the Agent's backend cannot read is a problem; what only it understands is none."""
    assert problem_codes(references(pod(value), agent(env=env(**variables)))) == problems
