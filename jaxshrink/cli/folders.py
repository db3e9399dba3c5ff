"""What is in a folder: photographs to work on, and a word about everything else."""

import dataclasses
import os
from collections.abc import Iterator
from pathlib import Path

from jaxshrink.errors import ConfigError, DataError, JaxshrinkError
from jaxshrink.files import formats


@dataclasses.dataclass(frozen=True)
class Source:
    """A file to work on, and its path below an output folder."""

    path: Path
    relative: Path


@dataclasses.dataclass(frozen=True)
class LeftOut:
    """A file that is not worked on.

    Attributes:
      path: where it lies.
      kind: in a word, to be counted by.
      advice: what to do about it, or "".
      is_picture: whether its owner may think that it was stored.
    """

    path: Path
    kind: str
    advice: str = ""
    is_picture: bool = False

    @property
    def is_folder(self) -> bool:
        return self.kind.endswith("folder")


class Found:
    """What was found so far; grows."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self.left_out: list[LeftOut] = []
        self.failed: list[tuple[str, JaxshrinkError]] = []


def search_folder(
    folder: Path, relative: Path, recursive: bool, outputs: Path | None, found: Found
) -> None:
    """Adds what is in a folder to `found`, sorted by name.

    Links are followed, and no folder is looked into twice. An output folder that lies inside is
    not looked into.

    Args:
      folder: to search.
      relative: the result's path below the output folder.
      recursive: whether to look into the folders inside.
      outputs: the output folder.
      found: grows.

    Raises:
      ConfigError: if this is the output folder.
      DataError: if it cannot be read, or there is no photograph in it.
    """
    if outputs is not None and os.path.realpath(outputs) == os.path.realpath(folder):
        raise ConfigError(f"{folder}: cannot be read and written at once, choose another -d")
    here = Found()
    _Walk(folder, relative, recursive, outputs, here).run()
    found.sources.extend(sorted(here.sources, key=lambda source: source.relative.parts))
    found.left_out.extend(sorted(here.left_out, key=lambda left: left.path.parts))
    found.failed.extend(here.failed)
    if not here.sources and not here.failed:
        hint = "" if recursive else "; -r looks into the folders inside"
        raise DataError(f"no images in this folder{hint}")


class _Walk:
    """A search of one folder; links to folders come after all that is really there."""

    def __init__(
        self, folder: Path, relative: Path, recursive: bool, outputs: Path | None, found: Found
    ) -> None:
        self._folder, self._relative, self._recursive = folder, relative, recursive
        self._found = found
        self._seen = set() if outputs is None else set(_identity(outputs))

    def run(self) -> None:
        real, links = [self._folder], list[Path]()
        while real or links:
            folder = real.pop() if real else links.pop(0)
            try:
                identity = set(_identity(folder))
                if identity & self._seen:
                    continue  # the outputs, or a link to what was looked into
                self._seen |= identity
                with os.scandir(folder) as entries:
                    for entry in entries:
                        self._add(folder / entry.name, entry, real, links)
            except OSError as error:
                self._fail(folder, f"cannot be read ({error.strerror})")

    def _add(
        self, path: Path, entry: "os.DirEntry[str]", real: list[Path], links: list[Path]
    ) -> None:
        try:
            if entry.name.startswith("."):
                self._leave_out(path, "hidden folder" if entry.is_dir() else "hidden")
            elif entry.is_dir():
                if self._recursive:
                    (links if entry.is_symlink() else real).append(path)
                else:
                    self._leave_out(path, "folder", "-r looks into it")
            elif entry.is_file():
                self._add_file(path)
            elif entry.is_symlink():
                self._fail(path, "is a link to nothing")
            else:
                self._leave_out(path, "device or pipe")
        except OSError as error:
            self._fail(path, f"cannot be read ({error.strerror})")

    def _add_file(self, path: Path) -> None:
        kind = formats.kind_of_name(path)
        if kind is None:
            content = formats.kind_of_content(formats.head_of(path))
            if content is not None and formats.is_picture(content) and path.suffix:
                # Part of a download, a camera's preview: not stored, and not kept quiet.
                self._leave_out(path, f"{content} by another name", is_picture=True)
                return
            kind = content
        if formats.is_read(kind):
            self._found.sources.append(Source(path, self._below(path)))
        elif kind is None:
            self._leave_out(path, formats.OTHER)
        else:
            self._leave_out(path, kind, formats.advice(kind), formats.is_picture(kind))

    def _below(self, path: Path) -> Path:
        return self._relative / path.relative_to(self._folder)

    def _leave_out(self, path: Path, kind: str, advice: str = "", is_picture: bool = False) -> None:
        self._found.left_out.append(LeftOut(path, kind, advice, is_picture))

    def _fail(self, path: Path, reason: str) -> None:
        self._found.failed.append((str(path), DataError(reason)))


def _identity(folder: Path) -> Iterator[tuple[int, int]]:
    """What tells a folder from any other, by whatever name; nothing where it cannot be told."""
    try:
        status = os.stat(folder)
    except OSError:
        return
    yield status.st_dev, status.st_ino
