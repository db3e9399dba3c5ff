"""Where a learned file will land, told from a plain one, so that few learned files are made.

To make and to measure a learned file takes fifty times as long as a plain one. What the plain JPEG
of a photograph weighs, and how close it comes, tells about at which quality a learned file comes as
close, or gets as large, and what it gains: sums of a few features, whose weights
`python -m benchmarks.forecast` fits on photographs for training and writes into `forecast.json`.

A forecast is only where a search begins, and which scale it begins with; every file that is
returned was measured. So a model that this was not fitted on is searched as well, in more steps.
"""

import dataclasses
import functools
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from jaxshrink.codecs import bits_per_pixel
from jaxshrink.compression.candidates import File
from jaxshrink.compression.closeness import EYE, METRICS, Metric, Rule
from jaxshrink.compression.ways import Way

FILE = Path(__file__).parent / "forecast.json"
AS_CLOSE, AS_LARGE = "as close", "as large"

# Of a forecast, whatever a picture is like.
_LIMITS = {
    "quality": (1.0, 100.0),
    "gain": (-50.0, 50.0),
    "levels_per_quality": (0.2, 5.0),
    "bytes_per_quality": (0.005, 0.1),
}


@dataclasses.dataclass(frozen=True)
class Landing:
    """A learned file beside a plain one.

    Attributes:
      quality: at which it is as close, or as large.
      gain: of an as close one, the logarithm of the plain file's bytes over its own; of an as large
        one, by how many levels it is closer.
      levels_per_quality, bytes_per_quality: how fast it gets closer, in levels, and larger, in the
        logarithm of bytes.
    """

    quality: float
    gain: float
    levels_per_quality: float
    bytes_per_quality: float


def forecast(plain: File, way: Way, rule: Rule, what: str) -> Landing:
    """Where the learned file of a way lands that is `AS_CLOSE` as a plain one, or `AS_LARGE`."""
    height, width = plain.files.x.shape[:2]
    bpp = bits_per_pixel(len(plain), (height, width))
    told = features(
        plain.quality,
        bpp,
        *(
            [metric.level(scores[metric]) for metric in seen_by(rule)]
            for scores in (plain.scores(seen_by(rule)), plain.files.halved(seen_by(rule)))
        ),
    )
    weights = _weights()[name_of(rule)][what][str(way.scale)]
    return Landing(
        **{
            name: float(np.clip(np.dot(weights[name], told), low, high))
            for name, (low, high) in _LIMITS.items()
        }
    )


def features(
    quality: float, bpp: float, levels: Sequence[float], halved: Sequence[float]
) -> list[float]:
    """What is known of a plain JPEG, as a forecast takes it.

    Args:
      quality: 1..100.
      bpp: bits per pixel of the plain JPEG.
      levels: the plain JPEG's closeness by each metric of `seen_by`, in levels.
      halved: that of the halved and enlarged photograph.
    """
    p, b = quality / 50, math.log(bpp)
    seen = np.array([*levels, *halved]) / 50
    return [1.0, p, p**2, p**3, b, b * p, b**2, *seen, *(seen * p)]


def seen_by(rule: Rule) -> tuple[Metric, ...]:
    """The metrics whose scores a forecast by this rule takes, in this order."""
    return METRICS if rule == EYE else rule.metrics


def name_of(rule: Rule) -> str:
    """The name of a rule's weights."""
    return " and ".join(metric.name for metric in rule.metrics)


@functools.cache
def _weights() -> Mapping[str, Mapping[str, Mapping[str, Mapping[str, list[float]]]]]:
    return json.loads(FILE.read_text())
