"""The one rule by which a file is as close to its photograph as another, or closer.

`rate_search`, and with it the command, the Python interface and `bench`, asks no other module.
A file is judged by all metrics of a rule: it is as close as another if it is so by each of them,
and better if it is closer by one of them besides.

SSIMULACRA2 says what people see, and MS-SSIM keeps it honest: what is optimized for one metric
alone learns to please it. Neither has much to say about very small pictures.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import numpy as np

from jaxshrink.inference.tiled_metrics import Reference
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE

# More than any metric can tell: where two pictures are equal, PSNR is infinite.
_MOST_DECIBELS = 100.0
_LEAST_LOSS = 1e-9


def _log_loss(score: float, perfect: float) -> float:
    """What grows like the logarithm of 1 / (what is missing)."""
    return -math.log(max(perfect - score, _LEAST_LOSS))


@dataclasses.dataclass(frozen=True)
class Metric:
    """One way to measure closeness; more is closer.

    Attributes:
      name: an attribute of `Similarity`, and of `Target`.
      words: with an article, for messages.
      measure: (the photograph, x_hat), of one shape -> the score.
      level: from a score to what grows about evenly with a codec's quality: about one per step of
        JPEG's quality from 1 to 100.
    """

    name: str
    words: str
    measure: Callable[[Reference, np.ndarray], float] = dataclasses.field(repr=False)
    level: Callable[[float], float] = dataclasses.field(repr=False)


PSNR = Metric(
    "psnr", "a PSNR", Reference.psnr, lambda decibels: min(decibels, _MOST_DECIBELS) / 0.12
)
MS_SSIM = Metric(
    "ms_ssim", "an MS-SSIM", Reference.ms_ssim, lambda score: _log_loss(score, 1) / 0.04
)
SSIMULACRA2 = Metric(
    "ssimulacra2",
    "a SSIMULACRA2",
    Reference.ssimulacra2,
    lambda score: _log_loss(score, 100) / 0.025,
)
# All that is reported.
METRICS = (PSNR, MS_SSIM, SSIMULACRA2)


class Judged(Protocol):
    """A file that can be measured."""

    def score(self, metric: Metric) -> float: ...

    def scores(self, metrics: Iterable[Metric]) -> Mapping[Metric, float]:
        """By these metrics at least, from one expansion."""
        ...


@dataclasses.dataclass(frozen=True)
class Rule:
    """What counts.

    Attributes:
      metrics: what a file is judged by; the first one leads where files are to be ordered,
        the last is the quickest to measure.
    """

    metrics: tuple[Metric, ...]

    def floors(self, file: Judged) -> dict[Metric, float]:
        """What another file has to reach to be as close as this one."""
        scores = file.scores(self.metrics)
        return {metric: scores[metric] for metric in self.metrics}

    def is_better(self, file: Judged, other: Judged) -> bool:
        """Whether a file is at least as close by every metric, and closer by one."""
        quickest_first = self.metrics[::-1]
        return all(file.score(m) >= other.score(m) for m in quickest_first) and any(
            file.score(m) > other.score(m) for m in quickest_first
        )

    def is_clearly_closer(self, file: Judged, other: Judged, qualities: float) -> bool:
        """Whether a file is ahead by so many steps of quality, by one metric at least."""
        return any(
            metric.level(file.score(metric)) > metric.level(other.score(metric)) + qualities
            for metric in self.metrics[::-1]
        )

    def leading(self, file: Judged) -> tuple[float, ...]:
        """What orders files where one has to be taken."""
        return tuple(self.floors(file).values())


EYE = Rule((SSIMULACRA2, MS_SSIM))
DECIBELS = Rule((PSNR,))


def rule_for(x: np.ndarray, *, by_psnr: bool) -> Rule:
    """The rule for a photograph, uint8 (H, W, C): PSNR alone where a side is too short.

    Args:
      x: the photograph.
      by_psnr: whether somebody wants a certain PSNR.
    """
    return DECIBELS if by_psnr or min(x.shape[:2]) < MS_SSIM_MIN_SIDE else EYE


def margin(file: Judged, floors: Mapping[Metric, float]) -> float:
    """By how many steps of quality a file is above all floors, at least; negative below one."""
    scores = file.scores(floors)
    by_metric = [metric.level(scores[metric]) - metric.level(floors[metric]) for metric in floors]
    # Levels are capped and rounded, scores are not: they decide.
    reached = all(scores[metric] >= floor for metric, floor in floors.items())
    return max(min(by_metric), 0.0) if reached else min(*by_metric, -1e-9)
