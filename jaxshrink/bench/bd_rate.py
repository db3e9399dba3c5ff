"""Bjontegaard deltas: what one rate-distortion curve saves over another.

Both curves are clipped, by interpolation, to one window of rates and then to the qualities (for
BD-rate) or rates (for BD-quality) that they share; points outside of the window still shape the
curves. The package `bjontegaard` knows no window of rates, hence SciPy.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jaxshrink.optional import import_extra

_NUM_RATES = 200  # at which two curves are compared


@dataclasses.dataclass(frozen=True)
class BdResult:
    """Two curves compared.

    Attributes:
      bd_rate: percent of bytes that the curve needs more (or less: negative) than the anchor,
        at the same quality; None where they share no quality.
      bd_quality: by how much it is better than the anchor at the same rate, in the metric's unit:
        BD-PSNR for PSNR; None where they share no rate.
      overlap: the qualities over which `bd_rate` is a mean.
      gains: the least and the most that it is better at any rate that they share: above zero, it
        is better at every rate; None where they share none.
      reason: why there is no number, else None.
    """

    bd_rate: float | None
    bd_quality: float | None
    overlap: tuple[float, float] | None
    gains: tuple[float, float] | None = None
    reason: str | None = None


def decibels(ms_ssim: float) -> float:
    """-10 log10(1 - MS-SSIM); infinite for 1."""
    return math.inf if ms_ssim >= 1.0 else -10.0 * math.log10(1.0 - ms_ssim)


def compare_curves(
    anchor: tuple[Sequence[float], Sequence[float]],
    curve: tuple[Sequence[float], Sequence[float]],
    window: tuple[float, float],
) -> BdResult:
    """Bjontegaard deltas of a curve against an anchor.

    Args:
      anchor, curve: bits per pixel, and quality, MS-SSIM in decibels; in any order.
      window: (lowest, highest) bits per pixel that count.
    """
    try:
        anchor_part, curve_part = _Clipped(*anchor, window), _Clipped(*curve, window)
    except ValueError as error:
        return BdResult(None, None, None, reason=str(error))
    log_ratio = None
    qualities = _shared(anchor_part.qualities, curve_part.qualities)
    if qualities:
        log_ratio = curve_part.mean_log_rate(qualities) - anchor_part.mean_log_rate(qualities)
    gain, gains = None, None
    log_rates = _shared(anchor_part.log_rates, curve_part.log_rates)
    if log_rates:
        gain = curve_part.mean_quality(log_rates) - anchor_part.mean_quality(log_rates)
        differences = curve_part.along(log_rates) - anchor_part.along(log_rates)
        gains = (float(differences.min()), float(differences.max()))
    return BdResult(
        bd_rate=None if log_ratio is None else 100.0 * math.expm1(log_ratio),
        bd_quality=gain,
        overlap=qualities,
        gains=gains,
        reason=None if qualities else "no overlap: the curves share no quality in this window",
    )


def bytes_at_equal_quality(
    anchor: tuple[Sequence[float], Sequence[float]],
    curve: tuple[Sequence[float], Sequence[float]],
    qualities: Sequence[float],
) -> list[float | None]:
    """Percent of bytes that a curve needs more (less: negative) than the anchor, at each quality.

    By the interpolation of `compare_curves`, over the whole curves.

    Args:
      anchor, curve: bits per pixel, and quality; in any order.
      qualities: where to look; None is returned where one of the curves does not reach.
    """
    log_rates = []
    for points in (anchor, curve):
        try:
            log_rate, quality = _rising(*points)
        except ValueError:
            return [None] * len(qualities)
        interpolated = _interpolator()(quality, log_rate, extrapolate=False)
        log_rates.append(interpolated(np.asarray(qualities, float)))
    ratios = log_rates[1] - log_rates[0]
    return [None if np.isnan(ratio) else 100.0 * math.expm1(ratio) for ratio in ratios]


class _Clipped:
    """One curve inside of a window of rates.

    Attributes:
      log_rates, qualities: the ends of the part inside.
    """

    def __init__(
        self, rates: Sequence[float], qualities: Sequence[float], window: tuple[float, float]
    ) -> None:
        interpolate = _interpolator()
        log_rate, quality = _rising(rates, qualities)
        low, high = max(math.log(window[0]), log_rate[0]), min(math.log(window[1]), log_rate[-1])
        if low >= high:
            raise ValueError("no overlap: a curve lies outside of the window of rates")
        self._log_rate = interpolate(quality, log_rate)
        self._quality = interpolate(log_rate, quality)
        self.log_rates = (float(low), float(high))
        self.qualities = (float(self._quality(low)), float(self._quality(high)))

    def mean_log_rate(self, qualities: tuple[float, float]) -> float:
        return float(self._log_rate.integrate(*qualities)) / (qualities[1] - qualities[0])

    def mean_quality(self, log_rates: tuple[float, float]) -> float:
        return float(self._quality.integrate(*log_rates)) / (log_rates[1] - log_rates[0])

    def along(self, log_rates: tuple[float, float]) -> np.ndarray:
        """Qualities at many rates."""
        return self._quality(np.linspace(*log_rates, _NUM_RATES))


def _interpolator() -> Any:
    return import_extra("scipy.interpolate", "bench").PchipInterpolator


def _rising(rates: Sequence[float], qualities: Sequence[float]) -> tuple[np.ndarray, np.ndarray]:
    """Log rates and qualities, both strictly rising.

    A point that costs more than another and is no better is left out: nobody would use it, and
    rate is no function of quality with it.

    Raises:
      ValueError: if fewer than two points are left.
    """
    points: list[tuple[float, float]] = []
    for rate, quality in sorted(zip(rates, qualities, strict=True), key=lambda p: (p[0], -p[1])):
        if math.isfinite(quality) and (not points or quality > points[-1][1]):
            points.append((math.log(rate), quality))
    if len(points) < 2:
        raise ValueError("a curve needs at least two points, the dearer one better")
    log_rates, rising = zip(*points, strict=True)
    return np.array(log_rates), np.array(rising)


def _shared(a: tuple[float, float], b: tuple[float, float]) -> tuple[float, float] | None:
    low, high = max(a[0], b[0]), min(a[1], b[1])
    return (low, high) if low < high else None
