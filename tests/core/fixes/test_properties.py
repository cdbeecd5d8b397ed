"""Whatever the manifest, and however it is written: a fix changes the one value, and nothing else."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from assessing import assess_texts
from enc_operator.core.fixes.fixing import mend
from enc_operator.core.syntax import parse_json, split_documents

BREAKS = st.sampled_from(["", "\n", "\r\n", " \n", "\n\n", "\n "])
HANDLES = st.builds("{}ENC[{}]{}".format, BREAKS, st.text("ab/@[]x", max_size=5), BREAKS)
VALUES = st.one_of(
    HANDLES, st.text("aé\"'\\{}[]: \n#-|>", max_size=8), st.integers(), st.none(), st.booleans()
)
INSTANCES = st.lists(st.dictionaries(st.text("abc", min_size=1, max_size=2), VALUES, max_size=4), max_size=3)
STYLES = st.sampled_from([None, '"', "'", "|", ">"])


def fits(before: Any, after: Any, *, surely: bool) -> bool:
    """Tell whether instances differ in their handles only, and in each of them where nothing stands over two lines."""
    if surely:
        return bool(after == [trimmed(instance) for instance in before])
    return len(before) == len(after) and all(
        [*one] == [*other] and all(other[key] in (one[key], trimmed(one[key])) for key in one)
        for one, other in zip(before, after, strict=True)
    )


def trimmed(value: Any) -> Any:
    """Return a value with the line breaks taken from its handles, which is all that may happen to it."""
    if isinstance(value, dict):
        return {key: trimmed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [trimmed(item) for item in value]
    stripped = value.strip(" \r\n") if isinstance(value, str) else ""
    is_handle = stripped.startswith("ENC[") and stripped.endswith("]")
    return _without(value, stripped) if is_handle else value


def _without(value: str, stripped: str) -> str:
    lead, _, tail = value.partition(stripped)
    return "".join(piece for piece in (lead, stripped, tail) if "\n" not in piece or piece == stripped)


@given(
    INSTANCES, STYLES, st.sampled_from([20, 4096]), st.sampled_from(["\n", "\r\n"]), st.sampled_from([1, 0])
)
def test_only_handles_change(
    instances: list[Any], style: str | None, width: int, line_break: str, ascii_only: int
) -> None:
    """Annotations in every style, of every width, with either line end: read back they differ in handles only."""
    checks = json.dumps(
        {"redisdb": {"instances": instances, "init_config": None}}, ensure_ascii=bool(ascii_only)
    )
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", "annotations": {"ad.datadoghq.com/app.checks": checks}},
        "spec": {"containers": [{"name": "app", "image": "redis"}]},
    }
    text = yaml.safe_dump(manifest, default_style=style, allow_unicode=True, width=width)
    text = f"# before\n{text}---\n{text}".replace("\n", line_break)

    mended = mend(text, assess_texts(text).findings)

    documents = [yaml.safe_load(piece) for _, piece in split_documents(mended.text)]
    for document in documents:
        after = parse_json(document["metadata"]["annotations"].pop("ad.datadoghq.com/app.checks")).value
        assert after["redisdb"]["init_config"] in ({}, None if width < 100 else {})
        assert fits(instances, after["redisdb"]["instances"], surely=width > 100)
        assert document == {**manifest, "metadata": {"name": "web", "annotations": {}}}
    assert [line for line, _ in split_documents(mended.text)] == [line for line, _ in split_documents(text)]
