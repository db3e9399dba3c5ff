"""The plain view: what any viewer shows of a model's file, beside a JPEG of no more bytes.

At half size it is compared with the photograph halved (Pillow's `reduce(2)`), at full size with the
photograph.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from jaxshrink.codecs import CODECS, largest_quality_within
from jaxshrink.documents import integer, mapping, number, one_of, optional, record
from jaxshrink.evaluation.metrics import image_scores

METRICS = ("ssimulacra2", "ms-ssim")
_JPEG = CODECS["jpeg-optimized"]


_SCORES = mapping(optional(number()))
# Of a `PlainView` in a document.
PLAIN_VIEW = record(
    {
        "scale": one_of(1, 2),
        "scores": _SCORES,
        "jpeg_scores": optional(_SCORES),
        "jpeg_quality": optional(integer(0, 100)),
        "colour_offset": number(0.0, 255.0),
    },
    others=False,
)


@dataclasses.dataclass(frozen=True)
class PlainView:
    """One file's plain view, measured.

    Attributes:
      scale: 2 if it has half the photograph's size, else 1.
      scores: metric -> score, as in `image_scores`.
      jpeg_scores: those of the best optimized JPEG of that size of no more bytes; None where even
        quality 1 takes more.
      jpeg_quality: that JPEG's quality.
      colour_offset: the largest difference of a channel's mean, in levels.
    """

    scale: int
    scores: Mapping[str, float | None]
    jpeg_scores: Mapping[str, float | None] | None
    jpeg_quality: int | None
    colour_offset: float

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "PlainView":
        return cls(**value)


def measure_plain_view(
    x: np.ndarray, y_hat: np.ndarray, num_bytes: int, metrics: Sequence[str] = METRICS
) -> PlainView:
    """Measures what is seen of a file without its model.

    Args:
      x: the photograph, uint8 (H, W, C).
      y_hat: the file decoded, uint8, of the photograph's size or of (ceil(H / 2), ceil(W / 2), C).
      num_bytes: the size of the file.
      metrics: names in `scores.METRICS`.
    """
    scale = 1 if y_hat.shape == x.shape else 2
    target = x if scale == 1 else halved(x)
    means = y_hat.mean(axis=(0, 1)) - target.mean(axis=(0, 1))
    quality = largest_quality_within(_JPEG, target, num_bytes)
    jpeg_scores = None
    if quality is not None:
        jpeg = _JPEG.decode(_JPEG.encode(target, quality), x.shape[2])
        jpeg_scores = _scores(target, jpeg, metrics)
    return PlainView(
        scale=scale,
        scores=_scores(target, y_hat, metrics),
        jpeg_scores=jpeg_scores,
        jpeg_quality=quality,
        colour_offset=float(np.abs(means).max()),
    )


def halved(x: np.ndarray) -> np.ndarray:
    """A photograph at half size, uint8 (H, W, C) -> (ceil(H / 2), ceil(W / 2), C)."""
    picture = Image.fromarray(x[:, :, 0] if x.shape[2] == 1 else x)
    return np.asarray(picture.reduce(2)).reshape((x.shape[0] + 1) // 2, -1, x.shape[2])


def _scores(x: np.ndarray, x_hat: np.ndarray, metrics: Sequence[str]) -> dict[str, float | None]:
    return {name: values[0] for name, values in image_scores(x[None], x_hat[None], metrics).items()}
