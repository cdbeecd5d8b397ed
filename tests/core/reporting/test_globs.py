"""Patterns for paths and objects."""

import pytest

from enc_operator.core.reporting.globs import matches


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        pytest.param("shop/*.yaml", "shop/a.yaml", True, id="a star is part of a name"),
        pytest.param("shop/*.yaml", "shop/b/a.yaml", False, id="a star crosses no slash"),
        pytest.param("shop/**/a.yaml", "shop/a.yaml", True, id="two stars may be no folder"),
        pytest.param("shop/**/a.yaml", "shop/b/c/a.yaml", True, id="two stars may be several folders"),
        pytest.param("shop/", "shop/b/c/a.yaml", True, id="a folder means all below"),
        pytest.param("shop/", "shop", False, id="a folder is not the name alone"),
        pytest.param("**", "a/b", True, id="two stars are anything"),
        pytest.param("?.yaml", "a.yaml", True, id="a question mark is one character"),
        pytest.param("?.yaml", "/.yaml", False, id="a question mark is no slash"),
        pytest.param("Pod shop/*", "Pod shop/web", True, id="objects are kind, namespace and name"),
        pytest.param("a.yaml", "axyaml", False, id="a dot is a dot"),
        pytest.param("a[1].yaml", "a[1].yaml", True, id="brackets are brackets"),
        pytest.param("a", "ab", False, id="all of the text has to match"),
        pytest.param("*", "a\n", True, id="a line break is a character"),
    ],
)
def test_matches(pattern: str, text: str, expected: bool) -> None:  # noqa: FBT001
    """Patterns are those of .gitignore, as far as they go."""
    assert matches(pattern, text) is expected
