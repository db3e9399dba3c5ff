"""A photograph's way into a file: what fits into its codec, what that adds, and how it gets in."""

import dataclasses

import numpy as np

from jaxshrink.codecs import CODECS
from jaxshrink.compression.ways import Way
from jaxshrink.errors import DataError
from jaxshrink.files.photographs import Metadata, Photograph, compact_file, fitting, stripped

_LONGEST_SIDES = {"jpeg": 65535, "webp": 16383, "avif": 65535}
_ANY_QUALITY = 75


@dataclasses.dataclass(frozen=True)
class Storable:
    """A photograph as it will be stored in a file of one codec.

    Attributes:
      pixels: upright, uint8 (H, W, 1 or 3).
      codec: "jpeg", "webp" or "avif".
      metadata: what of the photograph's is wanted and fits.
      notes: what was done to it that its owner may want to know, one line each.
    """

    pixels: np.ndarray
    codec: str
    metadata: Metadata
    notes: tuple[str, ...]

    @classmethod
    def of(cls, photograph: Photograph, codec: str, strip: str) -> "Storable":
        """Takes out what is to be stripped, and what does not fit.

        Raises:
          DataError: if a side is longer than the codec can store.
        """
        photograph = stripped(photograph, strip)
        metadata, notes = fitting(photograph.metadata, codec.upper())
        height, width = photograph.pixels.shape[:2]
        longest = _LONGEST_SIDES[codec]
        if max(height, width) > longest:
            raise DataError(f"{width}x{height}: {codec} holds sides of at most {longest} pixels")
        return cls(photograph.pixels, codec, metadata, (*photograph.notes, *notes))

    @property
    def size(self) -> tuple[int, int]:
        """(H, W)."""
        return self.pixels.shape[0], self.pixels.shape[1]

    @property
    def added_bytes(self) -> int:
        """What metadata will add to a file, at most."""
        if self.metadata == Metadata():
            return 0
        # The length does not depend on the picture, unless a WebP gets its extended header.
        empty = CODECS[self.codec].encode(np.zeros((1, 1, 3), np.uint8), _ANY_QUALITY)
        ways = (Way(2, self.codec), Way(1, self.codec))
        return max(len(self.file(empty, way)) - len(empty) for way in ways)

    def file(self, data: bytes, way: Way) -> bytes:
        """A file that was made of the pixels in some way, with the metadata."""
        return compact_file(data, self.metadata, self.size, way.scale or 1)
