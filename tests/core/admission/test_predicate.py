"""The filter before the webhook: whatever could be a reason to refuse passes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enc_operator.core.admission.annotated import gather_pods, gather_services
from enc_operator.core.admission.predicate import may_hold_handle, may_matter
from enc_operator.core.admission.reading import Malformed, read_request
from reviewing import bare_world, checks, document, pod, service, world

PIECES = st.sampled_from([
    "ENC[", "E", "N", "C", "[", "]", "%%", "‰", "\\", "\\u0045", "\\\\", '"', " ", "\t", "hostname",
    "env_A", "host", "env", "kube_namespace", "extra_a", "pid", "_", "k8s_secret@bank/a/b", "\n",
    "enc", "{", "}",
])  # fmt: skip
VALUES = st.lists(PIECES, max_size=12).map("".join)
KNOWN = (world(), bare_world())
TEXTS = VALUES | VALUES.map(checks) | VALUES.map(lambda value: f'{{"a": "{value}"}}')


@given(TEXTS, st.sampled_from(["checks", "logs", "instances", "check.id", "x"]))
def test_nothing_slips_through(text: str, suffix: str) -> None:
    """What the core calls a reference, or cannot read, is something that the filter lets through to the webhook."""
    key = f"ad.datadoghq.com/app.{suffix}"
    manifest = service()
    manifest["metadata"]["annotations"] = {key.replace("app", "service"): text}
    for asked, gather in ((pod(annotations={key: text}), gather_pods), (manifest, gather_services)):
        request = read_request(document(asked))
        assert not isinstance(request, Malformed)
        for known in KNOWN:
            matter = gather(request, known)
            assert matter is not None
            if matter.gathered.references or matter.refused:
                assert may_matter(key, text)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ENC[a]", True),
        (r"\u0045NC[a]", True),
        ("EN‰hostname‰C[a]", True),
        ("E%%hostname%%NC[a]", True),
        ("%%host%%[a]", True),
        ("%%env_A%%", True),
        ("%%extra_a%%", True),
        ('{"host": "%%host%%", "port": "%%port%%"}', False),
        ('["redis"]', False),
        ("http://%%host%%:%%port_http%%/metrics", False),
    ],
)
def test_texts(text: str, found: bool) -> None:  # noqa: FBT001
    """What cannot become a handle costs no call, as in most templates."""
    assert may_hold_handle(text) is found
    assert may_matter("ad.datadoghq.com/app.checks", text) is found


def test_identifiers() -> None:
    """Of a `check.id` it counts whether it is another container's own identifier."""
    assert may_matter("ad.datadoghq.com/app.check.id", "docker://a")
    assert not may_matter("ad.datadoghq.com/app.check.id", "mysql")
    assert not may_matter("ad.datadoghq.com/app.checks", "http://a")
