"""The command line of secret-helper and readsecret, and ours."""

import os

import pytest

from enc_resolver.arguments import UsageError, parse_arguments
from enc_resolver.handles import Grammar
from enc_resolver.lookup import SERVICE_ACCOUNT, Settings

BUNDLED, ROOT_FILES = Grammar.BUNDLED, Grammar.ROOT_FILES


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("", (BUNDLED, None, ()), id="as the multiple providers' script"),
        pytest.param("/s", (BUNDLED, "/s", ("/s",)), id="as readsecret.sh, with providers too"),
        pytest.param("read /s", (ROOT_FILES, "/s", ("/s",)), id="as secret-helper, files only"),
        pytest.param("read --with-provider-prefixes", (BUNDLED, None, ()), id="as secret-helper, providers"),
        pytest.param(
            "secret-helper read /s/../t/ --with-provider-prefixes", (BUNDLED, "/t", ("/t",)), id="in full"
        ),
        pytest.param("read --with-provider-prefixes=false", (ROOT_FILES, None, ()), id="a flag switched off"),
        pytest.param("read r", (ROOT_FILES, f"{os.getcwd()}/r", (f"{os.getcwd()}/r",)), id="a relative root"),  # noqa: PTH109
        pytest.param(
            "--allow-root /a --allow-root=/b/ /s",
            (BUNDLED, "/s", ("/s", "/a", "/b")),
            id="more roots by option",
        ),
    ],
)
def test_roots_and_grammar(line: str, expected: tuple[Grammar, str | None, tuple[str, ...]]) -> None:
    """Where files may be, and whether providers are known, is read from the command line."""
    grammar, root, roots = expected
    assert parse_arguments(line.split()) == Settings(grammar, root, roots, 8192, False, SERVICE_ACCOUNT)  # noqa: FBT003


def test_other_options() -> None:
    """Size, newline and ServiceAccount are options with secret-helper's behaviour as default."""
    settings = parse_arguments(["--max-size", "9", "--strip-newline", "--service-account=/sa"])
    assert (settings.max_size, settings.strip_newline, settings.service_account) == (9, True, "/sa")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        pytest.param("read /a /b", "accepts at most 1 root folder, received 2", id="two roots"),
        pytest.param("--verbose", "unknown flag: --verbose", id="an unknown flag"),
        pytest.param(
            "--allow-root", "flag needs an argument: --allow-root", id="a flag without its argument"
        ),
        pytest.param("--strip-newline=maybe", "--strip-newline is true or false", id="neither on nor off"),
        pytest.param("--max-size 0", "--max-size is a number of bytes from 1 to 1048576", id="no size"),
        pytest.param(
            "--max-size 1048577", "--max-size is a number of bytes from 1 to 1048576", id="too large"
        ),
        pytest.param("--max-size -1", "--max-size is a number of bytes from 1 to 1048576", id="negative"),
        pytest.param(
            f"--max-size {'9' * 5000}", "--max-size is a number of bytes from 1 to 1048576", id="huge"
        ),
    ],
)
def test_usage_errors(line: str, message: str) -> None:
    """What makes no sense is said."""
    with pytest.raises(UsageError) as caught:
        parse_arguments(line.split())
    assert str(caught.value) == message
