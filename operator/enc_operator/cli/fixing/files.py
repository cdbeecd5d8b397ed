"""A corrected text back into its file: the same encoding, mode and owner, through a link, at once or not at all."""

import codecs
import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from enc_operator.errors import InputError

_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def write_text(file: str, before: str, after: str) -> None:
    """Replace a file's text; raise `InputError` if it is no longer `before`, or cannot be written."""
    real = Path(os.path.realpath(file))
    try:
        content = real.read_bytes()
        mark = next((mark for mark in _MARKS if content.startswith(mark)), b"")
        encoding = _MARKS.get(mark, "utf-8")
        if content != mark + before.encode(encoding):
            raise InputError(f"{file}: changed while it was read; not fixed", "run the command again")
        _replace(real, mark + after.encode(encoding))
    except OSError as error:
        raise InputError(f"{file}: {error.strerror}; not fixed", "check the rights of its folder") from None


def _replace(file: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    new = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(handle)
        shutil.copymode(file, new)
        owner = file.stat()
        with suppress(PermissionError):  # only root may give a file away
            os.chown(new, owner.st_uid, owner.st_gid)
        new.replace(file)
    finally:
        new.unlink(missing_ok=True)
