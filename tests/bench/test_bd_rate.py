"""BD-rates: known ratios, the window, and published anchors."""

import json

import numpy as np
import pytest

from jaxshrink.bench.bd_rate import bytes_at_equal_quality, compare_curves, decibels

RATES = np.array([0.1, 0.2, 0.4, 0.8, 1.6])
QUALITIES = np.array([25.0, 28.0, 30.5, 33.0, 35.0])
EVERYTHING = (0.01, 10.0)
# Anchors' names -> BD-rates against "jpeg", for PSNR and MS-SSIM, made with them.
ANCHOR_BD_RATES = {
    "jpeg0": (24.6, 21.0),
    "webp": (-39.2, -32.0),
    "avif": (-55.6, -55.3),
    "jp2": (-6.7, 13.0),
}


def test_decibels():
    assert decibels(0.99) == pytest.approx(20.0)
    assert decibels(1.0) == np.inf


@pytest.mark.parametrize("factor", [0.5, 0.9, 1.0, 1.3])
def test_a_curve_with_scaled_rates_has_that_bd_rate(factor):
    result = compare_curves((RATES, QUALITIES), (factor * RATES, QUALITIES), EVERYTHING)
    assert result.bd_rate == pytest.approx(100.0 * (factor - 1.0))
    assert result.overlap == (25.0, 35.0)


def test_a_curve_that_is_better_by_a_decibel_has_that_gain():
    result = compare_curves((RATES, QUALITIES), (RATES, QUALITIES + 1.0), EVERYTHING)
    assert result.bd_quality == pytest.approx(1.0)
    assert result.gains == pytest.approx((1.0, 1.0))
    assert result.bd_rate < 0.0


def test_gains_tell_of_a_crossing():
    crossing = QUALITIES + np.array([1.0, 0.5, 0.0, -0.5, -1.0])
    low, high = compare_curves((RATES, QUALITIES), (RATES, crossing), EVERYTHING).gains
    assert (low, high) == pytest.approx((-1.0, 1.0), abs=0.01)


def test_order_does_not_matter():
    shuffled = np.array([3, 0, 4, 1, 2])
    result = compare_curves((RATES, QUALITIES), (RATES[shuffled], QUALITIES[shuffled]), EVERYTHING)
    assert result.bd_rate == pytest.approx(0.0)


def test_the_window_clips_by_interpolation():
    # The ends of the window lie between points; a straight line is interpolated exactly.
    qualities = 10.0 * np.log2(RATES / 0.1)
    result = compare_curves((RATES, qualities), (0.8 * RATES, qualities), (0.2, 0.3))
    low, high = 10.0 * np.log2(0.2 / 0.08), 10.0 * np.log2(0.3 / 0.1)
    assert result.bd_rate == pytest.approx(-20.0)
    assert result.overlap == pytest.approx((low, high))


def test_points_outside_of_the_window_still_shape_the_curves():
    grid = np.linspace(25.0, 35.0, 41)
    dense = np.exp(np.interp(grid, QUALITIES, np.log(RATES)))
    inside = compare_curves((RATES, QUALITIES), (dense, grid), (0.2, 0.8))
    assert inside.overlap == pytest.approx((28.0, 33.0))
    assert abs(inside.bd_rate) < 2.0


def test_no_overlap_is_said_instead_of_a_number():
    apart = compare_curves((RATES, QUALITIES), (RATES, QUALITIES + 20.0), EVERYTHING)
    assert apart.bd_rate is None and "no overlap" in apart.reason
    outside = compare_curves((RATES, QUALITIES), (RATES, QUALITIES), (3.0, 4.0))
    assert outside.bd_rate is None and "outside of the window" in outside.reason
    single = compare_curves((RATES, QUALITIES), ([0.5], [30.0]), EVERYTHING)
    assert single.bd_rate is None and "two points" in single.reason


def test_bytes_at_equal_quality():
    anchor, curve = (RATES, QUALITIES), (0.7 * RATES[1:], QUALITIES[1:])
    percents = bytes_at_equal_quality(anchor, curve, [28.0, 31.7, 35.0, 26.0, 36.0])
    # The curve begins at 28, and both end at 35.
    assert percents[3:] == [None, None]
    assert percents[:3] == pytest.approx([-30.0, -30.0, -30.0], abs=0.5)


def test_no_bytes_at_equal_quality_of_a_single_point():
    assert bytes_at_equal_quality((RATES, QUALITIES), ([0.5], [30.0]), [30.0]) == [None]


def test_a_point_that_costs_more_and_is_worse_is_left_out():
    rates, qualities = np.append(RATES, 2.0), np.append(QUALITIES, 34.0)
    result = compare_curves((RATES, QUALITIES), (rates, qualities), EVERYTHING)
    assert result.bd_rate == pytest.approx(0.0)


@pytest.mark.parametrize("codec", ANCHOR_BD_RATES)
@pytest.mark.parametrize("metric", [0, 1])
def test_kodak_anchors(codec, metric, reference_data):
    anchors = json.loads((reference_data / "kodak_anchors.json").read_text())

    def curve(name: str) -> tuple[list[float], list[float]]:
        points = anchors[name]
        return [p[1] for p in points], [decibels(p[3]) if metric else p[2] for p in points]

    result = compare_curves(curve("jpeg"), curve(codec), (0.08, 1.0))
    assert result.bd_rate == pytest.approx(ANCHOR_BD_RATES[codec][metric], abs=0.1)
