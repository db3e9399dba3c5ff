"""The codecs that Pillow brings."""

import dataclasses
import io
from typing import Any

import numpy as np
from PIL import Image

from jaxshrink.codecs.codec import Codec
from jaxshrink.errors import ConfigError

_MODES = {1: "L", 3: "RGB"}


@dataclasses.dataclass(frozen=True)
class PillowCodec:
    """One of Pillow's formats with fixed options."""

    name: str
    format: str
    options: tuple[tuple[str, Any], ...] = ()

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in _MODES:
            raise ValueError(f"expected uint8 (H, W, 1 or 3), got {image.dtype} {image.shape}")
        if not 1 <= quality <= 100:
            raise ValueError(f"quality must be from 1 to 100, got {quality}")
        buffer = io.BytesIO()
        pixels = image[:, :, 0] if image.shape[2] == 1 else image
        Image.fromarray(pixels).save(buffer, self.format, quality=quality, **dict(self.options))
        return buffer.getvalue()

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        with Image.open(io.BytesIO(data), formats=(self.format,)) as image:
            pixels = np.asarray(image.convert(_MODES[channels]))
        return pixels.reshape(*pixels.shape[:2], channels)


CODECS: dict[str, Codec] = {
    codec.name: codec
    for codec in (
        PillowCodec("jpeg", "JPEG"),
        PillowCodec("jpeg-optimized", "JPEG", (("optimize", True), ("progressive", True))),
        PillowCodec("webp", "WEBP", (("method", 6),)),
        PillowCodec("avif", "AVIF", (("speed", 4),)),
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
