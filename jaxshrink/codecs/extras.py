"""Codecs that need an optional package: JPEG XL, and re-packings that keep a JPEG's pixels."""

import dataclasses

import numpy as np

from jaxshrink.codecs.codec import Codec
from jaxshrink.codecs.pillow import CODECS, PillowCodec
from jaxshrink.optional import import_extra

_JPEG = CODECS["jpeg-optimized"]


# No threads of its own: what runs in parallel is decided elsewhere.
_JXL = PillowCodec("jxl", "JXL", (("effort", 7), ("num_threads", 0)))


@dataclasses.dataclass(frozen=True)
class JxlCodec:
    """JPEG XL from pixels, through pillow-jxl-plugin (the extra "jxl")."""

    name: str = "jxl"
    pillow: PillowCodec = _JXL

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        import_extra("pillow_jxl", "jxl")
        return self.pillow.encode(image, quality)

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        import_extra("pillow_jxl", "jxl")
        return self.pillow.decode(data, channels)


@dataclasses.dataclass(frozen=True)
class JxlTranscode:
    """An optimized JPEG re-packed by JPEG XL, which gives the same JPEG back, byte for byte."""

    name: str = "jxl-transcode"

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        pillow_jxl = import_extra("pillow_jxl", "jxl")
        jpeg = _JPEG.encode(image, quality)
        height, width, channels = image.shape
        # Without `lossless`, the plugin stores the JPEG's coefficients with a loss.
        encoder = pillow_jxl.Encoder(
            mode="L" if channels == 1 else "RGB", lossless=True, num_threads=0
        )
        return encoder(jpeg, width, height, jpeg_encode=True)

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        return _JPEG.decode(self.jpeg(data), channels)

    def jpeg(self, data: bytes) -> bytes:
        """Returns the JPEG inside of a re-packed file."""
        pillow_jxl = import_extra("pillow_jxl", "jxl")
        is_jpeg, _, jpeg, *_ = pillow_jxl.Decoder(num_threads=0)(data)
        if not is_jpeg:
            raise ValueError("not a re-packed JPEG")
        return jpeg


@dataclasses.dataclass(frozen=True)
class MozjpegLossless:
    """A JPEG whose entropy coding MozJPEG redid: still a JPEG, the same pixels."""

    name: str = "mozjpeg-lossless"

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        return repack_jpeg(_JPEG.encode(image, quality))

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        return _JPEG.decode(data, channels)


def repack_jpeg(data: bytes) -> bytes:
    """Returns a JPEG of the same pixels, its entropy coding redone; the smaller of the two.

    Raises:
      MissingExtraError: without mozjpeg-lossless-optimization (the extra "mozjpeg").
    """
    mozjpeg = import_extra("mozjpeg_lossless_optimization", "mozjpeg")
    return min(data, mozjpeg.optimize(data), key=len)


EXTRA_CODECS: dict[str, Codec] = {
    codec.name: codec for codec in (JxlCodec(), JxlTranscode(), MozjpegLossless())
}
