"""One rule: as close by every metric, better by one besides."""

import math

import numpy as np
import pytest

from jaxshrink.compression.closeness import (
    DECIBELS,
    EYE,
    METRICS,
    MS_SSIM,
    PSNR,
    SSIMULACRA2,
    margin,
    rule_for,
)


class Scored:
    """A file with scores that are told."""

    def __init__(self, ssimulacra2, ms_ssim):
        self._scores = {SSIMULACRA2: ssimulacra2, MS_SSIM: ms_ssim}

    def score(self, metric):
        return self._scores[metric]

    def scores(self, metrics):
        return {metric: self._scores[metric] for metric in metrics}


def test_short_sides_and_a_wish_for_decibels_are_judged_by_psnr():
    assert rule_for(np.zeros((160, 500, 3)), by_psnr=False) == DECIBELS
    assert rule_for(np.zeros((161, 500, 3)), by_psnr=False) == EYE
    assert rule_for(np.zeros((161, 500, 3)), by_psnr=True) == DECIBELS


@pytest.mark.parametrize(
    ("scores", "is_better"),
    [
        ((70.0, 0.98), False),
        ((70.1, 0.98), True),
        ((70.0, 0.981), True),
        ((90.0, 0.979), False),
        ((69.0, 0.999), False),
    ],
)
def test_better_is_as_close_by_all_and_closer_by_one(scores, is_better):
    file = Scored(70.0, 0.98)
    assert EYE.is_better(Scored(*scores), file) == is_better
    assert not (is_better and EYE.is_better(file, Scored(*scores)))


@pytest.mark.parametrize(
    ("scores", "sign"), [((70.0, 0.98), 0), ((75.0, 0.99), 1), ((75.0, 0.97), -1), ((69, 0.99), -1)]
)
def test_the_margin_is_that_of_the_worst_metric(scores, sign):
    found = margin(Scored(*scores), EYE.floors(Scored(70.0, 0.98)))
    assert np.sign(found) == sign


def test_what_misses_a_floor_by_a_hair_misses_it():
    floors = {MS_SSIM: 1.0}
    assert margin(Scored(0.0, 1.0 - 1e-12), floors) < 0
    assert margin(Scored(0.0, 1.0), floors) == 0


def test_a_lead_in_one_metric_is_a_clear_one():
    file = Scored(70.0, 0.98)
    assert EYE.is_clearly_closer(Scored(80.0, 0.90), file, 6)
    assert not EYE.is_clearly_closer(Scored(70.5, 0.9801), file, 6)


@pytest.mark.parametrize("metric", METRICS)
def test_levels_grow_with_scores_and_end(metric):
    worst, best = {"psnr": (5, 60), "ms_ssim": (0.1, 1.0), "ssimulacra2": (-300, 100)}[metric.name]
    levels = [metric.level(score) for score in np.linspace(worst, best, 50)]
    assert (np.diff(levels) > 0).all() and np.isfinite(levels).all()
    assert math.isfinite(PSNR.level(math.inf))
