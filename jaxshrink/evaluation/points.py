"""One image through one method at one quality, measured."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxshrink.evaluation.methods import Method, Trip
from jaxshrink.evaluation.scores import bits_per_pixel, image_scores
from jaxshrink.pipeline import enlarge


@dataclasses.dataclass(frozen=True)
class Point:
    """One image in one file.

    Attributes:
      quality: the method's setting.
      num_bytes: of the whole file.
      bpp: bits per pixel of the original.
      encoding_time, decoding_time: in seconds.
      scores: metric -> score of the decoded image, see `image_scores`.
      preview: for a model, the same scores of the compact image merely enlarged: what somebody
        without the model sees; else None.
    """

    quality: float
    num_bytes: int
    bpp: float
    encoding_time: float
    decoding_time: float
    scores: Mapping[str, float | None]
    preview: Mapping[str, float | None] | None = None

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Point":
        return cls(**value)


def measure(method: Method, x: np.ndarray, quality: float, metrics: Sequence[str]) -> Point:
    """Sends one image, uint8 (H, W, C), through a method.

    Raises:
      MethodError: if the method fails for this image.
    """
    return score_trip(x, method.trip(x, quality), quality, metrics)


def score_trip(x: np.ndarray, trip: Trip, quality: float, metrics: Sequence[str]) -> Point:
    """Measures what an image, uint8 (H, W, C), went through."""
    size = (x.shape[0], x.shape[1])
    preview = None
    if trip.y_hat is not None:
        preview = _scores(x, enlarge(trip.y_hat[None], size)[0], metrics)
    return Point(
        quality=quality,
        num_bytes=len(trip.data),
        bpp=bits_per_pixel(len(trip.data), size),
        encoding_time=trip.encode_seconds,
        decoding_time=trip.decode_seconds,
        scores=_scores(x, trip.x_hat, metrics),
        preview=preview,
    )


def _scores(x: np.ndarray, x_hat: np.ndarray, metrics: Sequence[str]) -> dict[str, float | None]:
    return {name: values[0] for name, values in image_scores(x[None], x_hat[None], metrics).items()}
