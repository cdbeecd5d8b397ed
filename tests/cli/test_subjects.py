"""What a person names on the command line."""

from pathlib import Path

import pytest

from enc_operator.cli.subjects import (
    AgentsSubject,
    CodeSubject,
    HandleSubject,
    Subject,
    parse_subject,
    split_subjects,
)
from enc_operator.core.findings import ObjectRef


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("ENC[a/b]", HandleSubject("a/b"), id="a handle in brackets, whatever is in it"),
        pytest.param("k8s_secret@a/b/c", HandleSubject("k8s_secret@a/b/c"), id="a handle with its provider"),
        pytest.param("a/b;c", HandleSubject("a/b;c"), id="a handle of k8s.secrets"),
        pytest.param("access-denied", CodeSubject("access-denied"), id="a code"),
        pytest.param("agent", AgentsSubject(), id="the Agents"),
        pytest.param("pod/shop/web", ObjectRef("Pod", "shop", "web"), id="an object"),
        pytest.param(
            "Deploy/shop/web", ObjectRef("Deployment", "shop", "web"), id="a kind as kubectl knows it"
        ),
        pytest.param("svc/web", ObjectRef("Service", "home", "web"), id="the namespace of -n"),
        pytest.param("pod//web", None, id="an empty namespace"),
        pytest.param("pod/a/b/c", None, id="too many parts"),
        pytest.param("widget/shop/web", None, id="a kind that carries no handle"),
        pytest.param("shop", None, id="none of these"),
    ],
)
def test_subjects(text: str, expected: Subject | None) -> None:
    """Handles, codes, objects and the Agents are told apart by how they are written."""
    assert parse_subject(text, "home") == expected


def test_paths_come_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What exists is a path, also where it could be an object; so is what could be nothing else."""
    (tmp_path / "pod/shop").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)

    subjects, paths = split_subjects(["pod/shop", "pod/web", "-", "gone.yaml"], "home")
    assert subjects == [ObjectRef("Pod", "home", "web")]
    assert paths == ["pod/shop", "-", "gone.yaml"]
