"""What is said of an error that nobody foresaw: its kind and where it arose, never its words, which may be an object's or a key's."""

import traceback


def told(error: BaseException) -> str:
    """Return a text for the log."""
    return f"{type(error).__name__}\n{''.join(traceback.format_tb(error.__traceback__))}"
