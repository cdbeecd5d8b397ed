"""A program for atheris: arbitrary bytes as the Agent's question and as the API server's answer. Not a test by itself."""

import contextlib
import sys

import atheris

with atheris.instrument_imports(include=["enc_resolver"]):
    from enc_resolver import answers, exchange, handles

_LIMIT = 1000  # bytes of a body


def _try(data: bytes) -> None:
    """Feed the bytes in small pieces, as a network does; only the module's own refusals may come out."""
    pieces = iter([data[start : start + 7] for start in range(0, len(data), 7)])
    with contextlib.suppress(answers.BrokenError, answers.TooLargeError):
        answers.read_answer(lambda: next(pieces, b""), _LIMIT)
    try:
        request = exchange.parse_request(data)
    except exchange.ExchangeError:
        return
    for handle in request.handles:
        with contextlib.suppress(handles.HandleError):
            handles.parse_handle(handle)


atheris.Setup(sys.argv, _try)
atheris.Fuzz()
