"""BD-rates of all curves, as JSON and as a table for the terminal."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from jaxshrink.evaluation.bd_rate import BdResult, compare_curves
from jaxshrink.evaluation.rate_distortion import Curve

BD_METRICS = ("psnr", "ms-ssim")
# method -> metric -> result
BdTable = Mapping[str, Mapping[str, BdResult]]


def bd_table(curves: Sequence[Curve], anchor: Curve, window: tuple[float, float]) -> BdTable:
    """Compares every curve with the anchor, in PSNR and in MS-SSIM in decibels."""
    return {
        curve.name: {metric: _compare(curve, anchor, metric, window) for metric in BD_METRICS}
        for curve in curves
    }


def _compare(curve: Curve, anchor: Curve, metric: str, window: tuple[float, float]) -> BdResult:
    ours, theirs = curve.axis(metric), anchor.axis(metric)
    if ours is None or theirs is None:
        return BdResult(None, None, None, reason=f"{metric} was not measured on every image")
    return compare_curves(theirs, ours, window)


def bd_to_json(table: BdTable) -> dict[str, Any]:
    """{method: {metric: the fields of `BdResult`}}; "reason" only where there is no number."""
    return {
        name: {metric: _without_empty_reason(result) for metric, result in results.items()}
        for name, results in table.items()
    }


def _without_empty_reason(result: BdResult) -> dict[str, Any]:
    record = dataclasses.asdict(result)
    if result.reason is None:
        del record["reason"]
    return record


def format_bd_table(tables: Mapping[str, BdTable], window: tuple[float, float]) -> str:
    """One line per method; per anchor and metric the BD-rate and the overlap of qualities.

    Args:
      tables: anchor's name -> its table.
      window: bits per pixel.
    """
    methods = list(next(iter(tables.values())))
    width = max(map(len, ["method", *methods]))
    columns = [(anchor, metric) for anchor in tables for metric in BD_METRICS]
    anchors = "".join(f" | {f'against {anchor}':<51}" for anchor in tables)
    metrics = "".join(f" | {f'{metric} (overlap in dB)':<24}" for _, metric in columns)
    lines = [
        f"BD-rate, {window[0]:g} to {window[1]:g} bits per pixel; negative: fewer bytes",
        f"{'':<{width}}{anchors}",
        f"{'method':<{width}}{metrics}",
        "-" * (width + len(metrics)),
    ]
    for method in methods:
        cells = (_cell(tables[anchor][method][metric]) for anchor, metric in columns)
        lines.append(f"{method:<{width}}" + "".join(f" | {cell:<24}" for cell in cells))
    anchor, table = next(iter(tables.items()))
    lines += ["", f"Decibels above {anchor} at equal bytes, at the worst and the best of all rates"]
    for method in methods:
        cells = (f"{metric} {_gains(table[method][metric])}" for metric in BD_METRICS)
        lines.append(f"{method:<{width}} | " + " | ".join(cells))
    return "\n".join(line.rstrip() for line in lines)


def _gains(result: BdResult) -> str:
    return "-" if result.gains is None else "{:+.2f}..{:+.2f}".format(*result.gains)


def _cell(result: BdResult) -> str:
    if result.bd_rate is None or result.overlap is None:
        return (result.reason or "").partition(":")[0][:24]
    low, high = result.overlap
    return f"{result.bd_rate:+8.1f} %  {low:5.2f}..{high:5.2f}"
