"""Fixes: which edit each finding leads to, and where there is none."""

import json
from dataclasses import replace

import pytest

from assessing import NODE_AGENT, assess_texts
from enc_operator.cli.pages import examples_of
from enc_operator.core.findings import CATALOGUE, Finding
from enc_operator.core.fixes.edits import Change, document_changes
from enc_operator.core.fixes.fixing import FIXABLE, mend

FIXED = ("handle-newline", "handle-unquoted", "init-config-null")


def pod(annotation: str) -> str:
    """Return an Agent and a pod whose annotation is written as given."""
    return f"""{NODE_AGENT}---
apiVersion: v1
kind: Pod
metadata:
  name: web
  namespace: shop
  annotations:
    ad.datadoghq.com/app.checks: {annotation}
spec: {{serviceAccountName: web, containers: [{{name: app, image: "redis:8"}}]}}
"""


def confd(text: str) -> str:
    """Return an Agent with a check file, whose text is written as given."""
    return f"""apiVersion: v1
kind: ConfigMap
metadata: {{name: confd, namespace: dd}}
data:
  redisdb.yaml: {text}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {{name: agent, namespace: dd, labels: {{agent.datadoghq.com/component: agent}}}}
spec:
  template:
    spec:
      serviceAccountName: agent
      containers:
      - {{name: agent, image: "datadog/agent:7", volumeMounts: [{{name: confd, mountPath: /conf.d}}]}}
      volumes: [{{name: confd, configMap: {{name: confd}}}}]
"""


def listed(text: str) -> str:
    """Return a List of a pod, as JSON, with a handle as given."""
    checks = '"{\\"redisdb\\": {\\"instances\\": [{\\"password\\": \\"' + text + '\\"}]}}"'
    return (
        '{"kind": "List", "apiVersion": "v1", "items": [{"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "web", '
        f'"namespace": "shop", "annotations": {{"ad.datadoghq.com/app.checks": {checks}}}}}, "spec": '
        '{"containers": [{"name": "app", "image": "redis"}]}}, {"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "x"}}]}'
    )


def fixable(text: str) -> list[Finding]:
    """Return the findings of a text that a fix could be for."""
    return [item for item in assess_texts(text).findings if item.code in FIXABLE]


_JSON = '{"redisdb": {"instances": [{"password": "%s"}]}}'
_HANDLE = "ENC[k8s_secret@dd/db/p]"


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        pytest.param(pod("'" + _JSON % (_HANDLE + r"\n") + "'"), r"\n", "", id="JSON in single quotes"),
        pytest.param(pod("'" + _JSON % (_HANDLE + r"\u000A") + "'"), r"\u000A", "", id="another escape"),
        pytest.param(pod("'" + _JSON % (r" \n " + _HANDLE) + "'"), r" \n ", "", id="a line break before it"),
        pytest.param(
            pod('"' + (_JSON % (_HANDLE + r"\r\n")).replace("\\", "\\\\").replace('"', '\\"') + '"'),
            r"\\r\\n",
            "",
            id="JSON in double quotes",
        ),
        pytest.param(pod("|\n      " + _JSON % (_HANDLE + r"\n")), r"\n", "", id="JSON in a block"),
        pytest.param(listed(_HANDLE + r"\\n"), r"\\n", "", id="JSON in a List of JSON"),
        pytest.param(
            confd(f"|\n    instances:\n    - password: |\n        {_HANDLE}\n"),
            "d: |\n",
            "d: |-\n",
            id="a block",
        ),
        pytest.param(
            confd(f"|\n    instances:\n    - password: >2+ # why\n         {_HANDLE}\n"),
            ">2+ #",
            ">2- #",
            id="keep",
        ),
        pytest.param(
            confd(f'"instances:\\n- password: >+2\\n    {_HANDLE}\\n\\n"'),
            ">+2",
            ">2-",
            id="a block in quotes",
        ),
        pytest.param(
            confd(f'|\r\n    instances:\r\n    - password: "{_HANDLE}\\n" # kept\r\n'), r"\n", "", id="CRLF"
        ),
        pytest.param(
            confd(f"|\n    instances: [{{password: {_HANDLE}}}]\n"), _HANDLE, f'"{_HANDLE}"', id="no quotes"
        ),
        pytest.param(
            confd(f"'instances: [{{password: {_HANDLE}}}]'"),
            _HANDLE,
            f'"{_HANDLE}"',
            id="none, in single quotes",
        ),
        pytest.param(
            confd(f'"instances: [{{password: {_HANDLE}}}]"'),
            _HANDLE,
            f"'{_HANDLE}'",
            id="none, in double quotes",
        ),
        pytest.param(
            confd(f"|\n    instances: [{{password: {_HANDLE}, more: [{_HANDLE}]}}, {_HANDLE}]\n"),
            _HANDLE,
            f'"{_HANDLE}"',
            id="several without quotes",
        ),
        pytest.param(
            "a: 1\n...\n---\n" + pod("'" + _JSON % (_HANDLE + r"\n") + "'"),
            r"\n",
            "",
            id="behind another document",
        ),
        pytest.param(
            f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: a}}\ndata: {{a: {_HANDLE}}}\n",
            _HANDLE,
            f'"{_HANDLE}"',
            id="no quotes in the manifest itself",
        ),
        pytest.param(
            pod("""'{"redisdb": {"instances": [], "init_config": null}}'"""), "null", "{}", id="init_config"
        ),
    ],
)
def test_fixed(text: str, before: str, after: str) -> None:
    """The edit is made where the fault stands; every other character stays."""
    mended = mend(text, fixable(text))

    assert mended.text == text.replace(before, after)
    assert fixable(mended.text) == []
    assert len(mended.fixes) == 1


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            confd(f"|\n    instances:\n    - password: |\n\n        {_HANDLE}\n"),
            id="an empty line before it",
        ),
        pytest.param(
            confd(f'|\n    instances:\n    - password: "\n\n        {_HANDLE}"\n'), id="folded line breaks"
        ),
        pytest.param(
            confd(f"|\n    a: &a |\n      {_HANDLE}\n    instances:\n    - password: *a\n"),
            id="an alias repeats it",
        ),
        pytest.param(
            confd(f"|\n    instances: [{{password: {_HANDLE}}}, {{]\n"), id="not YAML with quotes either"
        ),
        pytest.param(confd("|\n    instances: [{password: ENC[a, b]}]\n"), id="a handle with a comma"),
        pytest.param(confd(f"|\n    instances: [{{password: {_HANDLE}db}}]\n"), id="text behind the handle"),
        pytest.param(confd(f"|\n    instances: [{{password: a{_HANDLE}}}]\n"), id="text before the handle"),
        pytest.param(confd(f"|\n    instances: [{{? {_HANDLE} : 1}}]\n"), id="a handle as a key"),
        pytest.param(f"apiVersion: v1\nkind: List\nitems: [{{a: {_HANDLE}}}\n", id="a broken manifest"),
        pytest.param(pod(f"'{_JSON % 'enc[k8s_secret@dd/db/p]'}'"), id="enc in small letters"),
        pytest.param(
            pod("""'{"redisdb": {"instances": [], "init_config": {"x": 1}, "Init_Config": nulL}}'"""),
            id="no JSON",
        ),
    ],
)
def test_not_fixed(text: str) -> None:
    """What is not certain stays as it stands."""
    found = assess_texts(text).findings
    assert found

    mended = mend(text, found)

    assert (mended.text, mended.fixes) == (text, ())


def test_a_long_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """A `List` of many objects is read back once for all of them, not once for each."""
    read: list[str] = []

    def counted(before: str, after: str) -> list[Change] | None:
        read.append(after)
        return document_changes(before, after)

    monkeypatch.setattr("enc_operator.core.fixes.fixing.document_changes", counted)
    kind, items, end = listed("ENC[x]\\\\n").partition("[")[0], [], "}"
    for number in range(20):
        item = json.loads(listed("ENC[x]\\\\n"))["items"][0]
        items.append({**item, "metadata": {**item["metadata"], "name": f"web-{number}"}})
    text = kind + json.dumps(items) + end

    mended = mend(text, assess_texts(text).findings)

    assert len(mended.fixes) == 20
    assert mended.text == text.replace(r"\\n", "")
    assert len(read) == 1


def test_what_spoils_others() -> None:
    """Where one of several fixes does not do what it should, the others are made all the same."""
    value = "'" + _JSON % (_HANDLE + r"\n") + "'"
    more = f"    note: *a\n    ad.datadoghq.com/app.logs: {value}\nspec: {{serviceAccountName"
    text = pod(f"&a {value}").replace("spec: {serviceAccountName", more)

    mended = mend(text, assess_texts(text).findings)

    assert mended.text == text.replace(f"logs: {value}", "logs: " + value.replace(r"\n", ""))


def test_several_in_one_value() -> None:
    """Each finding has its fix, in the order of the file, also where they stand on one line."""
    text = pod(
        '\'{"redisdb": {"instances": [{"a": "ENC[x]\\n"}, {"b": "ENC[y]\\n"}], "init_config": null}}\''
    )

    mended = mend(text, assess_texts(text).findings)

    assert mended.text == text.replace("\\n", "").replace("null", "{}")
    assert [fix.finding.where.inner[-1] for fix in mended.fixes] == ["a", "b", "init_config"]


def test_hunks_hide_values() -> None:
    """A hunk shows the line before and after, and of its values only handles."""
    text = pod("'" + '{"redisdb": {"instances": [{"user": "canary", "a": "ENC[x]\\n"}]}}' + "'")

    (fix,) = mend(text, assess_texts(text).findings).fixes

    (hunk,) = fix.hunks
    assert text.split("\n")[hunk.line - 1].startswith("    ad.datadoghq.com/app.checks:")
    assert hunk.before.endswith('"user": "…", "a": "ENC[x]\\n"}]}}\'')
    assert hunk.after.endswith('"user": "…", "a": "ENC[x]"}]}}\'')


def test_nothing_is_shown_of_what_may_be_a_secret() -> None:
    """Of a text that cannot be read and names a Secret, nothing is shown; once it can be, its structure is."""
    text = f"apiVersion: v1\nkind: List\nitems: [{{kind: Secret, stringData: {{a: canary, b: {_HANDLE}}}}}]\n"

    (fix,) = mend(text, fixable(text)).fixes

    assert [(hunk.before, hunk.after) for hunk in fix.hunks] == [
        ("…", f'items: [{{kind: …, stringData: {{a: …, b: "{_HANDLE}"}}}}]')
    ]


def test_another_text() -> None:
    """A file that is not the one that was judged is left alone, and so is a place that is not there."""
    text = confd(f"|\n    instances: [{{password: {_HANDLE}}}]\n")
    (found,) = fixable(text)
    elsewhere = replace(found, where=replace(found.where, path=("data", "gone.yaml")))

    assert mend(text.replace("k8s", "K8S"), [found]).fixes == ()
    assert mend(text, [elsewhere]).fixes == ()
    assert mend("", [found]).fixes == ()


def test_fixed_already() -> None:
    """What is right already is not fixed again."""
    text = pod("""'{"redisdb": {"instances": [], "init_config": null}}'""")
    (found,) = fixable(text)
    right = text.replace("null", "{}")
    source = replace(found.where.source, text=found.where.source.text.replace("null", "{}"))

    assert mend(right, [replace(found, where=replace(found.where, source=source))]).fixes == ()


@pytest.mark.parametrize("code", FIXED)
def test_examples(code: str) -> None:
    """The bad example becomes the good one."""
    examples = examples_of(code)

    assert mend(examples["bad"], assess_texts(examples["bad"]).findings).text == examples["good"]


def test_pages() -> None:
    """The page of every such code says so."""
    assert {*FIXED} == FIXABLE
    assert {
        code for code, entry in CATALOGUE.items() if "`encctl lint --fix` does this" in entry.fix
    } == FIXABLE
