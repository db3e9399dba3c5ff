"""The paper's table: a model, bicubic enlargement and plain JPEG over train, dev and test."""

import dataclasses
import logging
import math
from collections.abc import Iterable, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np

from jaxshrink.codecs import Codec, largest_quality_within
from jaxshrink.data import Cohort
from jaxshrink.evaluation.measure import MeasuredImage, TableEntry, measure_codec, measure_model
from jaxshrink.inference.pipeline import Pipeline

_log = logging.getLogger(__name__)

JPEG_QUALITY = 75
METHODS = {
    "model": "model",
    "bicubic": "bicubic, no RecCNN",
    "jpeg_q75": f"plain codec, quality {JPEG_QUALITY}",
    "jpeg_equal_bytes": "plain codec, equal bytes",
}


@dataclasses.dataclass(frozen=True)
class CohortResult:
    """One cohort at one quality of the compact image.

    Attributes:
      names: the images' names, in their order.
      measurements: method -> one per image; the methods are the keys of `METHODS`.
      over_budget: indices of images that even quality 1 of the plain codec does not bring down
        to the model's bytes; they count at quality 1.
    """

    names: tuple[str, ...]
    measurements: dict[str, list[TableEntry]]
    over_budget: frozenset[int]

    def summary(self) -> dict[str, dict[str, float | int | None]]:
        """Means over the images, by method."""
        table = {name: summarize(rows) for name, rows in self.measurements.items()}
        table["jpeg_equal_bytes"]["num_over_budget"] = len(self.over_budget)
        return table

    def per_image(self) -> dict[str, dict[str, Any]]:
        """Every measurement, by image and method."""
        rows: dict[str, dict[str, Any]] = {
            name: {
                method: dataclasses.asdict(measurements[index])
                for method, measurements in self.measurements.items()
            }
            for index, name in enumerate(self.names)
        }
        for index in self.over_budget:
            rows[self.names[index]]["jpeg_equal_bytes"]["over_budget"] = True
        return rows


def summarize(measurements: Sequence[TableEntry]) -> dict[str, float | int | None]:
    """Means over images of each image's own value.

    MS-SSIM is None if an image has none.
    """
    ms_ssim = [m.ms_ssim for m in measurements if m.ms_ssim is not None]
    return {
        "ms_ssim": math.fsum(ms_ssim) / len(ms_ssim) if len(ms_ssim) == len(measurements) else None,
        "psnr": math.fsum(m.psnr for m in measurements) / len(measurements),
        "bpp": math.fsum(m.bpp for m in measurements) / len(measurements),
        "num_images": len(measurements),
    }


def measure_cohort(
    pipeline: Pipeline,
    cohort: Cohort,
    codec: Codec,
    plain_codec: Codec,
    qualities: Iterable[int],
    pool: Executor,
    keep: Sequence[int] = (),
) -> tuple[dict[int, CohortResult], dict[int, list[MeasuredImage]]]:
    """Measures a model at several qualities, and the plain codec beside it.

    Args:
      pipeline: the model.
      cohort: the images.
      codec: stores the compact images.
      plain_codec: stores the originals, for comparison.
      qualities: the codec's settings for the compact image, 1..100.
      pool: encodes and decodes in parallel.
      keep: indices of the images whose pixels are returned, too.

    Returns:
      quality -> result, and quality -> the results of the images to keep.
    """
    jpeg = measure_codec(cohort, plain_codec, lambda index, image: JPEG_QUALITY, pool)
    results, kept = {}, {}
    for quality in qualities:
        _log.info("measuring %d images at quality %d", len(cohort), quality)
        model: dict[int, MeasuredImage] = {}
        for result in measure_model(pipeline, cohort, codec, quality, pool):
            model[result.index] = _without_pixels(result) if result.index not in keep else result
        equal, over_budget = _measure_equal_bytes(
            cohort, plain_codec, {i: r.model.num_bytes for i, r in model.items()}, pool
        )
        order = range(len(cohort))
        measurements = {
            "model": [model[i].model for i in order],
            "bicubic": [model[i].bicubic for i in order],
            "jpeg_q75": [jpeg[i] for i in order],
            "jpeg_equal_bytes": [equal[i] for i in order],
        }
        results[quality] = CohortResult(cohort.names, measurements, over_budget)
        kept[quality] = [model[i] for i in keep]
    return results, kept


def _without_pixels(result: MeasuredImage) -> MeasuredImage:
    nothing = np.zeros((0, 0, 0), np.uint8)
    return dataclasses.replace(result, x=nothing, y_hat=nothing, x_hat=nothing)


def _measure_equal_bytes(
    cohort: Cohort, codec: Codec, budgets: dict[int, int], pool: Executor
) -> tuple[dict[int, TableEntry], frozenset[int]]:
    """The plain codec at the largest quality whose file is no larger, per image."""

    def choose_quality(index: int, image: np.ndarray) -> int:
        return largest_quality_within(codec, image, budgets[index]) or 1

    measurements = measure_codec(cohort, codec, choose_quality, pool)
    over = {i for i, measurement in measurements.items() if measurement.num_bytes > budgets[i]}
    return measurements, frozenset(over)


def format_table(summaries: dict[str, dict[str, dict[str, Any]]]) -> str:
    """The paper's table as text: a line per method, three figures per cohort.

    Args:
      summaries: cohort -> method -> `CohortResult.summary()`'s row.
    """
    width = max(map(len, METHODS.values()))
    head = " " * width
    titles = " " * width
    for cohort, methods in summaries.items():
        num_images = methods["model"]["num_images"]
        head += f"  | {f'{cohort}, {num_images} images':<22}"
        titles += f"  | {'MS-SSIM':>7} {'PSNR':>6} {'bpp':>6} "
    lines = [head, titles, "-" * len(titles)]
    for method, title in METHODS.items():
        line = f"{title:<{width}}"
        for methods in summaries.values():
            row = methods[method]
            ms_ssim = "-" if row["ms_ssim"] is None else f"{row['ms_ssim']:.4f}"
            line += f"  | {ms_ssim:>7} {row['psnr']:6.2f} {row['bpp']:6.3f} "
        lines.append(line)
    over = {c: methods["jpeg_equal_bytes"]["num_over_budget"] for c, methods in summaries.items()}
    for cohort, count in over.items():
        if count:
            lines.append(f"{cohort}: {count} images need more bytes even at quality 1")
    return "\n".join(lines)
