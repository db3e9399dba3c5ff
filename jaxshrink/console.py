"""The one place where words and results leave for a terminal, a pipe or a log.

Telling never ends the work: a stream that is full, closed or of a narrow encoding is noticed, and
`finish` makes an exit code of it. What comes from file names and other programs has its control
characters escaped, so that a name can neither forge a line nor drive a terminal.
"""

import contextlib
import errno
import logging
import os
import re
import sys
from typing import IO

from jaxshrink.errors import DataError

# Control characters, line and paragraph separators, marks that turn the direction of text, and
# the bytes of a name that its encoding lacks.
_UNTOLD = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_PART = 2**20  # bytes to read at once: room for all that may come would be taken beforehand
_UNDECODED = 0xDC00  # Python adds it to such a byte

_errors: dict[str, OSError | ValueError] = {}  # by the name of a stream that was lost


def prepare() -> None:
    """Makes the standard streams fit to be written to, whatever the caller did to them.

    A descriptor that is closed would be given to the next file that is opened, and that file
    would then be overwritten by messages.
    """
    _errors.clear()
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            _errors[name] = OSError(errno.EBADF, "it is closed")
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def escaped(text: str) -> str:
    """The text in one line, without characters that a terminal obeys."""
    return _UNTOLD.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code >= _UNDECODED:
        return f"\\x{code - _UNDECODED:02x}"
    return match[0].encode("unicode_escape", "backslashreplace").decode()


class EscapingFormatter(logging.Formatter):
    """Of messages of the log, each of them one line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802, logging's name
        return escaped(super().formatMessage(record))


def say(text: str, *, to_stderr: bool = False) -> None:
    """Prints a text, whose lines are the caller's; never raises OSError or ValueError."""
    name = "stderr" if to_stderr else "stdout"
    stream = getattr(sys, name)
    try:
        stream.write(_encodable(text, stream) + "\n")
        stream.flush()
    except (OSError, ValueError) as error:  # a closed file is a ValueError
        _errors.setdefault(name, error)


def _encodable(text: str, stream: IO[str]) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def deliver(data: bytes) -> None:
    """Writes a result to standard output.

    Raises:
      BrokenPipeError: if its reader went away.
      DataError: if it cannot be written.
    """
    try:
        if "stdout" in _errors:
            raise _errors["stdout"]
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except (OSError, ValueError) as error:
        _errors.setdefault("stdout", error)
        if isinstance(error, BrokenPipeError):
            raise
        raise DataError(f"standard output cannot be written ({_reason(error)})") from None


def receive(max_bytes: int) -> bytes:
    """Standard input, to its end.

    Raises:
      DataError: if it is closed, cannot be read, or has more than so many bytes.
    """
    if sys.stdin is None:
        raise DataError("it is closed")
    parts, num_bytes = [], 0
    try:
        while part := sys.stdin.buffer.read(_PART):
            parts.append(part)
            num_bytes += len(part)
            if num_bytes > max_bytes:
                raise DataError(f"has more than {max_bytes} bytes")
        return b"".join(parts)
    except (OSError, ValueError) as error:
        raise DataError(f"cannot be read ({_reason(error)})") from None
    except MemoryError:
        raise DataError("not enough memory to read it") from None


def finish(code: int) -> int:
    """Flushes the streams; returns the exit code, 3 where something could not be told.

    A reader that went away, `| head`, is no error: it has read what it wanted.
    """
    for name in ("stdout", "stderr"):
        try:
            getattr(sys, name).flush()
        except (OSError, ValueError) as error:
            _errors.setdefault(name, error)
    lost = _errors.get("stdout")
    for name in _errors:
        _silence(getattr(sys, name))
    if lost is None or isinstance(lost, BrokenPipeError) or _is_closed(lost):
        return code
    if code == 0:
        say(f"error: standard output cannot be written ({_reason(lost)})", to_stderr=True)
    return code or DataError.exit_code


def _is_closed(error: Exception) -> bool:
    """Whether the caller closed the stream beforehand: it wants to hear nothing."""
    return isinstance(error, OSError) and error.errno == errno.EBADF


def _silence(stream: IO[str]) -> None:
    """Leads a lost stream to nowhere, for Python flushes it once more as it ends."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
