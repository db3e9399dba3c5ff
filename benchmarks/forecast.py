"""Fits `jaxshrink/compression/forecast.json`: where learned files land, told from plain ones.

    python -m benchmarks.forecast PHOTOGRAPHS.. [--model NAME] [--points FILE] [--only-fit]

Of every photograph (640x512 pixels, and three times 144x112 by PSNR alone, as for all that is so
small) plain and learned files are made over the range of qualities and measured: some twelve
seconds each. These points are kept in FILE, where a second call goes on. The weights are fitted by
ridge regression; what is printed is how far forecasts were off for photographs that were left out,
eighth by eighth: in steps of quality, in per cent of bytes or in levels.

Fit it on photographs for training, after a model was trained; never on those that are measured.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from jaxshrink.compression import forecast
from jaxshrink.compression.candidates import Files
from jaxshrink.compression.closeness import DECIBELS, EYE, Metric, Rule
from jaxshrink.compression.forecast import AS_CLOSE, AS_LARGE
from jaxshrink.compression.model import Model
from jaxshrink.compression.ways import Way
from jaxshrink.data import list_images
from jaxshrink.runtime.compile_cache import keep_compiled
from jaxshrink.shipped.index import DEFAULT_MODEL

# Qualities, by scale; of the plain JPEG by None.
_GRID = {
    None: (5, 10, 15, 20, 30, 40, 50, 60, 70, 75, 80, 85, 90, 95, 98),
    1: (18, 28, 38, 48, 56, 64, 72, 80, 88, 96),
    2: (3, 9, 17, 26, 36, 46, 58, 72, 90),
}
_SIZES = {EYE: (512, 640), DECIBELS: (112, 144)}
_RIDGE = 0.03
_FEW = np.array([1, 1, 1, 0, 1, 1] + [0] * 20)  # features that tell how fast things grow
_NUM_PARTS = 8
# What a file is taken to lose that cannot come as close, in the logarithm of bytes, and at most.
_LOST = 0.6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("photographs", nargs="*")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--points", type=Path, default=Path("forecast_points.json"))
    parser.add_argument("--only-fit", action="store_true", help="the points are there")
    options = parser.parse_args()
    if not options.only_fit:
        _collect(options.photographs, options.model, options.points)
    points = json.loads(options.points.read_text())
    weights = {forecast.name_of(rule): _fit_rule(points, rule) for rule in (EYE, DECIBELS)}
    forecast.FILE.write_text(json.dumps(weights, indent=1) + "\n")


def _collect(locations: Sequence[str], name_or_path: str, file: Path) -> None:
    keep_compiled()
    model = Model.load(name_or_path)
    points = json.loads(file.read_text()) if file.exists() else []
    known = {(row["name"], row["rule"]) for row in points}
    paths = [path for location in locations for path in list_images(location)]
    for path in paths:
        with Image.open(path) as image:
            x = np.asarray(image.convert("RGB"))
        for rule, (height, width) in _SIZES.items():
            if (path.name, forecast.name_of(rule)) in known:
                continue
            for part in _parts(x, height, width):
                points.append(_point(path.name, Files(model, part), rule))
            file.write_text(json.dumps(points))
        print(path, flush=True)


def _parts(x: np.ndarray, height: int, width: int) -> Iterator[np.ndarray]:
    """At most three parts of a photograph, along its diagonal."""
    number = min(3, x.shape[0] // height, x.shape[1] // width)
    for index in range(max(number, 1)):
        top, left = (
            (side - length) * index // max(number - 1, 1) if number > 1 else 0
            for side, length in zip(x.shape[:2], (height, width), strict=True)
        )
        yield x[top : top + height, left : left + width]


def _point(name: str, files: Files, rule: Rule) -> dict:
    """All that is known of one part of a photograph."""
    metrics = forecast.seen_by(rule)
    halved = files.halved(metrics)
    return {
        "name": name,
        "rule": forecast.name_of(rule),
        "shape": files.x.shape,
        "halved": [metric.level(float(halved[metric])) for metric in metrics],
        "curves": _curves(files, metrics),
    }


def _curves(files: Files, metrics: Sequence[Metric]) -> dict[str, list[list[float]]]:
    """Scale -> rows of quality, bytes and scores."""
    curves: dict[str, list[list[float]]] = {}
    for scale, qualities in _GRID.items():
        way = Way(scale)
        for quality in qualities:
            made = files.get(way, quality * way.steps_per_quality)
            scores = made.scores(metrics)
            row = [quality, len(made), *(float(scores[metric]) for metric in metrics)]
            curves.setdefault(str(scale or 0), []).append(row)
    return curves


class _Curve:
    """One scale's files of one photograph, between those that were made."""

    def __init__(self, rows: Sequence[Sequence[float]], metrics: Sequence[Metric]) -> None:
        table = np.array(rows)
        self.quality = np.linspace(table[0, 0], table[-1, 0], 2000)
        self.log_bytes = np.interp(self.quality, table[:, 0], np.log(table[:, 1]))
        self.levels = {
            metric: np.interp(self.quality, table[:, 0], [metric.level(v) for v in column])
            for metric, column in zip(metrics, table[:, 2:].T, strict=True)
        }


def _examples(photograph: dict, rule: Rule, scale: int) -> Iterator[tuple[str, list, list]]:
    """What was told, and what came of it: the values of `Landing`."""
    metrics = forecast.seen_by(rule)
    curve = _Curve(photograph["curves"][str(scale)], metrics)
    num_pixels = photograph["shape"][0] * photograph["shape"][1]
    for quality, num_bytes, *values in photograph["curves"]["0"]:
        levels = [metric.level(value) for metric, value in zip(metrics, values, strict=True)]
        halved = photograph["halved"]
        told = forecast.features(quality, 8 * num_bytes / num_pixels, levels, halved)
        by_metric = dict(zip(metrics, levels, strict=True))
        ahead = np.min([curve.levels[m] - by_metric[m] for m in rule.metrics], axis=0)
        larger = curve.log_bytes - np.log(num_bytes)
        for what, along, gains in ((AS_CLOSE, ahead, -larger), (AS_LARGE, larger, ahead)):
            index = int(np.argmax(along >= 0))
            inside = 5 <= index < len(along) - 5
            if not inside and (what == AS_LARGE or along.max() >= 0):
                continue
            if not inside:  # never so close
                yield what, told, [100.0, -_LOST, np.nan, np.nan]
                continue
            near = slice(index - 5, index + 6)
            slopes = [np.polyfit(curve.quality[near], y[near], 1)[0] for y in (ahead, larger)]
            yield what, told, [curve.quality[index], max(gains[index], -_LOST * 50), *slopes]


def _fit_rule(points: Sequence[dict], rule: Rule) -> dict:
    points = [row for row in points if row["rule"] == forecast.name_of(rule)]
    fields = ("quality", "gain", "levels_per_quality", "bytes_per_quality")
    fitted: dict = {AS_CLOSE: {}, AS_LARGE: {}}
    for scale in (1, 2):
        found = [
            (index % _NUM_PARTS, what, told, values)
            for index, photograph in enumerate(points)
            for what, told, values in _examples(photograph, rule, scale)
        ]
        for what in fitted:
            rows = [row for row in found if row[1] == what]
            part, told, values = (np.array([row[i] for row in rows]) for i in (0, 2, 3))
            fitted[what][str(scale)] = {}
            for column, field in enumerate(fields):
                known = ~np.isnan(values[:, column])
                # How fast things grow is nearly the same everywhere.
                kept = told[known] if column < 2 else told[known] * _FEW[: told.shape[1]]
                y = values[known, column]
                weights = _ridge(kept, y)
                fitted[what][str(scale)][field] = [round(float(w), 6) for w in weights]
                off = y - _left_out(kept, y, part[known])
                median, most = np.quantile(np.abs(off), (0.5, 0.9))
                print(
                    f"{forecast.name_of(rule)}, {what}, scale {scale}, {field}: off by"
                    f" {median:.3f} (nine of ten {most:.3f}) of {np.mean(np.abs(y)):.3f},"
                    f" {len(y)} points"
                )
    return fitted


def _ridge(told: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Weights that fit most points well; those that are far off count less (Huber)."""
    trust = np.ones(len(y))
    for _ in range(10):
        padded = np.vstack([told * trust[:, None], _RIDGE * np.eye(told.shape[1])])
        weights = np.linalg.lstsq(padded, np.r_[y * trust, np.zeros(told.shape[1])], rcond=None)[0]
        off = np.abs(y - told @ weights)
        trust = np.sqrt(np.minimum(1.0, 2 * np.median(off) / np.maximum(off, 1e-9)))
    return weights


def _left_out(told: np.ndarray, y: np.ndarray, part: np.ndarray) -> np.ndarray:
    """What is forecast for each part by all others."""
    forecasts = np.empty_like(y)
    for index in range(_NUM_PARTS):
        out = part == index
        forecasts[out] = told[out] @ _ridge(told[~out], y[~out])
    return forecasts


if __name__ == "__main__":
    main()
