"""`encctl audit` as a user meets it."""

import json
from pathlib import Path

import pytest
import yaml

from assessing import CLUSTER_AGENT, NODE_AGENT
from chart_shapes import OWN_POD, binding, bound, chart, rule
from enc_operator.cli.main import main

ME = {"kind": "ServiceAccount", "name": "node", "namespace": "dd"}
EXACT = "\n---\n".join(bound("shop", "r", [rule("get", names=["db"])], "node", labels={}, home="dd"))
BROAD = "\n---\n".join(bound("", "r", [rule("get")], "node", labels={}, home="dd"))
UNSEEN = binding("", "b", "ClusterRole", "their-own", [ME])


@pytest.mark.parametrize("output", ["table", "json", "yaml"])
@pytest.mark.parametrize(
    ("texts", "code"),
    [
        pytest.param([NODE_AGENT, OWN_POD, EXACT], 0, id="nothing is too much"),
        pytest.param([NODE_AGENT, OWN_POD, BROAD], 1, id="something is"),
        pytest.param([NODE_AGENT, OWN_POD, EXACT, UNSEEN], 2, id="a role that is not in the input"),
        pytest.param([NODE_AGENT, OWN_POD, BROAD, UNSEEN], 1, id="both"),
        pytest.param([NODE_AGENT, OWN_POD, EXACT, "a: ["], 2, id="a document that cannot be read"),
    ],
)
def test_exit_codes(
    texts: list[str], code: int, output: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """0 is nothing too much, 1 is something, 2 is that it could not be found out."""
    (tmp_path / "a.yaml").write_text("\n---\n".join(texts))

    assert main(["audit", "-o", output, str(tmp_path)]) == code
    out = capsys.readouterr().out
    assert "dd/node" in out or '"name": "node"' in out or "name: node" in out


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        pytest.param([OWN_POD, EXACT], "the input holds no Agent of a cluster", id="no Agent"),
        pytest.param([NODE_AGENT, OWN_POD], "the input holds no RBAC", id="no RBAC"),
    ],
)
def test_nothing_to_audit(
    texts: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """An input without Agents or without RBAC is no clean one."""
    (tmp_path / "a.yaml").write_text("\n---\n".join(texts))

    assert main(["audit", str(tmp_path)]) == 2
    assert told in capsys.readouterr().err


def test_unreadable_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that cannot be read is 2, whatever the rest shows."""
    (tmp_path / "a.yaml").write_text(f"{NODE_AGENT}\n---\n{BROAD}")

    assert main(["audit", str(tmp_path), str(tmp_path / "gone")]) == 2
    assert "gone" in capsys.readouterr().err


def test_chart_and_back(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The values that the data holds, given to the chart, end with code 0."""
    file = tmp_path / "chart.yaml"
    file.write_text(chart())

    assert main(["audit", "-o", "json", str(file)]) == 1
    [setting] = json.loads(capsys.readouterr().out)["settings"]
    file.write_text(chart(setting["values"]))
    assert main(["audit", "-o", "yaml", str(file)]) == 0
    assert yaml.safe_load(capsys.readouterr().out)["surplus"] == []
    assert main(["audit", "--strict", str(file)]) == 1


def test_sections(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table has a section for each question, the values as a block that can be copied, and a line that sums up."""
    (tmp_path / "chart.yaml").write_text(chart())

    main(["audit", str(tmp_path)])
    out = capsys.readouterr().out
    assert "Asked for, and given by nothing that may stay:\n" in out
    assert "For the Agents' own features, not counted without --strict:\n" in out
    assert "       datadog:\n         secretBackend:\n           enableGlobalPermissions: false\n" in out
    assert out.endswith(
        "3 ServiceAccounts of Agents; 4 rules with too much; 1 missing; 2 for the Agents' own features, not counted\n"
    )


def test_no_terminal_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name in a manifest reaches no terminal as more than text."""
    hostile = "\n---\n".join(
        bound("", "r\\u001b[2J", [rule("get")], "cluster", labels={}, home="dd")
    ).replace("\\\\u", "\\u")
    (tmp_path / "a.yaml").write_text(f"{CLUSTER_AGENT}\n---\n{hostile}")

    assert main(["audit", str(tmp_path)]) == 1
    out = capsys.readouterr().out
    assert "ClusterRole r\\x1b[2J rules[0]" in out
    assert "\x1b" not in out
