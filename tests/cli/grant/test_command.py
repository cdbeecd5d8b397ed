"""`encctl grant` as a user meets it."""

from pathlib import Path

import pytest
import yaml

from agent_manifests import pod
from enc_operator.cli.main import main
from granting import GRANT

ORDERS = "ENC[k8s_secret@db/orders/password]"
USER = "ENC[k8s_secret@db/orders/user]"
REFUSED = "ENC[k8s_secret@db/orders]"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Write two pods whose references are denied."""
    (tmp_path / "a.yaml").write_text(pod(ORDERS, name="a", serviceAccountName="a"))
    (tmp_path / "b.yaml").write_text(pod(USER, name="b", serviceAccountName="b"))
    return tmp_path


def names(text: str) -> list[str]:
    """Return the names of the grants that were printed."""
    return [item["metadata"]["name"] for item in yaml.safe_load_all(text)]


@pytest.mark.parametrize(
    ("subjects", "expected"),
    [
        pytest.param([], ["shop-a", "shop-b"], id="everything"),
        pytest.param([ORDERS], ["shop-a"], id="a handle"),
        pytest.param(["pod/shop/b"], ["shop-b"], id="an object"),
        pytest.param(["secret/db/orders"], ["shop-a", "shop-b"], id="a Secret"),
        pytest.param(["pod/shop/b", ORDERS], ["shop-a", "shop-b"], id="several"),
        pytest.param(["access-denied"], ["shop-a", "shop-b"], id="a finding's code"),
    ],
)
def test_subjects(
    subjects: list[str], expected: list[str], shop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is named beside the paths chooses what is granted."""
    assert main(["grant", *subjects, str(shop)]) == 0
    assert names(capsys.readouterr().out) == expected


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["pod/shop/a"], "no input is named", id="no path"),
        pytest.param(
            ["pod/shop/gone", "."], "nothing in the input refers to pod/shop/gone", id="no such pod"
        ),
        pytest.param(["agent", "."], "nothing in the input refers to agent", id="no reference of an Agent"),
        pytest.param(["--expires", "tomorrow", "."], "--expires tomorrow is no date", id="no date"),
        pytest.param(
            ["--expires", "2020-01-01", "."], "--expires 2020-01-01 is over", id="a date that is over"
        ),
        pytest.param(
            ["--expires", "2099-01-01T00:00:00", "."], "has no time zone", id="a time without a time zone"
        ),
    ],
)
def test_usage(
    arguments: list[str],
    told: str,
    shop: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Arguments that make no sense end with 2 and say what would."""
    monkeypatch.chdir(shop)

    assert main(["grant", *arguments]) == 2
    assert told in capsys.readouterr().err


def test_expires(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A day means its beginning; a time is taken to UTC."""
    main(["grant", "--expires", "2099-12-31", str(shop / "a.yaml")])
    [grant] = yaml.safe_load_all(capsys.readouterr().out)
    assert grant["spec"]["expires"] == yaml.safe_load("2099-12-31T00:00:00Z") or "2099-12-31" in str(
        grant["spec"]
    )

    main(["grant", "--expires", "2099-12-31T10:00:00.5+02:00", str(shop / "a.yaml")])
    assert "2099-12-31T08:00:00Z" in capsys.readouterr().out


def test_refused(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What no grant allows is said on standard error, with the reason; the code is 1, the rest is written."""
    (shop / "c.yaml").write_text(pod(REFUSED, name="c"))

    assert main(["grant", str(shop)]) == 1
    told = capsys.readouterr()
    assert names(told.out) == ["shop-a", "shop-b"]
    assert "c.yaml:1: no grant allows ENC[k8s_secret@db/orders]: a Secret's key has three parts" in told.err
    assert told.err.endswith("2 SecretGrants in 1 namespace for 2 of 3 denied references\n")


def test_nothing_denied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing is denied, nothing is written."""
    (tmp_path / "a.yaml").write_text(pod("ENC[k8s_secret@shop/db/k]"))

    assert main(["grant", "--output-dir", str(tmp_path / "out"), str(tmp_path / "a.yaml")]) == 0
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "0 SecretGrants in 0 namespaces for 0 of 0 denied references\n")


def test_unreadable(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A path that cannot be read is 2: it may refer to more."""
    assert main(["grant", str(shop), str(shop / "gone")]) == 2
    assert names(capsys.readouterr().out) == ["shop-a", "shop-b"]


def test_output_dir(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files, put beside the input, allow what was denied: the next run has nothing to write."""
    assert main(["grant", "--output-dir", str(shop / "grants"), str(shop)]) == 0
    file = shop / "grants/secretgrants-db.yaml"
    assert capsys.readouterr().err.startswith(f"written: {file}\n")

    before = file.read_text()
    assert main(["grant", "--output-dir", str(shop / "grants"), str(shop)]) == 0
    assert "0 of 0 denied references" in capsys.readouterr().err
    assert main(["lint", str(shop)]) == 0
    assert file.read_text() == before


def test_one_after_the_other(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Grants for one reference after the other add up, also where the folder is no part of the input."""
    (shop / "b.yaml").write_text(pod(USER, name="b", serviceAccountName="a"))
    folder = tmp_path_factory.mktemp("review")

    for handle in (ORDERS, USER, USER):
        assert main(["grant", "--output-dir", str(folder), handle, str(shop)]) == 0
    [grant] = yaml.safe_load_all((folder / "secretgrants-db.yaml").read_text())
    assert grant["spec"]["to"] == [{"secretName": "orders", "keys": ["password", "user"]}]


def test_merges(shop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A grant of the input is extended, under its own name."""
    (shop / "g.yaml").write_text(GRANT.replace("[web]", "[c]"))

    main(["grant", ORDERS, str(shop)])
    [grant] = yaml.safe_load_all(capsys.readouterr().out)
    assert grant["metadata"] == {"name": "g", "namespace": "db"}
    assert grant["spec"]["from"] == [{"namespace": "shop", "serviceAccounts": ["a", "c"]}]
