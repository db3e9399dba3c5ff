"""The tool from Python: photographs in files or arrays, in memory.

Two functions for a photograph now and then, with the model that the package ships:

    small = compress(Path("holiday.jpg").read_bytes(), quality=75)
    pixels = expand(small.data)

And a class for those who hold a model in memory. Here with one that was never trained, on a
photograph that an installed package ships:

>>> import numpy as np
>>> from jaxshrink.data.packaged import packaged_photographs
>>> from jaxshrink.tool import Model
>>> model = Model.load(model_file)
>>> photograph = packaged_photographs("chelsea.png")[0].read_bytes()

At most so many bytes, metadata included:

>>> small = model.compress(photograph, target_size=12_000)
>>> len(small.data) <= 12_000
True
>>> small.size
(300, 451)
>>> 0.9 < small.ms_ssim < 1
True

The file is a plain JPEG, which `expand` restores to the photograph's size:

>>> small.data[:2]
b'\\xff\\xd8'
>>> model.expand(small.data).shape
(300, 451, 3)

Arrays do as well; one channel stays one channel:

>>> gray = np.tile(np.arange(200, dtype=np.uint8), (180, 1))[:, :, None]
>>> small = model.compress(gray, quality=30, scale=2)
>>> model.expand(small.data).shape
(180, 200, 1)

What cannot be done is an error of `jaxshrink.errors`, with one line:

>>> model.compress(gray, target_size=10)
Traceback (most recent call last):
    ...
jaxshrink.errors.TargetError: no file of at most 10 bytes; the smallest has ...
>>> model.compress(b"no photograph")
Traceback (most recent call last):
    ...
jaxshrink.errors.DataError: cannot be read as an image (unknown format)
"""

import dataclasses
from collections.abc import Sequence

import numpy as np

from jaxshrink import container
from jaxshrink.codecs import CODECS
from jaxshrink.compressor import PLAIN_JPEG, Compressor
from jaxshrink.container import DEFAULT_MAX_PIXELS, Marker
from jaxshrink.errors import CheckpointError, ConfigError, DataError
from jaxshrink.models.weights import DEFAULT_MODEL, shipped_weights
from jaxshrink.photographs import (
    ALL,
    NOTHING,
    PLACE,
    Metadata,
    Photograph,
    compact_file,
    fitting,
    read_photograph,
    stripped,
)
from jaxshrink.search import Found, Options, Target, search

DEFAULT_QUALITY = 75

_LONGEST_SIDES = {"jpeg": 65535, "webp": 16383, "avif": 65535}


@dataclasses.dataclass(frozen=True)
class Small:
    """A compressed photograph.

    Attributes:
      data: the file.
      size: (H, W) of the photograph, upright.
      scale: of the compact image: 2, 1, or 0 for a plain picture without marker.
      quality: of the codec.
      ms_ssim: of what `expand` makes of it; None where a side is too short.
      psnr: likewise, in decibels.
      num_encodes: how many files were made to find it.
      notes: what was done to the photograph that its owner may want to know.
    """

    data: bytes
    size: tuple[int, int]
    scale: int
    quality: float
    ms_ssim: float | None
    psnr: float
    num_encodes: int
    notes: tuple[str, ...]


def compress(photograph: bytes | np.ndarray, quality: int = DEFAULT_QUALITY) -> Small:
    """Stores a photograph in the fewest bytes that look as good as optimized JPEG at a quality.

    Loads the package's model, every time; see `Model` for more, and for what is raised.
    """
    return Model.load().compress(photograph, quality=quality)


def expand(file: bytes) -> np.ndarray:
    """Restores a photograph, uint8 (H, W, 1 or 3); a file without marker is decoded.

    Loads the model that the file's marker names, every time.

    Raises:
      DataError: if the file is broken, or its marker cannot be right.
      CheckpointError: if its model is not one of the package's.
    """
    marker = container.find(file)
    name = DEFAULT_MODEL if marker is None else marker.model
    # What a marker names is no path, however it reads.
    if marker is not None and name not in shipped_weights():
        raise CheckpointError(f"made by the model {name}, which is not here")
    if marker is None:
        return read_photograph(file).pixels
    return Model.load(name).expand(file)


class Model:
    """A model in memory.

    Attributes:
      compressor: what it is at heart.
    """

    def __init__(self, compressor: Compressor) -> None:
        self.compressor = compressor

    @classmethod
    def load(cls, name_or_path: str = DEFAULT_MODEL) -> "Model":
        """Opens a model of the package by its name, or a file; raises CheckpointError."""
        return cls(Compressor.load(name_or_path))

    def compress(
        self,
        photograph: bytes | np.ndarray,
        *,
        quality: int | None = None,
        target_size: int | None = None,
        target_bpp: float | None = None,
        target_ms_ssim: float | None = None,
        target_psnr: float | None = None,
        effort: int = 2,
        scale: int | None = None,
        codec: str = "jpeg",
        strip: bool | str = False,
        background: str = "white",
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> Small:
        """Stores a photograph; never worse than optimized JPEG at the same bytes.

        Args:
          photograph: a file of any kind, or uint8 (H, W, 1 or 3).
          quality: the fewest bytes that look as good as optimized JPEG at this quality, 1 to 100.
          target_size, target_bpp: instead, at most so many bytes, or bits per pixel.
          target_ms_ssim, target_psnr: instead, at least so close.
          effort: 1 to 3, from quick to near the target.
          scale: force 2, 1 or 0 (plain); None: the best.
          codec: "jpeg", "webp" or "avif".
          strip: leave the metadata out; "gps": only where the photograph was taken.
          background: a colour to lay transparent pixels over, or "refuse".
          max_pixels: refuse files of more.

        Raises:
          DataError: if the photograph cannot be read, or stored with this codec.
          ConfigError: if there are two targets, or the model has no such scale.
          TargetError: if no file meets the target.
        """
        target = Target(quality, target_size, target_bpp, target_ms_ssim, target_psnr)
        if len([value for value in dataclasses.astuple(target) if value is not None]) > 1:
            raise ConfigError("name one target, not several")
        target = Target(quality=DEFAULT_QUALITY) if target == Target() else target
        taken = stripped(_take(photograph, max_pixels, background), _what(strip))
        metadata, notes = fitting(taken.metadata, codec.upper())
        _check_size(taken.pixels, codec)
        options = Options(
            self._scales(scale),
            effort,
            codec,
            extra_bytes=_extra_bytes(metadata, codec, taken.pixels.shape),
            never_worse=scale is None,
        )
        found = search(self.compressor, taken.pixels, target, options)
        return _small(found, taken, metadata, notes)

    def expand(
        self,
        file: bytes,
        *,
        marker: Marker | None = None,
        max_pixels: int = DEFAULT_MAX_PIXELS,
    ) -> np.ndarray:
        """Restores a photograph, uint8 (H, W, 1 or 3); a file without marker is decoded.

        Args:
          file: of `compress`.
          marker: for a file that lost its own, see `Compressor.marker_for`.
          max_pixels: refuse photographs of more.

        Raises:
          DataError: if the file is broken, or its marker cannot be right.
          CheckpointError: if it was made by another model.
        """
        return self.compressor.expand(file, marker=marker, max_pixels=max_pixels)

    def _scales(self, forced: int | None) -> tuple[int, ...]:
        if forced is None:
            return self.compressor.scales
        if forced not in self.compressor.scales:
            raise ConfigError(f"the model {self.compressor.name} has no scale {forced}")
        return (forced,)


def _take(photograph: bytes | np.ndarray, max_pixels: int, background: str) -> Photograph:
    if isinstance(photograph, bytes):
        return read_photograph(photograph, max_pixels=max_pixels, background=background)
    if photograph.dtype != np.uint8 or photograph.ndim != 3 or photograph.shape[2] not in (1, 3):
        raise DataError(f"expected uint8 (H, W, 1 or 3), got {photograph.dtype} {photograph.shape}")
    return Photograph(photograph, Metadata())


def _what(strip: bool | str) -> str:
    """What to take out."""
    if strip in (ALL, NOTHING, PLACE):
        return str(strip)
    if not isinstance(strip, bool):
        raise ConfigError(f"strip must be True, False or {PLACE!r}, got {strip!r}")
    return ALL if strip else NOTHING


def _check_size(pixels: np.ndarray, codec: str) -> None:
    height, width = pixels.shape[:2]
    if max(height, width) > _LONGEST_SIDES[codec]:
        raise DataError(
            f"{width}x{height}: {codec} holds sides of at most {_LONGEST_SIDES[codec]} pixels"
        )


def _extra_bytes(metadata: Metadata, codec: str, shape: Sequence[int]) -> int:
    """What metadata will add to a file, at most."""
    if metadata == Metadata():
        return 0
    # The length does not depend on the picture, unless a WebP gets its extended header.
    empty = CODECS[codec].encode(np.zeros((1, 1, 3), np.uint8), DEFAULT_QUALITY)
    return max(
        len(compact_file(empty, metadata, (shape[0], shape[1]), scale)) - len(empty)
        for scale in (1, 2)
    )


def _small(
    found: Found, photograph: Photograph, metadata: Metadata, notes: tuple[str, ...]
) -> Small:
    height, width = photograph.pixels.shape[:2]
    scale = found.scale if found.scale != PLAIN_JPEG else 1
    return Small(
        compact_file(found.data, metadata, (height, width), scale),
        (height, width),
        found.scale,
        found.quality,
        found.similarity.ms_ssim,
        found.similarity.psnr,
        found.num_encodes,
        (*photograph.notes, *notes),
    )
