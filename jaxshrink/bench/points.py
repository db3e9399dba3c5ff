"""One image through one method at one quality, measured."""

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from jaxshrink.bench.methods.base import Method, TimedTrip
from jaxshrink.bench.plain_view import PLAIN_VIEW, PlainView, measure_plain_view
from jaxshrink.codecs import bits_per_pixel
from jaxshrink.documents import Shape, integer, mapping, number, optional, record
from jaxshrink.evaluation.metrics import image_scores

# Goes up with every change of what a point holds, or how it is measured: older ones are not used.
VERSION = 2


_SECONDS = number(0.0, 1e9)
_FINITE = optional(number())


def _score(value: Any, where: str) -> Any:
    """PSNR is infinite where nothing was lost."""
    return value if value == math.inf else _FINITE(value, where)


# Of a `Point` in a document.
POINT: Shape = record(
    {
        "quality": number(),
        "num_bytes": integer(1, 2**48),
        "bpp": number(1e-9, 1e9),
        "encoding_time": _SECONDS,
        "decoding_time": _SECONDS,
        "scores": mapping(_score),
    },
    {"plain": optional(PLAIN_VIEW)},
    others=False,
)


@dataclasses.dataclass(frozen=True)
class Point:
    """One image in one file on a curve: timed, with the scores that were asked for.

    Attributes:
      quality: the method's setting.
      num_bytes: the size of the whole file.
      bpp: bits per pixel of the original.
      encoding_time, decoding_time: in seconds.
      scores: metric -> score of the decoded image, see `image_scores`.
      plain: for a model, what a viewer shows of the file; else None.
    """

    quality: float
    num_bytes: int
    bpp: float
    encoding_time: float
    decoding_time: float
    scores: Mapping[str, float | None]
    plain: PlainView | None = None

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Point":
        """Of what has the shape `POINT`."""
        plain = value.get("plain")
        return cls(**{**value, "plain": None if plain is None else PlainView.from_json(plain)})


def measure(method: Method, x: np.ndarray, quality: float, metrics: Sequence[str]) -> Point:
    """Sends one image, uint8 (H, W, C), through a method.

    Raises:
      MethodError: if the method fails for this image.
    """
    return score_trip(x, method.trip(x, quality), quality, metrics)


def score_trip(x: np.ndarray, trip: TimedTrip, quality: float, metrics: Sequence[str]) -> Point:
    """Measures what an image, uint8 (H, W, C), went through."""
    size = (x.shape[0], x.shape[1])
    plain = None
    if trip.y_hat is not None:
        plain = measure_plain_view(x, trip.y_hat, len(trip.data))
    by_metric = image_scores(x[None], trip.x_hat[None], metrics)
    scores = {name: values[0] for name, values in by_metric.items()}
    return Point(
        quality=quality,
        num_bytes=len(trip.data),
        bpp=bits_per_pixel(len(trip.data), size),
        encoding_time=trip.encode_seconds,
        decoding_time=trip.decode_seconds,
        scores=scores,
        plain=plain,
    )
