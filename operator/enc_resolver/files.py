"""Read a mounted file: below a declared root, a regular file of bounded size, and no way out by a link.

The walk opens every folder relative to the one before and follows no link by itself, so what was checked is what is
read. Which roots there are is decided elsewhere; so is what a file's bytes mean.
"""

from __future__ import annotations

import errno
import os
import stat

from enc_resolver.handles import NEVER_SECRETS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List, Optional, Sequence

MAX_SIZE = 8192  # bytes; maxSecretFileSize in cmd/secrethelper/providers/file.go
_MAX_LINKS = 8
_SWAPS = 3
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


class FileRefusedError(Exception):
    """Say why a file is not read; never holds what is in it."""


def find_root(path: str, roots: Sequence[str]) -> Optional[str]:
    """Return the innermost root that the plain absolute path lies below."""
    holding = [root for root in roots if path.startswith(root.rstrip("/") + "/")]
    return max(holding, key=len) if holding else None


def read_below(root: str, path: str, max_size: int = MAX_SIZE, *, whole_root: bool = False) -> bytes:
    """Read the file at the relative path; a link may lead on inside its own folder, or in the whole root.

    Raises FileRefusedError, with secret-helper's words where it has some (cmd/secrethelper/providers/file.go).
    """
    for _ in range(_SWAPS):
        walk = _Walk(root, whole_root=whole_root)
        try:
            return walk.read([name for name in path.split("/") if name not in ("", ".")], max_size)
        except FileNotFoundError:
            # The kubelet replaces a volume's content behind its ..data link while we stand in the old one
            if not walk.links:
                break
        except OSError as error:
            raise FileRefusedError(_described(error)) from None
        finally:
            walk.close()
    raise FileRefusedError("secret does not exist")


def _described(error: OSError) -> str:
    if error.errno == errno.EACCES:
        return "permission denied; the file must be readable for the user that the Agent runs as"
    return f"cannot be read: {os.strerror(error.errno or 0)}"


class _Walk:
    """The folders from the root to where we stand, open."""

    def __init__(self, root: str, *, whole_root: bool) -> None:
        self.root = os.path.realpath(root)
        self.whole_root = whole_root
        self.names: List[str] = []
        self.folders: List[int] = []
        self.links = 0
        self.floor = 0

    def close(self) -> None:
        while self.folders:
            os.close(self.folders.pop())

    def read(self, names: List[str], max_size: int) -> bytes:
        self.folders.append(os.open(self.root, _FOLDER))
        while names:
            name = names.pop(0)
            if name == "..":
                self._leave()
            else:
                mode = os.stat(name, dir_fd=self.folders[-1], follow_symlinks=False).st_mode
                if stat.S_ISLNK(mode):
                    names = self._follow(name) + names
                elif names:
                    self._enter(name)
                else:
                    return self._read_file(name, mode, max_size)
        raise FileRefusedError("is a folder, not a file")

    def _enter(self, name: str) -> None:
        self.folders.append(os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=self.folders[-1]))
        self.names.append(name)

    def _leave(self) -> None:
        if len(self.names) <= self.floor:
            raise FileRefusedError(f"not following symlink outside of {self._here()!r}")
        os.close(self.folders.pop())
        self.names.pop()

    def _follow(self, name: str) -> List[str]:
        self.links += 1
        if self.links > _MAX_LINKS:
            raise FileRefusedError(f"more than {_MAX_LINKS} symlinks on the way")
        self.floor = 0 if self.whole_root else max(self.floor, len(self.names))
        target = os.readlink(name, dir_fd=self.folders[-1])
        if target.startswith("/"):
            target = self._inside(target)
        return [part for part in target.split("/") if part not in ("", ".")]

    def _inside(self, target: str) -> str:
        while len(self.names) > self.floor:
            self._leave()
        if not target.startswith(self._here().rstrip("/") + "/"):
            raise FileRefusedError(f"not following symlink outside of {self._here()!r}")
        return target[len(self._here()) :]

    def _here(self, *more: str) -> str:
        return "/".join([self.root.rstrip("/"), *self.names, *more]) or "/"

    def _read_file(self, name: str, mode: int, max_size: int) -> bytes:
        path = self._here(name)
        if any(path.startswith(folder + "/") for folder in NEVER_SECRETS):
            raise FileRefusedError("nothing there is a secret for a check")
        if not stat.S_ISREG(mode):
            raise FileRefusedError("is not a regular file")
        file = os.open(name, _FILE, dir_fd=self.folders[-1])
        self.folders.append(file)
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise FileRefusedError("is not a regular file")
        return _read_up_to(file, max_size)


def _read_up_to(file: int, max_size: int) -> bytes:
    content = b""
    while len(content) <= max_size:
        piece = os.read(file, max_size + 1 - len(content))
        if not piece:
            return content
        content += piece
    raise FileRefusedError("secret exceeds max allowed size")
