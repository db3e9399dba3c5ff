"""BD-rates of all curves, and bytes at equal scores, as JSON and as tables for the terminal."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jaxshrink.bench import plain_view
from jaxshrink.bench.bd_rate import BdResult, bytes_at_equal_quality, compare_curves
from jaxshrink.bench.curves import PLAIN, PLAIN_JPEG, Curve
from jaxshrink.bench.report.plots import TITLES
from jaxshrink.console import escaped

BD_METRICS = ("ssimulacra2", "ms-ssim", "psnr")
# SSIMULACRA2 at which bytes are compared: from medium quality to high.
EQUAL_SCORES = (50, 60, 70, 75, 80)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One curve against the anchor.

    Attributes:
      bd: metric -> Bjontegaard deltas.
      at_scores: SSIMULACRA2 -> percent of bytes more (less: negative) at that score; None where one
        of the two does not reach it.
    """

    bd: Mapping[str, BdResult]
    at_scores: Mapping[int, float | None]


# method -> its comparison
BdTable = Mapping[str, Comparison]


def bd_table(curves: Sequence[Curve], anchor: Curve, window: tuple[float, float]) -> BdTable:
    """Compares every curve with the anchor by all of `BD_METRICS`."""
    return {
        curve.name: Comparison(
            {metric: _compare(curve, anchor, metric, window) for metric in BD_METRICS},
            _at_scores(curve, anchor),
        )
        for curve in curves
    }


def _compare(curve: Curve, anchor: Curve, metric: str, window: tuple[float, float]) -> BdResult:
    ours, theirs = curve.axis(metric), anchor.axis(metric)
    if ours is None or theirs is None:
        return BdResult(None, None, None, reason=f"{metric} was not measured on every image")
    return compare_curves(theirs, ours, window)


def _at_scores(curve: Curve, anchor: Curve) -> dict[int, float | None]:
    ours, theirs = curve.axis("ssimulacra2"), anchor.axis("ssimulacra2")
    if ours is None or theirs is None:
        return dict.fromkeys(EQUAL_SCORES)
    return dict(zip(EQUAL_SCORES, bytes_at_equal_quality(theirs, ours, EQUAL_SCORES), strict=True))


def bd_to_json(table: BdTable) -> dict[str, Any]:
    """{method: {metric: the fields of `BdResult`, "bytes_at_equal_ssimulacra2": {score: percent}}}.

    "reason" stands only where there is no number.
    """
    return {
        name: {
            **{metric: _without_empty_reason(r) for metric, r in comparison.bd.items()},
            "bytes_at_equal_ssimulacra2": {
                str(score): percent for score, percent in comparison.at_scores.items()
            },
        }
        for name, comparison in table.items()
    }


def _without_empty_reason(result: BdResult) -> dict[str, Any]:
    record = dataclasses.asdict(result)
    if result.reason is None:
        del record["reason"]
    return record


def format_bd_table(tables: Mapping[str, BdTable], window: tuple[float, float]) -> str:
    """Per anchor the BD-rates with their overlap of qualities, and the bytes at equal SSIMULACRA2.

    Then what each method gains at equal bytes over the first anchor.

    Args:
      tables: anchor's name -> its table.
      window: bits per pixel.
    """
    methods = list(next(iter(tables.values())))
    titles = [TITLES[metric] for metric in BD_METRICS]
    parts = []
    for anchor, table in tables.items():
        parts += [
            f"BD-rate against {escaped(anchor)}, {window[0]:g} to {window[1]:g} bits per pixel, and"
            " the overlap of qualities; negative: fewer bytes",
            _grid(
                ["method", *titles],
                [[m, *(_cell(table[m].bd[metric]) for metric in BD_METRICS)] for m in methods],
            ),
            f"\nBytes against {escaped(anchor)} at equal SSIMULACRA2, in percent",
            _grid(
                ["method", *map(str, EQUAL_SCORES)],
                [[m, *map(_percent, table[m].at_scores.values())] for m in methods],
            ),
            "",
        ]
    anchor, table = next(iter(tables.items()))
    parts += [
        f"Above {escaped(anchor)} at equal bytes, at the worst and the best of all rates",
        _grid(
            ["method", *titles],
            [[m, *(_gains(table[m].bd[metric]) for metric in BD_METRICS)] for m in methods],
        ),
    ]
    return "\n".join(parts)


def format_plain_views(curves: Sequence[Curve]) -> str:
    """What viewers show of models' files, by quality; empty where there are none.

    JPEG: the optimized one of that size of no more bytes.
    """
    rows = [row for curve in curves if not curve.published for row in _plain_rows(curve)]
    if not rows:
        return ""
    metrics = [
        title
        for name in plain_view.METRICS
        for title in (TITLES[name].removesuffix(" (dB)"), "JPEG")
    ]
    heads = ["method", "quality", "bpp", "half size", *metrics, "colour off by"]
    title = "Plain views beside JPEGs of that size of no more bytes; colour: the worst, in levels"
    return f"{title}\n{_grid(heads, rows)}"


def _plain_rows(curve: Curve) -> Iterable[list[str]]:
    shares = curve.values.get("plain-half-size", ())
    for index, share in enumerate(shares):
        cells = [curve.name, f"{curve.values['quality'][index]:g}", f"{curve.bpp[index]:.3f}"]
        cells.append(f"{100 * (share or 0.0):.0f} %")
        for metric in plain_view.METRICS:
            digits = 4 if metric == "ms-ssim" else 1
            for prefix in (PLAIN, PLAIN_JPEG):
                value = curve.values[prefix + metric][index]
                cells.append("-" if value is None else f"{value:.{digits}f}")
        cells.append(f"{curve.values['plain-colour-offset'][index]:.1f}")
        yield cells


def _grid(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rows = [[escaped(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = (cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True))
        return " | ".join([cells[0].ljust(widths[0]), *padded]).rstrip()

    return "\n".join([line(heads), "-" * len(line(heads)), *map(line, rows)])


def _gains(result: BdResult) -> str:
    return "-" if result.gains is None else "{:+.2f}..{:+.2f}".format(*result.gains)


def _cell(result: BdResult) -> str:
    if result.bd_rate is None or result.overlap is None:
        return (result.reason or "").partition(":")[0][:24]
    low, high = result.overlap
    return f"{result.bd_rate:+.1f} %  {low:5.2f}..{high:5.2f}"


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:+.1f}"
