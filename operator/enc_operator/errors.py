"""The errors of enc-operator that a user can meet.

EncError
├── ApiError       the API server refused a call, or was not reached (cluster/calls.py)
├── NotAllowed     the API server refused what the user's kubectl asked (cli/kubectl/calls.py)
├── NotThere       the API server does not know it (cli/kubectl/calls.py)
├── InputError     a file or folder cannot be read
├── SettingsError  the operator's settings make no sense
└── UsageError     the command line makes no sense
"""


class EncError(Exception):
    """Say what went wrong and how to fix it."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class InputError(EncError):
    """A file or folder cannot be read."""


class SettingsError(EncError):
    """The operator's settings make no sense: one line for each place."""


class UsageError(EncError):
    """The command line makes no sense."""
