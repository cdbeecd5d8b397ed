"""A webhook server for each test, on a free port, and a client that trusts its CA."""

from collections.abc import Callable, Iterator

import pytest

from serving_reviews import Served, Serving


@pytest.fixture
def serving() -> Iterator[Callable[..., Served]]:
    """Start servers with a judge and limits of the test's."""
    opened = Serving()
    yield opened.start
    opened.stop()
