"""What stands and may not, in the words of admission: what got in before the webhook, or while it was down or auditing."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.admission.responses import printable
from enc_operator.core.ledger.caps import Caps
from enc_operator.core.ledger.ledger import Ledger
from enc_operator.core.ledger.standing import Standing
from living import (
    AGENTS,
    NOW,
    Manifest,
    agent,
    check_file,
    facts,
    frame,
    grant,
    manifest,
    namespace,
    pod,
    ref_of,
    target,
)
from reviewing import FOREIGN, OWN, checks, document, finished, may, service, world
from reviewing import pod as annotated_pod

HANDLE = FOREIGN.removeprefix("ENC[").removesuffix("]")
KEY = "ad.datadoghq.com/app.checks"
INSTALL = [
    agent(),
    agent("cluster-agent"),
    target(enforcement="enforce"),
    *map(namespace, ("bank", "shop", "dd")),
]
WORLD = world(namespace("shop"), namespace("dd"))
MAY = (may("create", "pods", "shop"), may("create", "pods", "dd"))
DEEP = "[" * 2000 + json.dumps(FOREIGN) + "]" * 2000


def ledger_of(*manifests: Manifest, caps: Caps | None = None) -> Ledger:
    """Return a ledger that knows an install and these objects, and whose questions are all answered with a no."""
    found = Ledger(frame(), AGENTS, caps=caps)
    found.apply(facts(*INSTALL, *manifests), NOW)
    found.answer(dict.fromkeys(found.questions(), False))
    return found


def standing(*manifests: Manifest, caps: Caps | None = None) -> list[Standing]:
    """Return what stands of these objects and may not."""
    return ledger_of(*manifests, caps=caps).standing()


def words(manifest: Manifest) -> set[str]:
    """Return what a review refuses the object with, for somebody who may make pods."""
    found = [reason.finding for reason in finished(document(manifest), WORLD, *MAY).reasons if reason.denies]
    return {
        printable(": ".join([_head(each.code, each.where.path_text()), f"{each.what}; fix: {each.fix}"]))
        for each in found
    }


def _head(code: str, place: str) -> str:
    return f"{code} at {place}" if place else code


def instrumentation(config: Any) -> Manifest:
    """Return a DatadogInstrumentation with such checks."""
    spec = {"targetRef": {"kind": "Deployment", "name": "web"}, "config": {"checks": config}}
    return manifest("DatadogInstrumentation", "shop", "web", spec=spec)


def configured(key: str, text: str, field: str = "data") -> Manifest:
    """Return a ConfigMap of the Agents that none of them mounts."""
    return manifest("ConfigMap", "dd", "loose", **{field: {key: text}})


def mounted(text: str) -> Manifest:
    """Return a ConfigMap that the node Agent mounts, with such a file."""
    return {**check_file("x"), "data": {"redisdb.yaml": text}}


def noted(key: str, text: str) -> Manifest:
    """Return a pod with such an annotation."""
    return annotated_pod(annotations={key: text})


REFUSED: Mapping[str, tuple[Manifest, list[str]]] = {
    "a reference": (annotated_pod(), ["access-denied"]),
    "two of them, one by one": (noted(KEY, checks(FOREIGN, tags=[FOREIGN])), ["access-denied"] * 2),
    "for a container that may come later": (
        noted("ad.datadoghq.com/later.checks", checks(FOREIGN)),
        ["access-denied"],
    ),
    "hidden by a later key": (
        noted(KEY, checks(FOREIGN)[:-1] + ', "redisdb": {}}'),
        ["access-denied"],
    ),
    "where no check is taken from": (noted(KEY, json.dumps({"a": {"b": FOREIGN}})), ["access-denied"]),
    "for an Agent of the other flavour, of which there is none": (
        noted("ad.stackstate.com/app.checks", checks(FOREIGN)),
        ["access-denied"],
    ),
    "text that is no JSON": (noted(KEY, checks(FOREIGN) + ","), ["json-invalid"]),
    "text that lies too deep": (noted(KEY, DEEP), ["json-depth"]),
    "another container's own identifier": (
        noted("ad.datadoghq.com/app.check.id", "containerd://0123"),
        ["template-invalid"],
    ),
    "too many handles to be read": (
        noted(KEY, checks("", tags=[FOREIGN] * 2001)),
        ["handles-too-many"],
    ),
    "a Service": (service(FOREIGN), ["access-denied"]),
    "a Service's text that is no JSON": (
        manifest("Service", "shop", "web", annotations={"ad.datadoghq.com/service.checks": f"{FOREIGN},"}),
        ["json-invalid"],
    ),
    "a Service with too many handles": (service("%%host%%" * 2001), ["handles-too-many"]),
    "a DatadogInstrumentation": (instrumentation([{"instances": [{"a": FOREIGN}]}]), ["access-denied"]),
    "a DatadogInstrumentation with too many handles": (
        instrumentation([FOREIGN] * 2001),
        ["handles-too-many"],
    ),
    "a check's file": (mounted(f"instances: [{{p: '{FOREIGN}'}}]"), ["access-denied"]),
    "a check's file that is no YAML": (mounted(f"instances: [{{p: '{FOREIGN}'"), ["config-invalid"]),
    "a handle without quotes": (mounted(f"instances: [{{p: {FOREIGN}}}]"), ["handle-unquoted"]),
    "a file that no Agent mounts": (
        configured("notes", f"instances: [{{p: '{FOREIGN}'}}]"),
        ["access-denied"],
    ),
    "a file that no Agent mounts, too large to be read": (
        configured("notes", f"{'- ' * 60_000}'{FOREIGN}'"),
        ["text-too-large"],
    ),
    "a file that no Agent mounts, whose aliases make it large": (
        configured("notes", f"a: &a [{f'{FOREIGN!r}, ' * 100}]\nb: [{'*a, ' * 50}]"),
        ["text-too-large"],
    ),
    "a file that no Agent mounts, and nobody can read": (
        configured("a.yaml", "instances: ["),
        ["config-invalid"],
    ),
    "bytes that no Agent mounts": (
        configured("a", base64.b64encode(f"instances: [{{p: '{FOREIGN}'}}]".encode()).decode(), "binaryData"),
        ["access-denied"],
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_admission_would_refuse_is_said_in_its_words(what: str) -> None:
    """Code, place, words and fix are those that its author would have read."""
    bad, codes = REFUSED[what]

    found = standing(bad)

    assert {each.words for each in found} == words(bad)
    assert [each.code for each in found] == codes
    assert {each.about for each in found} == {ref_of(bad)}


HONEST: Mapping[str, Manifest] = {
    "its own Secret": annotated_pod(OWN),
    "no handle": noted(KEY, checks("x")),
    "broken text that holds nothing": noted(KEY, "{"),
    "a check.id": noted("ad.datadoghq.com/app.check.id", "redis"),
    "an oddity": noted("ad.datadoghq.com/app.chekcs", "{}"),
    "a Service": service(),
    "a DatadogInstrumentation": instrumentation([{"instances": [{"a": OWN}]}]),
    "a script that no Agent mounts": configured("run.sh", "echo '[' ["),
    "a file that no Agent mounts": configured("a.yaml", "instances: [{p: 'ENC[k8s_secret@dd/a/b]'}]"),
    "a ConfigMap without handles": configured("a.yaml", "instances: [{}]"),
}


@pytest.mark.parametrize("what", HONEST)
def test_what_admission_lets_in_stands(what: str) -> None:
    """Nothing is said of it, neither there nor here."""
    assert words(HONEST[what]) == set()
    assert standing(HONEST[what]) == []


def test_what_is_put_right_stands() -> None:
    """Changed, or gone, it is not told of any more."""
    broken, loose = REFUSED["text that is no JSON"][0], configured("a", f"p: '{FOREIGN}'")
    ledger = ledger_of(broken, loose, REFUSED["a check's file that is no YAML"][0])
    assert [each.code for each in ledger.standing()] == ["access-denied", "json-invalid", "config-invalid"]

    ledger.apply(facts(annotated_pod(OWN), check_file("k8s_secret@dd/a/b")), NOW)
    assert [each.code for each in ledger.standing()] == ["access-denied"]

    ledger.apply(facts(grant("g", "bank", "db", of={"agent": {"namespace": "dd"}})), NOW)
    assert ledger.standing() == []
    ledger.apply({ref_of(grant("g", "bank", "db", of={})): None, ref_of(loose): None}, NOW)
    assert ledger.standing() == []


def test_a_file_stands_whoever_reads_it() -> None:
    """No Agent, one that mounts another file, one that mounts it: it is said once, and counts where it is read."""
    loose = configured("redisdb.yaml", f"instances: [{{p: '{FOREIGN}'}}]")
    ledger = Ledger(frame(), AGENTS)
    mounting = agent()
    mounting["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"] = "loose"

    for install, number in ([loose], 0), ([agent(), agent("cluster-agent")], 0), ([mounting], 1):
        ledger.apply(facts(*install), NOW)
        assert [(str(each.about), each.code) for each in ledger.standing()] == [
            ("ConfigMap dd/loose", "access-denied")
        ]
        assert len(ledger.judged()) == number


def test_what_waits_for_an_answer_is_not_told_yet() -> None:
    """RBAC may allow it; once it says no, it is."""
    ledger = Ledger(frame(), AGENTS)
    ledger.apply(facts(*INSTALL, annotated_pod()), NOW)
    assert ledger.standing() == []

    ledger.answer(dict.fromkeys(ledger.questions(), False))
    assert [each.code for each in ledger.standing()] == ["access-denied"]


def test_what_is_over_the_caps_is_told() -> None:
    """Nobody has decided on any of its references, of a pod or of an Agent's own file."""
    found = standing(pod("a", HANDLE), check_file("k8s_secret@dd/a/b"), caps=Caps(references_per_object=0))

    assert {(str(each.about), each.code, each.refers) for each in found} == {
        ("Pod shop/a", "handles-too-many", False),
        ("ConfigMap dd/confd", "handles-too-many", False),
    }
    assert "an object may hold 0" in found[0].words


def test_what_the_decoder_may_have_left_out_counts_as_a_handle() -> None:
    """An instance that is nested as deep as the answers of the API server are read."""
    deep: Any = "x"
    for _ in range(95):
        deep = [deep]

    assert [each.code for each in standing(instrumentation(deep))] == ["json-depth"]


PIECES = st.sampled_from([
    "ENC[", "]", "k8s_secret@", "bank/db/p", "shop/db/p", "dd/a/b", "file@/etc/x", "%%host%%", "%%hostname%%", "%%env_A%%",
    "%%kube_namespace%%", "\\u0045NC[", "\\x45", "‰extra_x‰", " ", "EN", "C[", "'", '"', "{", "}", ":", "\n", "- ", "!!binary ",
])  # fmt: skip
TEXTS = st.lists(PIECES, min_size=1, max_size=6).map("".join) | st.sampled_from([OWN, FOREIGN])
WRITTEN = TEXTS.map(checks) | TEXTS | TEXTS.map(lambda text: json.dumps([{"a": text}]).replace("\\\\", "\\"))
NAMES = [f"{prefix}.datadoghq.com/{name}" for prefix in ("ad", "service-discovery") for name in (
    "app.checks", "app.instances", "app.logs", "other.checks", "app.check.id", "service.checks", "endpoints.instances",
)]  # fmt: skip
ANNOTATIONS = st.dictionaries(st.sampled_from(NAMES), WRITTEN, max_size=3)
OBJECTS = (
    st.builds(lambda notes: annotated_pod(annotations=notes), ANNOTATIONS)
    | st.builds(lambda notes: manifest("Service", "shop", "web", annotations=notes), ANNOTATIONS)
    | st.builds(lambda text: instrumentation([{"instances": [{"a": text}]}]), TEXTS)
    | st.builds(configured, st.sampled_from(["a.yaml", "a"]), TEXTS.map("p: {}".format) | TEXTS)
    | st.builds(mounted, TEXTS.map("instances: [{{p: {}}}]".format) | TEXTS)
)


@given(OBJECTS)
def test_whatever_admission_would_refuse_stands_out(written: Manifest) -> None:
    """What a review says of an object, and nothing else, is told once it is stored."""
    assert {each.words for each in standing(written)} == words(written)
