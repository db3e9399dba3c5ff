"""Rate-distortion curves: means over images, and CompressAI's JSON for them."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jaxshrink.bench.bd_rate import decibels
from jaxshrink.bench.methods.base import Method
from jaxshrink.bench.plain_view import PlainView
from jaxshrink.bench.points import Point
from jaxshrink.console import escaped
from jaxshrink.documents import (
    DocumentError,
    items,
    number,
    optional,
    read_json,
    record,
    text,
)
from jaxshrink.errors import DataError
from jaxshrink.evaluation.metrics import METRICS

# What is told of a plain view: "plain-ssimulacra2", and "plain-jpeg-ssimulacra2" of the JPEG.
PLAIN, PLAIN_JPEG = "plain-", "plain-jpeg-"
# After CompressAI: "rgb" for colour, "y" for grayscale.
_SUFFIXES = {3: "-rgb", 1: "-y"}
_PER_CHANNEL = ("psnr", "ms-ssim", "ssim")


@dataclasses.dataclass(frozen=True)
class Curve:
    """One method's means, from the fewest bytes to the most.

    Attributes:
      name, description: the method's.
      bpp: mean bits per pixel at every rate.
      values: "psnr", "ms-ssim", ... as in `METRICS`; "encoding_time" and "decoding_time" in
        seconds; "quality", the setting; for a model what is told of its plain views: their metrics
        with "plain-" before them, with "plain-jpeg-" those of JPEGs of no more bytes, the share of
        them at "plain-half-size", and the largest "plain-colour-offset" of all. One number per
        rate, None where an image has none.
      published: read from a file, not measured here.
    """

    name: str
    description: str
    bpp: tuple[float, ...]
    values: Mapping[str, tuple[float | None, ...]]
    published: bool = False

    def axis(self, metric: str) -> tuple[list[float], list[float]] | None:
        """Rates and qualities as plots and BD-rates take them: MS-SSIM in decibels.

        Returns:
          None if the curve does not have this metric everywhere.
        """
        values = self.values.get(metric, ())
        if not values or any(value is None for value in values):
            return None
        known = [float(value) for value in values if value is not None]
        return list(self.bpp), [decibels(v) for v in known] if "ms-ssim" in metric else known


def curve_of(
    method: Method, points: Mapping[float, Mapping[str, Point]], num_images: int
) -> Curve | None:
    """Averages each image's own values, over all images.

    Args:
      method: whose points they are.
      points: quality -> image -> point; a quality that lacks an image is left out.
      num_images: in the suite.

    Returns:
      None if no quality is complete.
    """
    rows = [
        {"quality": quality, **_means(list(by_image.values()))}
        for quality, by_image in points.items()
        if len(by_image) == num_images
    ]
    if not rows:
        return None
    rows.sort(key=lambda row: row["bpp"])
    values = {key: tuple(row[key] for row in rows) for key in rows[0] if key != "bpp"}
    return Curve(method.name, method.description, tuple(row["bpp"] for row in rows), values)


def _means(points: Sequence[Point]) -> dict[str, Any]:
    columns: dict[str, list[float | None]] = {
        "bpp": [p.bpp for p in points],
        "encoding_time": [p.encoding_time for p in points],
        "decoding_time": [p.decoding_time for p in points],
    }
    for metric in points[0].scores:
        columns[metric] = [p.scores[metric] for p in points]
    means = {name: _mean(column) for name, column in columns.items()}
    return means | _plain_means([p.plain for p in points if p.plain is not None])


def _plain_means(views: Sequence[PlainView]) -> dict[str, float | None]:
    """Of a model's images; nothing where there are none."""
    if not views:
        return {}
    means = {
        "plain-half-size": _mean([float(view.scale == 2) for view in views]),
        "plain-colour-offset": max(view.colour_offset for view in views),
    }
    for metric in views[0].scores:
        means[PLAIN + metric] = _mean([view.scores[metric] for view in views])
        means[PLAIN_JPEG + metric] = _mean([(v.jpeg_scores or {}).get(metric) for v in views])
    return means


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if len(known) == len(values) else None


def curve_to_json(curve: Curve, channels: int) -> dict[str, Any]:
    """A curve in CompressAI's schema, with lists of ours beside theirs."""
    results = {_key(name, channels): list(values) for name, values in curve.values.items()}
    return {
        "name": curve.name,
        "description": curve.description,
        "results": {"bpp": list(curve.bpp), **results},
    }


def points_to_json(method: Method, points: Mapping[float, Mapping[str, Point]]) -> dict[str, Any]:
    """Every point of a method: image -> one record per quality."""
    images: dict[str, list[dict[str, Any]]] = {}
    for by_image in points.values():
        for name, point in by_image.items():
            images.setdefault(name, []).append(point.to_json())
    return {"name": method.name, "description": method.description, "images": images}


_MAX_RATES = 10_000
_NAME_LENGTH = 200
_CURVE = record(
    {"results": record({"bpp": items(number(1e-9, 1e9), _MAX_RATES)}, others=True)},
    {"name": text(), "description": text()},
)
# Of the columns that are looked at; others may hold anything.
_COLUMN = items(optional(number(-1e9, 1e9)), _MAX_RATES)
_AT_MOST_ONE = items(optional(number(-1.0, 1.0)), _MAX_RATES)


def _columns(results: Mapping[str, Any]) -> dict[str, tuple[float | None, ...]]:
    """The columns that we know, as long as that of the rates; raises DocumentError."""
    columns = {}
    for key, column in results.items():
        name = _metric(key)
        known = _metric_of(name) in METRICS or name in _OTHERS or name.startswith(PLAIN)
        if not known or not isinstance(column, list) or len(column) != len(results["bpp"]):
            continue
        shape = _AT_MOST_ONE if "ssim" in name and "ssimulacra2" not in name else _COLUMN
        columns[name] = tuple(shape(column, f"results.{key}"))
    return columns


_OTHERS = ("encoding_time", "decoding_time", "quality")


def read_curve(path: Path) -> Curve:
    """Reads a curve that CompressAI, or this project, wrote.

    Raises:
      DataError: if the file is missing or of another form.
    """
    try:
        content = read_json(path, _CURVE)
        bpp = [float(rate) for rate in content["results"]["bpp"]]
        columns = _columns(content["results"])
    except FileNotFoundError:
        raise DataError(f"{path}: no such file") from None
    except DocumentError as error:
        raise DataError(f"{path}: not a curve in CompressAI's JSON ({error})") from None
    if not bpp or not columns.keys() & METRICS.keys():
        raise DataError(f"{path}: has no curve with one of {', '.join(METRICS)}")
    order = sorted(range(len(bpp)), key=bpp.__getitem__)
    values = {name: tuple(column[i] for i in order) for name, column in columns.items()}
    name = escaped(content.get("name", path.stem))[:_NAME_LENGTH]
    description = escaped(content.get("description", ""))
    return Curve(name, description, tuple(bpp[i] for i in order), values, published=True)


def _key(name: str, channels: int) -> str:
    return name + _SUFFIXES[channels] if _metric_of(name) in _PER_CHANNEL else name


def _metric(key: str) -> str:
    for suffix in _SUFFIXES.values():
        if _metric_of(key).removesuffix(suffix) in _PER_CHANNEL:
            return key.removesuffix(suffix)
    return key


def _metric_of(key: str) -> str:
    """Without what says that it is about plain views."""
    return key.removeprefix(PLAIN_JPEG).removeprefix(PLAIN)
