"""ConfigMaps of the Agents' namespaces that are too large to be read while others wait: refused where they could hold a handle."""

import json
import sys
import time

import pytest

from enc_operator.core.admission.bounds import MOST_STRUCTURE
from enc_operator.core.admission.model import Mode, Verdict
from living import Manifest, agent, target
from reviewing import bare_world, codes, document, finished, may, told, world

LARGEST = 1 << 20  # of a ConfigMap's data, with which the API server stores none
SECONDS = 5.0 if sys.gettrace() else 2.0  # of a processor's time; without a limit these take up to a minute
HANDLE = "ENC[k8s_secret@dd/db/password]"
KNOWN = world()
FEW = MOST_STRUCTURE // 10


def config_map(*, name: str = "later", **data: str) -> Manifest:
    """Return a ConfigMap with files that are named with an underscore for the dot."""
    files = {key.replace("_", "."): value for key, value in data.items()}
    return {"kind": "ConfigMap", "metadata": {"namespace": "dd", "name": name}, "data": files}


def filled(piece: str, before: str = "", after: str = "") -> Manifest:
    """Return the largest ConfigMap with a file of one piece, again and again."""
    size = LARGEST - len(before) - len(after)
    return config_map(a_yaml=before + piece * (size // len(piece)) + after)


def repeated(text: str, count: int, times: int, name: str = "later") -> Manifest:
    """Return a small ConfigMap in which aliases repeat a list of texts."""
    texts, aliases = ", ".join([f"'{text}'"] * count), ", ".join(["*a"] * times)
    return config_map(name=name, a_yaml=f"init_config: &a [{texts}]\ninstances: [{aliases}]\n")


def with_files(number: int, text: str) -> Manifest:
    """Return a ConfigMap with many small files."""
    return config_map(**{f"k{index}": text for index in range(number)})


HOSTILE = [
    pytest.param(filled("- ", after="'ENC['"), id="levels"),
    pytest.param(filled("- a\n", "instances:\n", f"- '{HANDLE}'"), id="lines"),
    pytest.param(filled("a,", "instances: [", f"'{HANDLE}']"), id="items on one line"),
    pytest.param(filled("? a\n", after="'ENC['"), id="keys"),
    pytest.param(filled("%%env_A%%", "a: '", "'"), id="variables"),
    pytest.param(filled("ENC[", "a: '", "'"), id="beginnings of a handle"),
    pytest.param(filled(r"\u0045", 'a: "', '"'), id="escapes"),
    pytest.param(with_files(MOST_STRUCTURE, HANDLE), id="files"),
    pytest.param(repeated(HANDLE, 100, 50), id="a handle that aliases repeat"),
    pytest.param(repeated("%%host%%x", 1000, 99), id="a variable that aliases repeat"),
    pytest.param(repeated(HANDLE, 100, 50, name="confd"), id="a handle in a file that is mounted"),
]


@pytest.mark.parametrize("manifest", HOSTILE)
def test_what_takes_too_long_is_refused_unread(manifest: Manifest) -> None:
    """Nobody keeps a thread busy for longer than the API server waits."""
    start = time.process_time()
    answer = finished(document(manifest), KNOWN)

    assert codes(answer) == ["text-too-large"]
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    ("mode", "least"), [("audit", Mode.AUDIT), ("warn", Mode.AUDIT)], ids=["audited", "warned of"]
)
def test_where_nothing_is_enforced_it_is_told(mode: str, least: Mode) -> None:
    """Like everything else that is refused elsewhere."""
    known = bare_world(agent(), target(enforcement=mode), least=least)
    answer = finished(document(repeated(HANDLE, 100, 50)), known)

    assert (answer.verdict, told(answer)) == (Verdict.ALLOWED, ["text-too-large"])


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param(
            config_map(
                board_json=json.dumps(
                    [{"panel": n, "expr": f'rate(a{{b="{n}"}}[5m])'} for n in range(20_000)]
                )
            ),
            id="a dashboard",
        ),
        pytest.param(filled("- host: a\n  port: 1\n", "instances:\n"), id="instances without a handle"),
        pytest.param(with_files(MOST_STRUCTURE, "a: 1"), id="many small files"),
        pytest.param(filled("-----BEGIN CERTIFICATE-----\nMIIB+/=\n"), id="certificates"),
    ],
)
def test_what_could_hold_no_handle_may_be_large(manifest: Manifest) -> None:
    """Others keep their own things in the Agents' namespaces."""
    start = time.process_time()

    assert finished(document(manifest), KNOWN).verdict is Verdict.NOT_JUDGED
    assert time.process_time() - start < SECONDS


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(f"instances: ['{HANDLE}']\nb: |\n" + "  some words of text\n" * 40_000, id="prose"),
        pytest.param(
            "init_config:\ninstances:\n"
            + "".join(f"- host: host-{n}\n  port: 1\n" for n in range(FEW // 5))
            + f"- password: '{HANDLE}'\n",
            id="a thousand instances",
        ),
        pytest.param(
            "init_config: &a {b: 1}\ninstances:\n" + f"- {{<<: *a, p: '{HANDLE}'}}\n" * 9, id="aliases"
        ),
    ],
)
def test_what_is_large_and_simple_is_read(text: str) -> None:
    """What counts is how much there is to be read, not how long it is."""
    asked = document(config_map(a_yaml=text))

    assert finished(asked, KNOWN, may("create", "pods", "dd")).verdict is Verdict.ALLOWED
    assert set(codes(finished(asked, KNOWN))) == {"requester-denied"}


def test_what_stays_is_not_counted() -> None:
    """Beside a large file that was there before a small one can be changed."""
    old = filled("- a\n", "instances:\n", f"- '{HANDLE}'")
    new = {**old, "data": {**old["data"], "b.yaml": "a: b"}}

    assert finished(document(new, old), KNOWN).verdict is Verdict.NOT_JUDGED
