"""Files written whole or not at all, and as private as what they were made of."""

import contextlib
import os
import stat
from pathlib import Path

from jaxshrink.errors import DataError

_MODE = 0o666  # less the umask, which the system takes off
_PRIVATE = 0o600

unfinished: set[str] = set()  # files that are being written


def write_whole(path: Path, data: bytes, source: Path | None = None) -> None:
    """Writes a file that is there whole or not at all; its folder is made where needed.

    Args:
      path: the file.
      data: what it will hold.
      source: the file that it was made of, whose times, permissions and group it gets.

    Raises:
      DataError: if it cannot be written.
    """
    model = None if source is None else _facts(source)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not after `path`, whose name may be as long as names can be.
        temporary = path.parent / f".jaxshrink-{os.urandom(8).hex()}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        handle = os.open(temporary, flags, _MODE if model is None else _PRIVATE)
    except OSError as error:
        raise DataError(f"{path}: cannot be written ({error.strerror})") from None
    unfinished.add(str(temporary))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if model is not None:
                _imitate(temporary, model)
        if model is not None:
            os.utime(temporary, ns=(model.st_atime_ns, model.st_mtime_ns))
        os.replace(temporary, path)
    except BaseException as error:  # an interruption is one
        temporary.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise DataError(f"{path}: cannot be written ({error.strerror})") from None
        raise
    finally:
        unfinished.discard(str(temporary))


def _facts(source: Path) -> os.stat_result | None:
    """Of a file that was read; None for pipes and devices, whose permissions mean other things."""
    with contextlib.suppress(OSError):
        facts = source.stat()
        return facts if stat.S_ISREG(facts.st_mode) else None
    return None


def _imitate(path: Path, model: os.stat_result) -> None:
    """Gives a file the permissions and the group of another.

    Where the group cannot be had, the file's own group may do what everybody may: it may hold
    people that the other group does not.
    """
    mode = stat.S_IMODE(model.st_mode) & 0o777
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):
            os.chown(path, -1, model.st_gid)
    if path.stat().st_gid != model.st_gid:
        mode &= 0o707 | (mode & 0o007) << 3
    # A file system without permissions is no reason to fail.
    with contextlib.suppress(PermissionError, NotImplementedError):
        os.chmod(path, mode)
