"""What is compared: codecs by name, models by their folder, other programs by their command."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from jaxshrink.codecs import CODECS, EXTRA_CODECS, Codec
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
class Trip:
    """What one image went through.

    Attributes:
      data: the whole file.
      x_hat: what came out of it, uint8 (H, W, C).
      encode_seconds, decode_seconds: from pixels to bytes, and back.
      y_hat: for a model, the decoded compact image, uint8 (ceil(H / 2), ceil(W / 2), C).
    """

    data: bytes
    x_hat: np.ndarray
    encode_seconds: float
    decode_seconds: float
    y_hat: np.ndarray | None = None


class Method(Protocol):
    """One curve: a way to store an image, with one setting.

    Attributes:
      name: of its files and in tables; unique.
      description: one line.
      identity: all that its results depend on, beside the image, the quality and the versions
        of this project and its libraries.
      qualities: to sweep where the user names none.
      parallel: whether it can run in processes without an accelerator; it is pickled there.
    """

    @property
    def name(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def identity(self) -> str: ...
    @property
    def qualities(self) -> tuple[float, ...]: ...
    @property
    def parallel(self) -> bool: ...

    def check(self, channels: int, qualities: Sequence[float]) -> None:
        """Raises ConfigError or MissingExtraError if it cannot do this at all."""
        ...

    def trip(self, x: np.ndarray, quality: float) -> Trip:
        """Stores one image, uint8 (H, W, C), and gets it back.

        Raises:
          MethodError: if that fails for this image.
        """
        ...


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

    def trip(self, x: np.ndarray, quality: float) -> Trip:
        start = time.perf_counter()
        try:
            data = self.codec.encode(x, int(quality))
            middle = time.perf_counter()
            x_hat = self.codec.decode(data, x.shape[2])
        except (OSError, ValueError) as error:  # an image beyond the format's limits
            raise MethodError(f"{self.name}: {error}") from error
        return Trip(data, x_hat, middle - start, time.perf_counter() - middle)


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


def method_by_name(name: str) -> Method:
    """Returns the codec of this name, or the model of this name, or in this file or folder.

    A model of the package, or a file of weights: "photo", or with options after colons, see
    `parse_compressor_method`. A folder's compact images travel in the codec that its config names,
    or in the one after an "@": "runs/paper@webp".

    Raises:
      ConfigError: if there is neither.
      CheckpointError: if the folder holds no usable model.
    """
    codecs = {**CODECS, **EXTRA_CODECS}
    if name in codecs:
        return CodecMethod(codecs[name])
    # Codecs alone start without the neural networks' libraries.
    from jaxshrink.evaluation.compressor_method import parse_compressor_method
    from jaxshrink.evaluation.model_method import ModelMethod
    from jaxshrink.models.weights import shipped_weights

    if name.split(":")[0] in shipped_weights() or Path(name.split(":")[0]).is_file():
        return parse_compressor_method(name)
    folder, _, codec_name = name.rpartition("@") if "@" in name else (name, "", "")
    if not Path(folder).is_dir():
        known = ", ".join([*codecs, *shipped_weights()])
        raise ConfigError(
            f"unknown method {name!r}: neither a model's folder or file nor one of {known}"
        )
    if codec_name and codec_name not in codecs:
        raise ConfigError(f"{name}: unknown codec {codec_name!r}; known: {', '.join(codecs)}")
    return ModelMethod.load(Path(folder), codecs.get(codec_name))
