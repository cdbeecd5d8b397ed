"""`encctl can-i` as a user meets it."""

import json
from pathlib import Path

import pytest

from assessing import NODE_AGENT, pod
from enc_operator.cli.main import main
from shell_scripts import write_program

ROLE = """
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader, namespace: shop}
rules: [{apiGroups: [""], resources: [secrets], resourceNames: [db], verbs: [get]}]
"""
BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reading, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{kind: ServiceAccount, name: node, namespace: dd}]
"""
UNDETERMINED = pod("ENC[k8s_secret@shop/%%host%%/k]", name="late")
COMMAND = "kubectl auth can-i get secret/db --namespace shop --as=system:serviceaccount:dd:node"


@pytest.mark.parametrize("output", ["table", "json"])
@pytest.mark.parametrize(
    ("texts", "code", "told"),
    [
        pytest.param([ROLE, BINDING], 0, "by Role reader (RoleBinding reading)", id="yes to all"),
        pytest.param([ROLE], 1, "by the RBAC in the input", id="no to some"),
        pytest.param([], 2, "the input holds no RBAC", id="nothing in the input answers"),
        pytest.param([ROLE, BINDING, UNDETERMINED], 2, "shop/…/k", id="one that only a pod decides"),
        pytest.param([ROLE, UNDETERMINED], 1, "shop/…/k", id="a no beside it"),
    ],
)
def test_exit_codes(
    texts: list[str], code: int, told: str, output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 is yes to all, 1 is no to some, 2 is that something could not be found out."""
    file = tmp_path / "a.yaml"
    file.write_text("\n---\n".join([NODE_AGENT, pod(), *texts]))

    assert main(["can-i", "-o", output, str(file)]) == code
    out = capsys.readouterr().out
    assert told in out
    assert COMMAND in out


def test_fixes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What one Role would allow is one fix; JSON has it at each question."""
    file = tmp_path / "a.yaml"
    file.write_text("\n---\n".join([NODE_AGENT, pod(), pod("ENC[k8s_secret@shop/b/k]", name="b"), ROLE]))

    main(["can-i", str(file)])
    out = capsys.readouterr().out
    assert "no: dd/node may not get shop/b, shop/db\n    fix: apply Role and RoleBinding enc-" in out
    assert out.endswith("0 yes, 2 no, 0 unknown\n")
    main(["can-i", "-o", "json", str(file)])
    [first, _] = json.loads(capsys.readouterr().out)["questions"]
    assert first["fix"].startswith("apply Role")


def test_nothing_to_ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No reference, no question."""
    (tmp_path / "a.yaml").write_text(NODE_AGENT)

    assert main(["can-i", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "0 yes, 0 no, 0 unknown\n"


def test_unreadable(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What could not be read may refer to Secrets: it is never yes to all."""
    (tmp_path / "a.yaml").write_text(f"{NODE_AGENT}\n---\n{pod()}\n---\n{ROLE}\n---\n{BINDING}")
    (tmp_path / "b.yaml").write_text("a: [")

    assert main(["can-i", str(tmp_path)]) == 2
    assert "see encctl lint" in capsys.readouterr().err
    assert main(["can-i", str(tmp_path / "a.yaml"), str(tmp_path / "gone")]) == 2


def test_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """`--live` shows what the cluster says, and no commands; a cluster that does not answer is no answer."""
    (tmp_path / "a.yaml").write_text(f"{NODE_AGENT}\n---\n{pod()}")
    spec = '"spec":{"user":"system:serviceaccount:dd:node","resourceAttributes":{"namespace":"shop","name":"db"}}'
    write_program(tmp_path / "kubectl", f'#!/bin/sh\necho \'{{{spec},"status":{{"allowed":true}}}}\'\n')
    monkeypatch.setenv("PATH", str(tmp_path))

    assert main(["can-i", "--live", str(tmp_path / "a.yaml")]) == 0
    out = capsys.readouterr().out
    assert "Pod shop/web" in out
    assert "1 yes, 0 no, 0 unknown\n" in out
    assert "kubectl" not in out.replace(str(tmp_path), "")
    (tmp_path / "kubectl").unlink()
    assert main(["can-i", "--live", str(tmp_path / "a.yaml")]) == 2
    assert "kubectl, which is not in PATH" in capsys.readouterr().err
