"""Cohorts: the images of train, dev and test."""

import dataclasses
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import TypeVar

import numpy as np

from jaxshrink.data.files import image_size, list_images, read_image
from jaxshrink.errors import DataError

_log = logging.getLogger(__name__)

_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True)
class Cohort:
    """Images in a fixed order, in memory where they fit, else decoded at every use.

    Attributes:
      paths: one per image.
      sizes: (height, width) of each, as `cohort[i]` returns it.
      channels: 1 or 3.
      resize: the size that every image is resized to, or None.
      max_pixels, halve_from: as in `read_image`.
      decoded: the images, or None where they are decoded at every use.
    """

    paths: tuple[Path, ...]
    sizes: tuple[tuple[int, int], ...]
    channels: int
    resize: tuple[int, int] | None
    max_pixels: int
    halve_from: int | None
    decoded: tuple[np.ndarray, ...] | None

    def __len__(self) -> int:
        return len(self.paths)

    @property
    def names(self) -> tuple[str, ...]:
        """One per image, unique: the files' names, or their paths where two share a name."""
        names = tuple(path.name for path in self.paths)
        return names if len(set(names)) == len(names) else tuple(map(str, self.paths))

    def __getitem__(self, index: int) -> np.ndarray:
        """Returns image `index`, uint8 (H, W, C).

        Raises:
          DataError: if its file can no longer be read.
        """
        if self.decoded is not None:
            return self.decoded[index]
        return read_image(
            self.paths[index], self.channels, self.max_pixels, self.resize, self.halve_from
        )


def open_cohort(
    location: str,
    pool: Executor,
    *,
    channels: int = 3,
    resize: tuple[int, int] | None = None,
    max_pixels: int = 100_000_000,
    halve_from: int | None = None,
    memory_limit: int = 2**31,
    on_bad_file: str = "refuse",
    verify: bool = True,
) -> Cohort:
    """Opens the images of one cohort and finds the bad ones before any work is done.

    Args:
      location: as in `list_images`.
      pool: decodes in parallel.
      channels, resize, max_pixels, halve_from: as in `read_image`.
      memory_limit: decoded images of no more bytes in all are kept in memory.
      on_bad_file: "refuse" ends at a bad file; "skip" names it in a warning and goes on.
      verify: whether to decode even what does not fit into memory, once. If not, and bad files
        are to be skipped, only headers are looked at.

    Raises:
      DataError: naming the first bad file, or if no good one is left.
    """
    paths = list_images(location)

    def size_of(path: Path) -> tuple[int, int]:
        height, width = image_size(path, max_pixels)
        if halve_from is not None and min(height, width) >= halve_from:
            height, width = -(-height // 2), -(-width // 2)
        return resize or (height, width)

    def read(path: Path) -> np.ndarray:
        return read_image(path, channels, max_pixels, resize, halve_from)

    paths, sizes = _keep_good(paths, pool, size_of, on_bad_file, location)
    decoded = None
    if sum(height * width * channels for height, width in sizes) <= memory_limit:
        paths, images = _keep_good(paths, pool, read, on_bad_file, location)
        decoded = tuple(images)
        sizes = [(image.shape[0], image.shape[1]) for image in images]
    elif verify or on_bad_file == "refuse":
        paths, shapes = _keep_good(paths, pool, lambda p: read(p).shape, on_bad_file, location)
        sizes = [(shape[0], shape[1]) for shape in shapes]
    return Cohort(tuple(paths), tuple(sizes), channels, resize, max_pixels, halve_from, decoded)


def _keep_good(
    paths: Sequence[Path],
    pool: Executor,
    function: Callable[[Path], _Result],
    on_bad_file: str,
    location: str,
) -> tuple[list[Path], list[_Result]]:
    """Applies `function` to every path; returns the paths it likes, and its results."""

    def attempt(path: Path) -> _Result | DataError:
        try:
            return function(path)
        except DataError as error:
            return error

    results = list(pool.map(attempt, paths))
    errors = [result for result in results if isinstance(result, DataError)]
    if errors and on_bad_file == "refuse":
        more = f" (and {len(errors) - 1} more bad files)" if len(errors) > 1 else ""
        raise DataError(f"{errors[0]}{more}; set data.on_bad_file='skip' to go on without")
    for error in errors:
        _log.warning("skipped: %s", error)
    if len(errors) == len(paths):
        raise DataError(f"{location}: none of the {len(paths)} images can be read")
    good = [(p, r) for p, r in zip(paths, results, strict=True) if not isinstance(r, DataError)]
    return [path for path, _ in good], [result for _, result in good]
