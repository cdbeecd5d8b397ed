"""`encctl explain` as a user meets it."""

from pathlib import Path

import pytest

from agent_manifests import secret
from assessing import NODE_AGENT, pod
from enc_operator.cli.main import main
from enc_operator.core.findings import SEVERITIES
from granting import ELSEWHERE


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """Write an Agent, two pods, one of them denied, and a Secret."""
    held = secret("orders", {"password": "canary-5150"}, namespace="db")
    texts = [NODE_AGENT, pod(), pod(ELSEWHERE, name="far"), held]
    (tmp_path / "a.yaml").write_text("\n---\n".join(texts))
    return str(tmp_path)


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        pytest.param(
            "ENC[k8s_secret@db/orders/password]", "denied: pods of ServiceAccount shop/web", id="a handle"
        ),
        pytest.param(
            "ENC[k8s_secret@shop/other/k]",
            "no reference of the input stands in it",
            id="one that nobody uses",
        ),
        pytest.param("ENC[db/password]", "below the resolver's root folder", id="a file"),
        pytest.param("access-denied", "error[access-denied]", id="a code with its findings"),
        pytest.param("pod/shop/web", "allowed: same namespace", id="an object"),
        pytest.param("pod/shop/far", "error[access-denied]", id="an object with its findings"),
        pytest.param("secret/db/orders", "keys in the input: password", id="a Secret"),
        pytest.param(
            "daemonset/dd/node", "secret backend: enc-operator's resolver", id="an Agent's workload"
        ),
        pytest.param(
            "deploy/shop/web", "there is Pod shop/web, which has references", id="an object of another kind"
        ),
        pytest.param("agent", "Access to Secrets (1)", id="the Agents"),
    ],
)
def test_explained(subject: str, told: str, shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each subject is explained from the input, and no value is in it."""
    assert main(["explain", subject, shop]) == 0
    out = capsys.readouterr().out
    assert told in out
    assert "canary" not in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["nothing/known"], "is no handle, code or object", id="none of these"),
        pytest.param(["pod/shop/web"], "no input is named", id="an object without input"),
        pytest.param(["agent"], "no input is named", id="the Agents without input"),
    ],
)
def test_usage(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What cannot be explained ends with 2 and says what can."""
    assert main(["explain", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_without_input(capsys: pytest.CaptureFixture[str]) -> None:
    """A handle is explained without any input."""
    assert main(["explain", "ENC[k8s_secret@db/orders/password]"]) == 0
    assert "Read by (6)" in capsys.readouterr().out


@pytest.mark.parametrize("code", SEVERITIES)
def test_codes(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every code has its page: severity, why it matters, the fix, an example of either kind."""
    assert main(["explain", code]) == 0

    page = capsys.readouterr().out
    assert page.startswith(f"# {code}\n\n{str(SEVERITIES[code]).capitalize()}: ")
    assert "**Fix.**" in page
    assert page.count("```yaml") == 2


def test_no_agents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An input without Agents is said."""
    (tmp_path / "a.yaml").write_text(pod())

    assert main(["explain", "agent", str(tmp_path)]) == 2
    assert "the input holds no Agent" in capsys.readouterr().err


def test_unreadable(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that cannot be read is 2; what could be read is explained."""
    assert main(["explain", "pod/shop/web", shop, f"{shop}/gone"]) == 2
    assert "allowed: same namespace" in capsys.readouterr().out


def test_no_terminal_codes(shop: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is typed reaches no terminal as more than text."""
    assert main(["explain", "ENC[\x1b[2J]", shop]) == 0
    assert "\x1b" not in capsys.readouterr().out
