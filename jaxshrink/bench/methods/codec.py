"""A codec alone, as a method."""

import dataclasses
import time
from collections.abc import Sequence

import numpy as np

from jaxshrink.bench.methods.base import TimedTrip
from jaxshrink.codecs import Codec
from jaxshrink.errors import ConfigError, MethodError

JPEG_ANCHORS = ("jpeg", "jpeg-optimized")

_JPEG_QUALITIES = (2, 5, 10, 15, 20, 30, 40, 50, 65, 75, 85, 92)
# They cover 0.08 to 2 bits per pixel on photographs, and SSIMULACRA2 from below 30 to above 80.
_QUALITIES: dict[str, tuple[float, ...]] = {
    "jpeg": _JPEG_QUALITIES,
    "jpeg-optimized": _JPEG_QUALITIES,
    "jxl-transcode": _JPEG_QUALITIES,
    "mozjpeg-lossless": _JPEG_QUALITIES,
    "webp": (0, 5, 10, 20, 40, 60, 75, 85, 92),
    "avif": (5, 10, 20, 30, 40, 50, 60, 70, 80, 88),
    "jpeg2000": (2, 3, 4, 6, 12, 20, 30, 50, 75),
    "jxl": (1, 5, 10, 20, 40, 60, 75, 85, 92),
}


@dataclasses.dataclass(frozen=True)
class CodecMethod:
    """A codec alone."""

    codec: Codec
    parallel: bool = True

    @property
    def name(self) -> str:
        return self.codec.name

    @property
    def description(self) -> str:
        return f"{self.name}, one file per image"

    @property
    def identity(self) -> str:
        return repr(self.codec)

    @property
    def qualities(self) -> tuple[float, ...]:
        return _QUALITIES[self.name]

    def check(self, channels: int, qualities: Sequence[float]) -> None:
        check_codec(self.codec, channels, qualities)

    def trip(self, x: np.ndarray, quality: float) -> TimedTrip:
        start = time.perf_counter()
        try:
            data = self.codec.encode(x, int(quality))
            middle = time.perf_counter()
            x_hat = self.codec.decode(data, x.shape[2])
        except (OSError, ValueError) as error:  # an image beyond the format's limits
            raise MethodError(f"{self.name}: {error}") from error
        return TimedTrip(data, x_hat, middle - start, time.perf_counter() - middle)


def check_codec(codec: Codec, channels: int, qualities: Sequence[float]) -> None:
    """Tries a codec on a tiny image: is its package there, does it know these qualities?

    Raises:
      ConfigError: if a quality is none of its.
      MissingExtraError: if its package is not installed.
    """
    flat = np.full((8, 8, channels), 128, np.uint8)
    for quality in qualities:
        if quality != int(quality):
            raise ConfigError(f"{codec.name}: the quality must be a whole number, got {quality}")
        try:
            codec.encode(flat, int(quality))
        except ValueError as error:
            raise ConfigError(f"{codec.name}: {error}") from None
