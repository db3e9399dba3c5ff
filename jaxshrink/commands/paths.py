"""Which files a command reads, and where each result goes: settled before any work is done."""

import dataclasses
import glob
from collections.abc import Callable, Sequence
from pathlib import Path

from jaxshrink.errors import ConfigError, DataError

PIPE = "-"


@dataclasses.dataclass(frozen=True)
class Job:
    """One file to work on.

    Attributes:
      source: the file; None is standard input.
      target: where the result goes; None is standard output.
      exact: whether the user named it: then its suffix stands.
    """

    source: Path | None
    target: Path | None
    exact: bool = False

    @property
    def name(self) -> str:
        """For messages."""
        return "standard input" if self.source is None else str(self.source)

    def read(self) -> bytes:
        """The whole source; raises DataError if it cannot be read."""
        if self.source is None:
            import sys

            return sys.stdin.buffer.read()
        try:
            return self.source.read_bytes()
        except OSError as error:
            raise DataError(f"cannot be read ({error.strerror})") from None


@dataclasses.dataclass(frozen=True)
class _Source:
    path: Path
    relative: Path  # below an output folder


def plan(
    inputs: Sequence[str],
    output: str | None,
    folder: Path | None,
    *,
    recursive: bool,
    suffix_of: Callable[[Path], str],
) -> list[Job]:
    """Pairs every input with its output.

    Args:
      inputs: files, folders, patterns with `*`, or "-".
      output: of a single input, or "-".
      folder: of outputs; a folder that is read recursively keeps its tree below it.
      recursive: whether to read the folders inside of folders.
      suffix_of: the suffix of a result's name, by its source.

    Raises:
      ConfigError: if the outputs are not told, or two inputs would share one, or an output would
        replace an input.
      DataError: if there is no such input.
    """
    if (output is None) == (folder is None) and PIPE not in inputs:
        raise ConfigError("say where to write: -o FILE for one input, -d DIR for any number")
    if PIPE in inputs:
        if len(inputs) > 1 or folder is not None:
            raise ConfigError("standard input goes alone, and to -o FILE or standard output")
        return [Job(None, None if output in (None, PIPE) else Path(str(output)), exact=True)]
    sources = [s for text in inputs for s in _sources(text, recursive, folder)]
    if output is not None:
        if len(sources) != 1:
            raise ConfigError(f"-o is for one input, here are {len(sources)}: use -d DIR")
        jobs = [Job(sources[0].path, None if output == PIPE else Path(output), exact=True)]
    else:
        assert folder is not None
        jobs = [Job(s.path, (folder / s.relative).with_suffix(suffix_of(s.path))) for s in sources]
    _check(jobs)
    return jobs


def _sources(text: str, recursive: bool, folder: Path | None) -> list[_Source]:
    path = Path(text)
    if path.is_file():
        return [_Source(path, Path(path.name))]
    if path.is_dir():
        return _in_folder(path, recursive, folder)
    matches = sorted(glob.glob(text, recursive=True)) if glob.has_magic(text) else []
    found = [s for match in matches for s in _sources(match, recursive, folder)]
    if not found:
        raise DataError(f"{text}: no such file or folder")
    return found


def _in_folder(path: Path, recursive: bool, folder: Path | None) -> list[_Source]:
    from PIL import Image

    suffixes = Image.registered_extensions()
    outputs = None if folder is None else folder.resolve()
    if outputs == path.resolve():
        raise ConfigError(f"{path}: cannot be read and written at once, choose another -d")
    found = [
        _Source(file, file.relative_to(path))
        for file in sorted(path.rglob("*") if recursive else path.iterdir())
        if file.suffix.lower() in suffixes
        and file.is_file()
        and not any(part.startswith(".") for part in file.relative_to(path).parts)
        and not (outputs is not None and outputs in file.resolve().parents)
    ]
    if not found:
        hint = "" if recursive else "; -r looks into the folders inside"
        raise DataError(f"{path}: no images in this folder{hint}")
    return found


def _check(jobs: Sequence[Job]) -> None:
    """Raises ConfigError where an output would be written twice, or over an input."""
    sources = {job.source.resolve() for job in jobs if job.source is not None}
    # File systems may take "a.jpg" and "A.jpg" for one name.
    writers: dict[str, Job] = {}
    for job in jobs:
        if job.target is None:
            continue
        if job.target.resolve() in sources:
            raise ConfigError(f"{job.target} is an input: choose another output")
        other = writers.setdefault(str(job.target.resolve()).casefold(), job)
        if other is not job:
            raise ConfigError(f"{other.source} and {job.source} would both become {job.target}")
