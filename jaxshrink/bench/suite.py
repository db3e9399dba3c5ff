"""The images of a benchmark: named, hashed, and looked at before any work is done."""

import dataclasses
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from jaxshrink.data import is_grayscale, list_images, read_image
from jaxshrink.errors import DataError

MAX_PIXELS = 100_000_000


@dataclasses.dataclass(frozen=True)
class SuiteImage:
    """One image.

    Attributes:
      path: where its file lies.
      name: unique in its suite.
      digest: SHA-256 of the file's bytes, hexadecimal.
      size: (H, W).
      channels: 1 or 3, the same in the whole suite.
    """

    path: Path
    name: str
    digest: str
    size: tuple[int, int]
    channels: int

    def read(self) -> np.ndarray:
        """Returns uint8 (H, W, channels).

        Raises:
          DataError: if the file can no longer be read.
        """
        return read_image(self.path, self.channels, MAX_PIXELS)


@dataclasses.dataclass(frozen=True)
class Suite:
    """The good images, at their native sizes, and one message per bad file.

    A `data.Cohort`, in contrast, is prepared for training: resized, halved, held in memory.
    """

    images: tuple[SuiteImage, ...]
    bad_files: tuple[str, ...]

    @property
    def channels(self) -> int:
        """1 if no image has colour, else 3."""
        return self.images[0].channels


def open_suite(locations: Sequence[str]) -> Suite:
    """Finds and checks all images of some folders and files.

    Args:
      locations: each as in `list_images`.

    Raises:
      DataError: if a location does not exist, holds no image, or no image can be read.
    """
    paths = list(dict.fromkeys(path for place in locations for path in list_images(place)))
    names = [path.name for path in paths]
    if len(set(names)) < len(names):
        names = [path.as_posix() for path in paths]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        gray = [result for result in pool.map(_try_is_grayscale, paths) if result is not None]
        channels = 1 if gray and all(gray) else 3
        results = list(pool.map(lambda p, n: _inspect(p, n, channels), paths, names))
    images = tuple(result for result in results if isinstance(result, SuiteImage))
    bad_files = tuple(str(result) for result in results if isinstance(result, DataError))
    if not images:
        raise DataError(f"none of the {len(paths)} images can be read: {bad_files[0]}")
    return Suite(images, bad_files)


def _try_is_grayscale(path: Path) -> bool | None:
    try:
        return is_grayscale(path, MAX_PIXELS)
    except DataError:
        return None


def _inspect(path: Path, name: str, channels: int) -> SuiteImage | DataError:
    try:
        pixels = read_image(path, channels, MAX_PIXELS)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
    except DataError as error:
        return error
    return SuiteImage(path, name, digest, (pixels.shape[0], pixels.shape[1]), channels)
