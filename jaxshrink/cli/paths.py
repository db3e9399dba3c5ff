"""Which files a command reads, and where each result goes: settled before any work is done."""

import contextlib
import dataclasses
import itertools
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from jaxshrink import console
from jaxshrink.cli.folders import Found, LeftOut, Source, search_folder
from jaxshrink.errors import ConfigError, DataError, JaxshrinkError
from jaxshrink.files import formats

PIPE = "-"
# Of a file: more than a picture of the most pixels takes, and no more than memory bears.
MAX_BYTES = 2**31


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
        return console.receive(MAX_BYTES) if self.source is None else read_file(self.source)


@dataclasses.dataclass(frozen=True)
class Plan:
    """All that a command was asked to look at.

    Attributes:
      jobs: what is worked on.
      left_out: what is not.
      failed: what cannot be, by name.
    """

    jobs: tuple[Job, ...]
    left_out: tuple[LeftOut, ...] = ()
    failed: tuple[tuple[str, JaxshrinkError], ...] = ()


@contextlib.contextmanager
def named_in_errors(path: Path) -> Iterator[None]:
    """Puts a file's name before the message of an error of ours."""
    try:
        yield
    except JaxshrinkError as error:
        raise type(error)(f"{path}: {error}") from None


def read_file(path: Path) -> bytes:
    """A whole file. Nothing waits here: what is no file is refused.

    Raises:
      DataError: if it cannot be read.
    """
    try:
        # Without O_NONBLOCK, opening a FIFO waits for its writer.
        with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise DataError("is a device or a pipe, no file; `-` reads standard input")
            if status.st_size > MAX_BYTES:
                raise DataError(f"has more than {MAX_BYTES} bytes")
            return file.read()
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})") from None
    except ValueError as error:  # a zero byte in the name
        raise DataError(f"cannot be read ({error})") from None
    except MemoryError:
        raise DataError("not enough memory to read it") from None


def exists(path: Path) -> bool:
    """Whether a file is there; devices and FIFOs are written through, and never "there".

    Raises:
      DataError: if that cannot be found out.
    """
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{path}: cannot be looked at ({reason})") from None


def plan(
    inputs: Sequence[str],
    output: str | None,
    folder: Path | None,
    *,
    recursive: bool,
    suffix_of: Callable[[Path], str],
    listed: Sequence[str] = (),
) -> Plan:
    """Pairs every input with its output.

    Args:
      inputs: files, folders, patterns with `*`, or "-".
      output: where the result of a single input goes, or "-" for standard output.
      folder: where outputs go; a folder that is read recursively keeps its tree below it.
      recursive: whether to read the folders inside of folders.
      suffix_of: the suffix of a result's name, by its source.
      listed: more files and folders, from a list; their paths are kept below `folder`.

    Raises:
      ConfigError: if the outputs are not told, or two inputs would share one, or an output would
        replace an input.
      DataError: if there is nothing to work on.
    """
    if (output is None) == (folder is None) and PIPE not in inputs:
        raise ConfigError("say where to write: -o FILE for one input, -d DIR for any number")
    if PIPE in inputs:
        if len(inputs) + len(listed) > 1 or folder is not None:
            raise ConfigError("standard input goes alone, and to -o FILE or standard output")
        target = None if output in (None, PIPE) else Path(str(output))
        return Plan((Job(None, target, exact=True),))
    found = Found()
    for text in inputs:
        _look(text, None, recursive, folder, found)
    for text in listed:
        _look(text, _below(text), recursive, folder, found)
    if not found.sources:
        raise _nothing(found)
    sources = list({os.path.abspath(source.path): source for source in found.sources}.values())
    if output is not None:
        if len(sources) != 1:
            raise ConfigError(f"-o is for one input, here are {len(sources)}: use -d DIR")
        jobs = [Job(sources[0].path, None if output == PIPE else Path(output), exact=True)]
    else:
        assert folder is not None
        jobs = list(_named(sources, folder, suffix_of))
    _check(jobs)
    return Plan(tuple(jobs), tuple(found.left_out), tuple(found.failed))


def _look(
    text: str, relative: Path | None, recursive: bool, folder: Path | None, found: Found
) -> None:
    """Adds what a name or a pattern stands for to `found`."""
    import glob

    path = Path(text)
    try:
        mode = _mode(path)
        if mode is None and glob.has_magic(text):
            matches = sorted(glob.glob(text, recursive=True))
            for match in matches:
                _look(match, None, recursive, folder, found)
            if matches:
                return
        if mode is None:
            raise DataError("no such file or folder")
        if stat.S_ISDIR(mode):
            search_folder(path, relative or Path(), recursive, folder, found)
        else:
            found.sources.append(Source(path, relative or Path(path.name)))
    except DataError as error:
        found.failed.append((text, error))


def _mode(path: Path) -> int | None:
    try:
        return os.stat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot be read ({reason})") from None


def _below(text: str) -> Path:
    """Where a listed path lies below an output folder: as it is, never beside it."""
    path = Path(os.path.normpath(text))
    path = path.relative_to(path.anchor)
    return Path(path.name) if ".." in path.parts else path


def _nothing(found: Found) -> JaxshrinkError:
    """Why there is nothing to work on."""
    if not found.failed:
        return DataError("no input")
    name, error = found.failed[0]
    kinds = ", ".join(sorted({left.kind for left in found.left_out}))
    more = f" (left out: {kinds})" if kinds else ""
    number = len(found.failed)
    others = f"; and {number - 1} more" if number > 1 else ""
    return type(error)(f"{name}: {error}{more}{others}")


def _named(
    sources: Sequence[Source], folder: Path, suffix_of: Callable[[Path], str]
) -> Iterator[Job]:
    """Gives every source a target of its own: of a.jpg and a.png, the second keeps its suffix."""
    _refuse_twins(sources, folder)
    wanted = [_with_suffix(source.relative, suffix_of(source.path)) for source in sources]
    # Who has its name already keeps it, whoever comes first.
    pairs = list(zip(sources, wanted, strict=True))
    kept = {same_name(name) for s, name in pairs if same_name(name) == same_name(s.relative)}
    taken: set[str] = set()
    for source, name in pairs:
        reserved = same_name(name) in kept and same_name(name) != same_name(source.relative)
        if reserved or same_name(name) in taken:
            others = _other_names(source.relative, name)
            name = next(n for n in others if same_name(n) not in taken and same_name(n) not in kept)
        taken.add(same_name(name))
        yield Job(source.path, folder / name)


def _other_names(relative: Path, wanted: Path) -> Iterator[Path]:
    """a.png.jpg, a-2.jpg, a-3.jpg, ..."""
    if relative.suffix.lower() != wanted.suffix.lower():
        yield relative.with_name(relative.name + wanted.suffix)
    for number in itertools.count(2):
        yield wanted.with_name(f"{wanted.stem}-{number}{wanted.suffix}")


def _with_suffix(path: Path, suffix: str) -> Path:
    """With a picture's suffix for another; what follows a dot by chance stays."""
    if path.suffix == suffix:
        return path
    stem = path.stem if formats.is_picture(formats.kind_of_name(path)) else path.name
    return path.with_name(stem + suffix)


def same_name(path: Path) -> str:
    """Equal for names that some file system takes for one, as for "a.jpg" and "A.jpg"."""
    import unicodedata

    return unicodedata.normalize("NFC", str(path)).casefold()


def _refuse_twins(sources: Sequence[Source], folder: Path) -> None:
    """Raises ConfigError where inputs of several folders have one name."""
    seen: dict[Path, Source] = {}
    for source in sources:
        other = seen.setdefault(source.relative, source)
        if other is not source:
            both = f"{other.path} and {source.path}"
            raise ConfigError(f"{both} would both become one file below {folder}")


def _check(jobs: Sequence[Job]) -> None:
    """Raises ConfigError where an output would be written over an input."""
    sources = {os.path.realpath(job.source) for job in jobs if job.source is not None}
    for job in jobs:
        if job.target is not None and os.path.realpath(job.target) in sources:
            raise ConfigError(f"{job.target} is an input: choose another output")
