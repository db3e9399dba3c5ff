"""What became of every file: a line or a JSON object each, and totals at the end."""

import collections
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxshrink import console
from jaxshrink.cli.folders import LeftOut
from jaxshrink.errors import JaxshrinkError

_WORDS = {
    "stored": "written",
    "kept": "kept as they were",
    "passed": "passed through",
    "skipped": "there already",
    "left_out": "left out",
    "failed": "failed",
}
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


class Report:
    """Tells, and counts what it tells; with a progress bar where somebody looks at it.

    Args:
      as_json: JSON objects instead of words.
      loudness: what `Manners` says.
      num_jobs: the number of results to expect.
      to_stderr: whether lines go to standard error, not to standard output.

    Attributes:
      num_files: the number of files that were reported.
    """

    def __init__(self, as_json: bool, loudness: str, num_jobs: int, to_stderr: bool) -> None:
        self._as_json = as_json
        self._loudness = loudness
        self._counts: collections.Counter[str] = collections.Counter()
        self._kinds: collections.Counter[tuple[str, str]] = collections.Counter()
        self._before = self._after = 0
        self._bar: Any = None
        self._to_stderr = to_stderr
        if num_jobs > 1 and loudness != "quiet" and sys.stderr.isatty():
            import tqdm

            self._bar = tqdm.tqdm(total=num_jobs, unit="file")

    def __enter__(self) -> "Report":
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.close()

    @property
    def num_files(self) -> int:
        return self._counts.total()

    def done(
        self,
        name: str,
        target: Path | None,
        kind: str,
        num_bytes: tuple[int, int],
        text: str,
        record: Mapping[str, Any],
        notes: Sequence[str],
    ) -> None:
        """Tells of a result: what it is, see `Output`, and its bytes before and after."""
        self._counts[kind] += 1
        self._before += num_bytes[0]
        self._after += num_bytes[1]
        told = {
            **self._object(name, target, kind),
            "bytes_before": num_bytes[0],
            "bytes_after": num_bytes[1],
            **record,
            "notes": list(notes),
        }
        line = "; ".join([f"{name} -> {target or 'standard output'}: {text}", *notes])
        self._tell(line, told, self._loudness != "quiet")
        self._step()

    def skipped(self, name: str, target: Path) -> None:
        """Tells of an input whose result is there."""
        self._counts["skipped"] += 1
        told = self._object(name, target, "skipped")
        self._tell(f"{name}: {target} is there", told, self._loudness == "verbose")
        self._step()

    def left_out(self, left: LeftOut) -> None:
        """Tells of a file that is not worked on: by name, if its owner may think that it was."""
        self._counts["left_out"] += not left.is_folder
        self._kinds[left.kind, left.advice] += 1
        reason = f"{left.kind}; {left.advice}" if left.advice else left.kind
        told = {**self._object(str(left.path), None, "left_out"), "reason": reason}
        named = self._loudness == "verbose" or (left.is_picture and self._loudness == "normal")
        self._tell(f"{left.path}: left out ({reason})", told, named)

    def failed(self, name: str, error: JaxshrinkError) -> None:
        """Counts a failure, which is told in words when all is done."""
        self._counts["failed"] += 1
        told = {**self._object(name, None, "failed"), "error": str(error)}
        self._tell("", {**told, "exit_code": error.exit_code}, False)
        self._step()

    def totals(self) -> None:
        """Tells the sums, if there was more than one file."""
        if self.num_files < 2:
            return
        counts = {kind: self._counts[kind] for kind in _WORDS}
        totals = {"files": self.num_files, **counts, "bytes_before": self._before}
        totals |= {"bytes_after": self._after, "saved": self._before - self._after}
        self._tell(self._sentence(), {"totals": totals}, self._loudness != "quiet")

    def _sentence(self) -> str:
        parts = [
            f"{self._counts[kind]} {words}" for kind, words in _WORDS.items() if self._counts[kind]
        ]
        sentence = f"{self.num_files} files: {', '.join(parts)}"
        if self._before:
            sentence += f"; {_readable(self._before)} -> {_readable(self._after)}"
        if self._after < self._before:
            saved = self._before - self._after
            sentence += f", {_readable(saved)} saved ({saved / self._before:.0%})"
        kinds = [
            f"{number} {kind}" + (f" ({advice})" if advice else "")
            for (kind, advice), number in sorted(self._kinds.items())
        ]
        return sentence + (f"; left out: {', '.join(kinds)}" if kinds else "")

    def _object(self, name: str, target: Path | None, status: str) -> dict[str, Any]:
        output = None if target is None else str(target)
        return {"input": name, "output": output, "status": status}

    def _tell(self, line: str, told: Mapping[str, Any], named: bool) -> None:
        if not (self._as_json or named):
            return
        text = json.dumps(told) if self._as_json else console.escaped(line)
        if self._bar is not None:
            self._bar.clear()
        console.say(text, to_stderr=self._to_stderr)
        if self._bar is not None:
            self._bar.refresh()

    def _step(self) -> None:
        if self._bar is not None:
            self._bar.update()


def _readable(num_bytes: float) -> str:
    """Three digits and a unit: 999 bytes, 1.23 MB."""
    power = 0
    while num_bytes >= 999.5 and power < len(_UNITS) - 1:
        num_bytes /= 1000
        power += 1
    return f"{num_bytes:.3g} {_UNITS[power]}"
