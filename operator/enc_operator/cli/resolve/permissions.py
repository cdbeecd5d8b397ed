"""The Agent's check of its executable's permissions, each fault with its fix.

Source: the Agent's `comp/core/secrets/impl/check_rights_nix.go` and `check_rights_windows.go`. On Windows the rights are in
access control lists, which are not read here: there the rules are listed.
"""

import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass

_OTHERS, _GROUP, _GROUP_WRITE = 0o007, 0o070, 0o020
WINDOWS = os.name == "nt"
_MOUNTED = "..data/"  # where the kubelet's links to a volume's files lead


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, and how to fix it."""

    what: str
    fix: str


@dataclass(frozen=True, slots=True)
class Permissions:
    """An executable's permissions: details by name, the faults that the Agent refuses it for, rules to check by hand."""

    path: str
    details: tuple[tuple[str, str], ...] = ()
    faults: tuple[Fault, ...] = ()
    rules: tuple[str, ...] = ()


WINDOWS_RULES = (
    "ddagentuser, as whom the Agent runs, may read and execute it",
    "nobody else has any right on it but Administrators and Local System; inherited rights count: switch inheritance off",
    "it is an .exe: a PowerShell or Python script is not run",
)


def read_permissions(path: str, *, allow_group: bool, windows: bool = WINDOWS) -> Permissions:
    """Look at an executable as the Agent does before every run."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a path as the user wrote it
    except OSError as error:
        fix = "give the path of the executable; the Agent wants an absolute one"
        return Permissions(path, faults=(Fault(f"cannot be looked at: {error.strerror}", fix),))
    if windows:
        return Permissions(path, rules=WINDOWS_RULES)
    details = (
        ("File mode", f"{status.st_mode:o}"),
        ("Owner", _owner(status.st_uid)),
        ("Group", _group(status.st_gid)),
        ("Looked at as", _owner(os.geteuid())),
    )
    if not stat.S_ISREG(status.st_mode):
        return Permissions(path, details, (Fault("is no file", "give the path of the executable itself"),))
    faults = decide_faults(
        path,
        status.st_mode,
        allow_group=allow_group,
        executable=os.access(path, os.X_OK),
        mounted=os.path.islink(path) and os.readlink(path).startswith(_MOUNTED),  # noqa: PTH114, PTH115
    )
    return Permissions(path, details, tuple(faults))


def decide_faults(
    path: str, mode: int, *, allow_group: bool, executable: bool, mounted: bool
) -> Iterator[Fault]:
    """Yield what the Agent refuses an executable for; `mounted` says that it is a file of a ConfigMap or Secret volume."""
    wanted = "0550" if allow_group else "0500"
    fix = f"defaultMode: {wanted} in the volume" if mounted else f"chmod {wanted} {shlex.quote(path)}"
    if mode & _OTHERS:
        yield Fault(f"others have rights on it ({_letters(mode)})", fix)
    if allow_group and mode & _GROUP_WRITE:
        yield Fault(f"its group may write to it ({_letters(mode >> 3)})", fix)
    if not allow_group and mode & _GROUP:
        allowed = "" if mode & _GROUP_WRITE else _ALLOWED
        yield Fault(f"its group has rights on it ({_letters(mode >> 3)})", fix + allowed)
    if not executable and not mode & 0o111:
        yield Fault("nobody may execute it", fix)
    elif not executable:
        yield Fault(
            "you may not execute it", "run this as the Agent's user (sudo -u dd-agent …), or chown it"
        )


_ALLOWED = "; or secret_backend_command_allow_group_exec_perm: true (here --allow-group-exec), as in the Agent's image"


def _letters(bits: int) -> str:
    return "".join(letter if bits & bit else "-" for letter, bit in (("r", 4), ("w", 2), ("x", 1)))


def _owner(number: int) -> str:
    import pwd  # noqa: PLC0415 - not on Windows

    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    import grp  # noqa: PLC0415 - not on Windows

    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
