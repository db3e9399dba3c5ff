"""Training batches."""

import collections
import dataclasses
import functools
import logging
from collections.abc import Iterator
from concurrent.futures import Executor, Future

import numpy as np

from jaxshrink.data.cohorts import Cohort
from jaxshrink.errors import DataError

_log = logging.getLogger(__name__)
# Purposes of the random streams that a seed is split into.
_SHUFFLE, _AUGMENT = 0, 1


@dataclasses.dataclass(frozen=True)
class BatchSampler:
    """Batches as a function of (seed, step).

    Every epoch is a new permutation of the cohort; a batch may span two epochs, so that no
    image is left out.

    Attributes:
      cohort: where the images come from.
      batch_size: images in the global batch.
      seed: what permutations, crops and flips are drawn from.
      crop: side of random square crops, or None for whole images.
      flip: whether to mirror images left to right, at random.
      process_index, process_count: which part of every batch is ours.
    """

    cohort: Cohort
    batch_size: int
    seed: int
    crop: int | None = None
    flip: bool = False
    process_index: int = 0
    process_count: int = 1

    def __post_init__(self) -> None:
        sizes = self.cohort.sizes
        if self.crop is None and len(set(sizes)) > 1:
            raise DataError("the training images differ in size: set data.resize or data.crop")
        for path, size in zip(self.cohort.paths, sizes, strict=True):
            if self.crop is not None and min(size) < self.crop:
                height, width = size
                raise DataError(f"{path}: {width}x{height} is smaller than the crop, {self.crop}")
        if self.batch_size % self.process_count:
            raise ValueError(f"{self.batch_size} images for {self.process_count} processes")

    def batch(self, step: int) -> np.ndarray:
        """Returns our part of batch `step`, uint8 (batch_size / process_count, H, W, C)."""
        share = self.batch_size // self.process_count
        first = step * self.batch_size + self.process_index * share
        return np.stack([self._example(position) for position in range(first, first + share)])

    def _example(self, position: int) -> np.ndarray:
        """Example `position` of the endless stream of shuffled epochs."""
        epoch, offset = divmod(position, len(self.cohort))
        image = self._read(self._permutation(epoch), offset)
        rng = np.random.default_rng((self.seed, _AUGMENT, position))
        if self.crop is not None:
            top = rng.integers(image.shape[0] - self.crop + 1)
            left = rng.integers(image.shape[1] - self.crop + 1)
            image = image[top : top + self.crop, left : left + self.crop]
        if self.flip and rng.integers(2):
            image = image[:, ::-1]
        return image

    def _permutation(self, epoch: int) -> np.ndarray:
        return _permutation(self.seed, epoch, len(self.cohort))

    def _read(self, order: np.ndarray, offset: int) -> np.ndarray:
        """Image order[offset], or the next one whose file can (still) be read."""
        for index in (*order[offset:], *order[:offset]):
            try:
                return self.cohort[index]
            except DataError as error:
                _log.warning("skipped: %s", error)
        raise DataError("none of the training images can be read any more")


@functools.lru_cache(maxsize=4)
def _permutation(seed: int, epoch: int, length: int) -> np.ndarray:
    return np.random.default_rng((seed, _SHUFFLE, epoch)).permutation(length)


def prefetch(
    sampler: BatchSampler, start: int, stop: int, pool: Executor, depth: int
) -> Iterator[np.ndarray]:
    """Yields batches `start` to `stop` - 1, of which up to `depth` are made ahead."""
    pending: collections.deque[Future[np.ndarray]] = collections.deque()
    for step in range(start, min(start + depth, stop)):
        pending.append(pool.submit(sampler.batch, step))
    for step in range(start, stop):
        batch = pending.popleft().result()
        if step + depth < stop:
            pending.append(pool.submit(sampler.batch, step + depth))
        yield batch
