"""kubectl's flags: what is typed is what kubectl gets."""

import argparse

import pytest

from enc_operator.cli.kubectl.arguments import Kubectl, add_kubectl, kubectl_of


def parse(*words: str) -> Kubectl:
    """Parse a command line."""
    parser = argparse.ArgumentParser()
    add_kubectl(parser)
    return kubectl_of(parser.parse_args(words))


@pytest.mark.parametrize(
    ("words", "calling"),
    [
        pytest.param([], ["--request-timeout=30s"], id="nothing is kubectl's own choice, with a timeout"),
        pytest.param(
            ["--context", "prod", "--kubeconfig", "/x y", "--cluster", "c", "--user", "u"],
            ["--kubeconfig=/x y", "--context=prod", "--cluster=c", "--user=u", "--request-timeout=30s"],
            id="where to",
        ),
        pytest.param(
            ["--as", "jane", "--as-group", "a", "--as-group", "b", "--request-timeout", "5s"],
            ["--request-timeout=5s", "--as=jane", "--as-group=a", "--as-group=b"],
            id="as whom, and how long",
        ),
    ],
)
def test_calling(words: list[str], calling: list[str]) -> None:
    """Every flag reaches kubectl under its own name."""
    assert parse(*words).calling("30s") == calling


def test_commands_impersonate_nobody() -> None:
    """A command to copy names the cluster alone: whom it impersonates is its own affair."""
    assert parse("--context", "prod", "--as", "jane", "--as-group", "a").arguments() == ["--context=prod"]
