"""What secret-helper and readsecret promise to an Agent, row by row: this program takes their places.

The rows are cmd/secrethelper's and readsecret.py's behaviours. A message in quotes is theirs, and ours begins with it or
holds it, so that a search for it still leads somewhere; where we answer differently on purpose, the row says so.
"""

import json
from pathlib import Path

import pytest

from kubernetes_stand_in import StandIn
from resolver_program import ask_in_process

READSECRET = ["read", "{root}"]
SECRET_HELPER = ["secret-helper", "read", "{root}", "--with-provider-prefixes"]
SCRIPT: list[str] = []  # /readsecret_multiple_providers.sh, without arguments
BOTH = [pytest.param(READSECRET, id="readsecret"), pytest.param(SECRET_HELPER, id="secret-helper")]


@pytest.fixture
def root(tmp_path: Path, api: StandIn) -> Path:
    """Lay out a root folder, something beside it, and a cluster."""
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    for name, content in {
        "pw": b"  value\n",
        "sub/pw": b"below",
        "largest": b"x" * 8192,
        "larger": b"x" * 8193,
        "empty": b"",
        "a@b": b"at",
        "binary": b"\xff",
        "handle": b"ENC[x]",
    }.items():
        (root / name).write_bytes(content)
    (tmp_path / "beside").write_text("canary")
    (root / "out").symlink_to(tmp_path / "beside")
    (root / "in").symlink_to("pw")
    api.secrets["ns/db"] = {"pw": b"secret\n", "binary": b"\xff", "handle": b"ENC[k8s_secret@victim/s/k]"}
    api.secrets["ns/theirs"] = lambda: (403, {}, b"canary")
    return root


def asked(root: Path, api: StandIn, arguments: list[str], handle: str) -> dict[str, str]:
    """Ask for one handle; give its answer, which the exit code never depends on."""
    filled = [argument.format(root=root) for argument in arguments]
    content = {"version": "1.0", "secrets": [handle.format(root=root)]}
    code, output, errors = ask_in_process(content, *filled, "--service-account", str(api.account))
    assert (code, errors) == (0, b"")
    answer: dict[str, str] = json.loads(output)[handle.format(root=root)]
    assert set(answer) == {"value", "error"}
    return answer


@pytest.mark.parametrize("arguments", BOTH)
@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(
            b"canary", "failed to unmarshal json input", id="no JSON (readsecret.py: Cannot parse input)"
        ),
        pytest.param(b'{"version":"1.0","secrets":[1]}', "failed to unmarshal json input", id="no strings"),
        pytest.param(
            b'{"version":"2.0","secrets":["pw"]}', 'incompatible protocol version "2.0"', id="version 2"
        ),
        pytest.param(
            b'{"version":"0.9","secrets":["pw"]}', 'incompatible protocol version "0.9"', id="version 0"
        ),
        pytest.param(
            b'{"version":"","secrets":["pw"]}', 'incompatible protocol version ""', id="an empty version"
        ),
        pytest.param(b'{"secrets":["pw"]}', 'incompatible protocol version ""', id="no version"),
        pytest.param(b'{"version":"1.0","secrets":[]}', "no secrets listed in input", id="no handles"),
        pytest.param(b'{"version":"1.0"}', "no secrets listed in input", id="no list of handles"),
    ],
)
def test_failures_as_a_whole(root: Path, arguments: list[str], data: bytes, message: str) -> None:
    """The process fails, says why on stderr, and answers nothing."""
    filled = [argument.format(root=root) for argument in arguments]
    assert ask_in_process(data, *filled) == (1, b"", f"enc-resolver: {message}\n".encode())


@pytest.mark.parametrize("arguments", BOTH)
@pytest.mark.parametrize("version", ["1.0", "1.1", "1.7"])
def test_every_handle_is_answered(root: Path, arguments: list[str], version: str) -> None:
    """Whatever the minor version, each handle has a value and an error, unknown fields or not."""
    content = {
        "version": version,
        "secrets": ["pw", "none"],
        "secret_backend_timeout": 30,
        "type": "",
        "config": {},
    }
    code, output, _ = ask_in_process(content, *(argument.format(root=root) for argument in arguments))
    assert code == 0
    assert json.loads(output) == {
        "pw": {"value": "  value\n", "error": ""},
        "none": {"value": "", "error": "secret does not exist"},
    }


@pytest.mark.parametrize(
    ("arguments", "handle", "value"),
    [
        pytest.param(READSECRET, "pw", "  value\n", id="readsecret: a file of the root folder, untrimmed"),
        pytest.param(READSECRET, "sub/pw", "below", id="readsecret: a file below it"),
        pytest.param(READSECRET, "in", "  value\n", id="readsecret: a link within the root folder"),
        pytest.param(
            READSECRET, "/pw", "  value\n", id="readsecret: an absolute path is taken below the root"
        ),
        pytest.param(READSECRET, "a@b", "at", id="readsecret: knows no providers"),
        pytest.param(SECRET_HELPER, "pw", "  value\n", id="secret-helper: no @ is a file of the root folder"),
        pytest.param(SECRET_HELPER, "file@{root}/pw", "  value\n", id="secret-helper: file@, untrimmed"),
        pytest.param(SECRET_HELPER, "file@{root}/largest", "x" * 8192, id="secret-helper: 8192 bytes"),
        pytest.param(SECRET_HELPER, "file@{root}/empty", "", id="secret-helper: an empty file"),
        pytest.param(
            SECRET_HELPER, "k8s_secret@ns/db/pw", "secret\n", id="secret-helper: a Secret's key, untrimmed"
        ),
        pytest.param(SCRIPT, "k8s_secret@ns/db/pw", "secret\n", id="multiple providers: without arguments"),
    ],
)
def test_values(root: Path, api: StandIn, arguments: list[str], handle: str, value: str) -> None:
    """What they give is given, byte for byte."""
    assert asked(root, api, arguments, handle) == {"value": value, "error": ""}


@pytest.mark.parametrize(
    ("arguments", "handle", "message"),
    [
        pytest.param(READSECRET, "none", "secret does not exist", id="readsecret: no such file"),
        pytest.param(READSECRET, "larger", "secret exceeds max allowed size", id="readsecret: 8193 bytes"),
        pytest.param(
            READSECRET, "out", "not following symlink outside of", id="readsecret: a link out of the root"
        ),
        pytest.param(READSECRET, "../beside", "'..'", id="readsecret: a path out of the root"),
        pytest.param(
            READSECRET, "k8s_secret@ns/db/pw", "knows no providers", id="readsecret: a provider, told as such"
        ),
        pytest.param(SECRET_HELPER, "none", "secret does not exist", id="secret-helper: no such file"),
        pytest.param(
            SECRET_HELPER,
            "file@{root}/none",
            "secret does not exist",
            id="secret-helper: file@ of no such file",
        ),
        pytest.param(
            SECRET_HELPER,
            "file@{root}/larger",
            "secret exceeds max allowed size",
            id="secret-helper: 8193 bytes",
        ),
        pytest.param(
            SECRET_HELPER,
            "file@{root}/out",
            "not following symlink outside of",
            id="secret-helper: a link out",
        ),
        pytest.param(
            SECRET_HELPER, "vault@x", "provider not supported: vault", id="secret-helper: an unknown provider"
        ),
        pytest.param(SECRET_HELPER, "@x", "provider not supported: ", id="secret-helper: an empty provider"),
        *(
            pytest.param(
                SECRET_HELPER,
                f"k8s_secret@{parts}",
                'invalid format. Use: "namespace/name/key"',
                id=f"secret-helper: not three parts ({parts or 'none'})",
            )
            for parts in ("", "ns", "ns/db", "ns/db/pw/x", "ns//pw", "/db/pw", "ns/db/")
        ),
        pytest.param(
            SECRET_HELPER,
            "k8s_secret@ns/db/no",
            "key no not found in secret ns/db",
            id="secret-helper: no such key",
        ),
        pytest.param(
            SECRET_HELPER,
            "k8s_secret@ns/none/pw",
            'secrets "none" not found',
            id="secret-helper: no such Secret",
        ),
        pytest.param(
            SECRET_HELPER, "k8s_secret@ns/theirs/pw", "forbidden", id="secret-helper: not permitted"
        ),
        pytest.param(
            SCRIPT, "pw", "none is configured", id="on purpose: without a root folder there is no file"
        ),
        pytest.param(
            SCRIPT, "file@{root}/pw", "--allow-root", id="on purpose: file@ only below declared folders"
        ),
        pytest.param(
            SECRET_HELPER, "file@/etc/passwd", "--allow-root", id="on purpose: likewise beside the root"
        ),
        pytest.param(SECRET_HELPER, "{root}/pw", "absolute", id="on purpose: an absolute path needs file@"),
        pytest.param(
            SECRET_HELPER, "binary", "not UTF-8 text", id="on purpose: bytes that JSON would change"
        ),
        pytest.param(
            SECRET_HELPER, "handle", "itself a secret handle", id="on purpose: a file that holds a handle"
        ),
        pytest.param(
            SECRET_HELPER, "k8s_secret@ns/db/binary", "not UTF-8 text", id="on purpose: a key of bytes"
        ),
        pytest.param(
            SECRET_HELPER,
            "k8s_secret@ns/db/handle",
            "itself a secret handle",
            id="on purpose: a key that is a handle",
        ),
    ],
)
def test_errors(root: Path, api: StandIn, arguments: list[str], handle: str, message: str) -> None:
    """What they refuse is refused on its own handle, with their words where they have some; the exit code stays 0."""
    answer = asked(root, api, arguments, handle)
    assert answer["value"] == ""
    assert message in answer["error"]
    assert "canary" not in answer["error"]
