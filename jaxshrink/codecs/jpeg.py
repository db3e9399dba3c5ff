"""JPEG with quantization tables of the encoder's choice, which travel in the file."""

import dataclasses
import io
from collections.abc import Callable

import numpy as np
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from jaxshrink.codecs.pillow import CODECS, PillowCodec

JPEG_TABLES = "jpeg-tables"

_SEQUENTIAL = PillowCodec("jpeg-sequential", "JPEG", (("optimize", True),))
_PROGRESSIVE = CODECS["jpeg-optimized"]


@dataclasses.dataclass(frozen=True)
class SmallestJpeg:
    """The smaller of the sequential and the progressive file, which have the same pixels."""

    name: str = "jpeg-smallest"

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        files = (codec.encode(image, quality) for codec in (_SEQUENTIAL, _PROGRESSIVE))
        return min(files, key=len)

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        return _PROGRESSIVE.decode(data, channels)


# What promises about optimized JPEG mean; `bench` measures the progressive file alone.
SMALLEST_JPEG = SmallestJpeg()


@dataclasses.dataclass(frozen=True)
class JpegTables:
    """A codec whose tables for a quality are told to it.

    Attributes:
      tables: from a quality to whole numbers, (2, 8, 8).
      subsampling: the chroma's, "4:4:4" or "4:2:0".
    """

    tables: Callable[[float], np.ndarray]
    subsampling: str = "4:2:0"
    name: str = JPEG_TABLES

    def encode(self, image: np.ndarray, quality: float) -> bytes:
        return encode_jpeg(image, self.tables(quality), self.subsampling)

    def decode(self, data: bytes, channels: int) -> np.ndarray:
        return decode_jpeg(data, channels)


def encode_jpeg(
    image: np.ndarray, tables: np.ndarray, subsampling: str = "4:2:0", *, smallest: bool = True
) -> bytes:
    """Encodes an image with tables of one's choice.

    Args:
      image: uint8 (H, W, 1 or 3).
      tables: whole numbers in 1..255, (2, 8, 8): of luma and of chroma; grayscale has the first.
      subsampling: the chroma's, "4:4:4" or "4:2:0".
      smallest: whether to optimize the entropy coding, and to take the smaller of the sequential
        and the progressive file. The pixels are the same.
    """
    qtables = [table.astype(int).ravel().tolist() for table in tables]
    gray = image.shape[2] == 1
    picture = Image.fromarray(image[:, :, 0] if gray else image)
    options = {"qtables": qtables[:1]} if gray else {"qtables": qtables, "subsampling": subsampling}
    files = []
    for progressive in (False, True) if smallest else (False,):
        file = io.BytesIO()
        picture.save(file, "JPEG", optimize=smallest, progressive=progressive, **options)
        files.append(file.getvalue())
    return min(files, key=len)


def decode_jpeg(data: bytes, channels: int) -> np.ndarray:
    """Returns uint8 (H, W, channels)."""
    return CODECS["jpeg"].decode(data, channels)


def read_tables(data: bytes) -> np.ndarray:
    """Returns the tables of a JPEG, float32 (2, 8, 8); one table alone counts for both."""
    with JpegImageFile(io.BytesIO(data)) as image:
        tables = [np.reshape(table, (8, 8)) for table in image.quantization.values()]
    return np.array([tables[0], tables[-1]], np.float32)
