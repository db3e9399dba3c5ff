"""Other people's programs, run within limits: of time, of bytes on disk, of what they say."""

import contextlib
import os
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from jaxshrink.console import escaped
from jaxshrink.errors import MethodError

_TICK = 0.1  # seconds between two looks at a program
_LAST_WORDS = 2000  # bytes of what it said last
_SHOWN = 200  # characters of it in a message

_stopping = threading.Event()
_running: set[int] = set()


def run_program(command: Sequence[str], folder: Path, seconds: float, max_bytes: int) -> None:
    """Runs a program to its end.

    It is a group of processes of its own: whatever it started ends with it.

    Args:
      command: its words; no shell looks at them.
      folder: where its files are.
      seconds: that it may take.
      max_bytes: that it may leave in the folder, and say.

    Raises:
      MethodError: if it cannot be started, fails, or goes beyond a limit.
    """
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:  # a NUL in a word is a ValueError
            reason = getattr(error, "strerror", None) or error
            raise MethodError(f"cannot be started ({reason})") from None
        watch = _Watch(process.pid, said.fileno(), folder, seconds, max_bytes)
        _running.add(process.pid)
        try:
            watch.start()
            process.wait()  # not polled: its seconds are measured
            watch.end()
        finally:
            _kill(process.pid)
            process.wait()
            _running.discard(process.pid)
            watch.end()
        if watch.objection:
            raise MethodError(watch.objection)
        if process.returncode:
            raise MethodError(f"exit code {process.returncode}{_last_words(said.fileno())}")


def end_all() -> None:
    """Ends what runs now, as this process is about to end."""
    for group in list(_running):
        _kill(group)


def stop() -> None:
    """From now on, no program is waited for."""
    _stopping.set()


class _Watch(threading.Thread):
    """Ends a program that goes beyond its limits.

    Attributes:
      objection: why it was ended, else None.
    """

    def __init__(self, group: int, said: int, folder: Path, seconds: float, max_bytes: int) -> None:
        super().__init__(daemon=True)
        self.objection: str | None = None
        self._group = group
        self._said = said
        self._folder = folder
        self._seconds = seconds
        self._last = time.monotonic() + seconds
        self._max_bytes = max_bytes
        self._done = threading.Event()

    def run(self) -> None:
        while self.objection is None and not self._done.wait(_TICK):
            self._look()
        if self.objection:
            _kill(self._group)

    def end(self) -> None:
        """Returns when it looks no more; what the program left is looked at once more."""
        if not self._done.is_set():
            self._done.set()
            self.join()
            self._look_at_bytes()

    def _look(self) -> None:
        self._look_at_bytes()
        if _stopping.is_set():
            self.objection = "was interrupted"
        elif time.monotonic() >= self._last:
            self.objection = f"took more than {self._seconds:g} seconds; --timeout allows more"

    def _look_at_bytes(self) -> None:
        if os.fstat(self._said).st_size + _num_bytes(self._folder) > self._max_bytes:
            self.objection = f"wrote more than {self._max_bytes} bytes"


def _num_bytes(folder: Path) -> int:
    """Of all files below a folder, as they say: also those that take no room."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # it is gone already
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _kill(group: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(group, signal.SIGKILL)
        else:
            os.kill(group, signal.SIGTERM)


def _last_words(said: int) -> str:
    size = os.lseek(said, 0, os.SEEK_END)
    os.lseek(said, max(size - _LAST_WORDS, 0), os.SEEK_SET)
    lines = os.read(said, _LAST_WORDS).decode(errors="replace").strip().splitlines()
    return f": {escaped(lines[-1])[:_SHOWN]}" if lines else ""
