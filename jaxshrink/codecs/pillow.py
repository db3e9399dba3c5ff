"""The codecs that Pillow brings."""

import dataclasses
import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image

from jaxshrink.codecs.codec import Codec
from jaxshrink.errors import ConfigError

_MODES = {1: "L", 3: "RGB"}


def _quality(quality: int) -> dict[str, Any]:
    return {"quality": quality}


def _share_of_raw(quality: int) -> dict[str, Any]:
    # JPEG 2000 is told a size, not a quality. 600 puts 0.04 to 4 bits per pixel of three
    # channels behind 1..100, which is where the qualities of the other codecs lie.
    return {"quality_layers": [600 / quality]}


@dataclasses.dataclass(frozen=True)
class PillowCodec:
    """One of Pillow's formats with fixed options.

    Attributes:
      name: ours.
      format: Pillow's.
      options: Pillow's for the encoder, whatever the quality.
      setting: from a quality to the encoder's options.
      lowest_quality: that the encoder knows; the highest is 100.
    """

    name: str
    format: str
    options: tuple[tuple[str, Any], ...] = ()
    setting: Callable[[int], dict[str, Any]] = dataclasses.field(default=_quality, repr=False)
    lowest_quality: int = 1

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in _MODES:
            raise ValueError(f"expected uint8 (H, W, 1 or 3), got {image.dtype} {image.shape}")
        if quality != int(quality):
            raise ValueError(f"quality must be a whole number, got {quality}")
        if not self.lowest_quality <= quality <= 100:
            raise ValueError(f"quality must be from {self.lowest_quality} to 100, got {quality}")
        buffer = io.BytesIO()
        pixels = image[:, :, 0] if image.shape[2] == 1 else image
        options = dict(self.options) | self.setting(int(quality))
        Image.fromarray(pixels).save(buffer, self.format, **options)
        return buffer.getvalue()

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        with Image.open(io.BytesIO(data), formats=(self.format,)) as image:
            pixels = np.asarray(image.convert(_MODES[channels]))
        return pixels.reshape(*pixels.shape[:2], channels)


def is_gray(image: Image.Image) -> bool:
    """Whether a decoded picture has no colour: WebP stores none, but says RGB.

    Its conversion to RGB rounds a gray into levels that are one apart.
    """
    if image.format != "WEBP" or image.mode != "RGB":
        return image.mode == "L"
    pixels = np.asarray(image)
    return bool((pixels.max(axis=2) - pixels.min(axis=2)).max() <= 1)


def with_channels(pixels: np.ndarray, channels: int) -> np.ndarray:
    """Colour as gray, or gray as colour, where that is not what it is: uint8 (H, W, `channels`)."""
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, axis=2)
    return np.asarray(Image.fromarray(pixels).convert("L"))[:, :, None]


CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        PillowCodec("jpeg", "JPEG"),
        PillowCodec("jpeg-optimized", "JPEG", (("optimize", True), ("progressive", True))),
        PillowCodec("webp", "WEBP", (("method", 6),), lowest_quality=0),
        # Two threads everywhere: one gives other bytes than two or more, and the default is as
        # many as the machine has.
        PillowCodec("avif", "AVIF", (("speed", 4), ("max_threads", 2)), lowest_quality=0),
        PillowCodec(
            "jpeg2000",
            "JPEG2000",
            (("quality_mode", "rates"), ("irreversible", True)),
            setting=_share_of_raw,
        ),
    )
}


def codec_by_name(name: str) -> Codec:
    """Returns the codec of this name.

    Raises:
      ConfigError: if there is none; the message lists the names.
    """
    try:
        return CODECS[name]
    except KeyError:
        names = ", ".join(sorted(CODECS))
        raise ConfigError(f"unknown codec {name!r}; known: {names}") from None
