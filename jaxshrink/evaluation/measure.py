"""A cohort through a model or a codec: what its images cost, and what became of them."""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor

import numpy as np

from jaxshrink.codecs import Codec, bits_per_pixel, encode_batch
from jaxshrink.data import Cohort
from jaxshrink.evaluation.metrics import image_scores
from jaxshrink.inference.pipeline import Pipeline, enlarge

# Pixels that go through the networks at once.
_BATCH_PIXELS = 2**18


@dataclasses.dataclass(frozen=True)
class TableEntry:
    """What the paper's table counts of one image in one file.

    Attributes:
      quality: the codec's setting, 1..100.
      num_bytes: the size of the whole file.
      bpp: 8 * num_bytes / pixels of the original.
      psnr: in decibels, over all channels; infinite if nothing was lost.
      ms_ssim: linear; None where a side is too short for it.
    """

    quality: float
    num_bytes: int
    bpp: float
    psnr: float
    ms_ssim: float | None


@dataclasses.dataclass(frozen=True)
class MeasuredImage:
    """What a model made of one image: figures and pixels.

    Attributes:
      index: the image's position in its cohort.
      model: measurement of `x_hat`.
      bicubic: measurement of the enlargement of `y_hat` without RecCNN; the same file.
      x: the original, uint8 (H, W, C).
      y_hat: the compact image after the codec, uint8 (ceil(H / 2), ceil(W / 2), C).
      x_hat: the reconstruction, uint8 (H, W, C).
    """

    index: int
    model: TableEntry
    bicubic: TableEntry
    x: np.ndarray
    y_hat: np.ndarray
    x_hat: np.ndarray


def measure_model(
    pipeline: Pipeline, cohort: Cohort, codec: Codec, quality: float, pool: Executor
) -> Iterator[MeasuredImage]:
    """Sends a cohort through a model and its codec; images of one size go together."""
    for indices, x in _same_size_batches(cohort):
        size = x.shape[1:3]
        tables = pipeline.tables(quality)
        files = encode_batch(pipeline.compact(x, tables), codec, quality, pool)
        y_hat = np.stack(list(pool.map(lambda f: codec.decode(f, cohort.channels), files)))
        x_hat = pipeline.reconstruct(y_hat, size, tables)
        sizes = [len(file) for file in files]
        qualities = [quality] * len(files)
        model = _measurements(x, x_hat, sizes, qualities)
        bicubic = _measurements(x, enlarge(y_hat, size), sizes, qualities)
        results = map(MeasuredImage, indices, model, bicubic, x, y_hat, x_hat)
        yield from results


def measure_codec(
    cohort: Cohort, codec: Codec, choose_quality: Callable[[int, np.ndarray], int], pool: Executor
) -> dict[int, TableEntry]:
    """Sends a cohort through a codec alone.

    Args:
      cohort: the images.
      codec: the codec.
      choose_quality: (index, image) -> quality.
      pool: encodes and decodes in parallel.

    Returns:
      A measurement for every index of the cohort.
    """

    def round_trip(index: int, image: np.ndarray) -> tuple[int, int, np.ndarray]:
        quality = choose_quality(index, image)
        file = codec.encode(image, quality)
        return quality, len(file), codec.decode(file, cohort.channels)

    results: dict[int, TableEntry] = {}
    for indices, x in _same_size_batches(cohort):
        # The last images of a batch may be repeats; their index is that of the last.
        padded = indices + [indices[-1]] * (len(x) - len(indices))
        qualities, sizes, decoded = zip(*pool.map(round_trip, padded, x), strict=True)
        measurements = _measurements(x, np.stack(decoded), sizes, qualities)
        results.update(zip(indices, measurements, strict=False))
    return results


def _same_size_batches(cohort: Cohort) -> Iterator[tuple[list[int], np.ndarray]]:
    """Yields indices and their images; repeats of the last fill up a size's last batch."""
    by_size: dict[tuple[int, int], list[int]] = {}
    for index, size in enumerate(cohort.sizes):
        by_size.setdefault(size, []).append(index)
    for (height, width), members in by_size.items():
        batch_size = min(len(members), max(1, _BATCH_PIXELS // (height * width)))
        for start in range(0, len(members), batch_size):
            indices = members[start : start + batch_size]
            batch = [cohort[index] for index in indices]
            batch += [batch[-1]] * (batch_size - len(batch))
            yield indices, np.stack(batch)


def _measurements(
    x: np.ndarray, x_hat: np.ndarray, num_bytes: Iterable[int], qualities: Iterable[float]
) -> list[TableEntry]:
    size = x.shape[1:3]
    scores = image_scores(x, x_hat)
    return [
        TableEntry(quality, length, bits_per_pixel(length, size), psnr, ms_ssim)
        for quality, length, psnr, ms_ssim in zip(
            qualities, num_bytes, scores["psnr"], scores["ms-ssim"], strict=True
        )
    ]
