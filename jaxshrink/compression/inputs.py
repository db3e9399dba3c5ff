"""What the Python interface takes for a photograph: a path, bytes, an array or a PIL image."""

import dataclasses
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

from jaxshrink.errors import DataError
from jaxshrink.files.photographs import Metadata, Photograph, read_photograph

Input = str | os.PathLike[str] | bytes | bytearray | memoryview | np.ndarray | Image.Image

_KINDS = "expected a path, the bytes of a file, a uint8 array or a PIL image"
_PNG_MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "I;16", "I")
_ARRAY_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclasses.dataclass(frozen=True)
class Source:
    """A photograph that is not decoded yet.

    Attributes:
      content: a file in a format that Pillow reads, or the pixels.
      file: the user's own file, which can be kept and whose size counts; None where there is none.
    """

    content: bytes | np.ndarray
    file: bytes | None = None

    def decode(self, max_pixels: int, background: str) -> Photograph:
        """Its pixels and metadata; raises DataError as `read_photograph` does."""
        if isinstance(self.content, bytes):
            return read_photograph(self.content, max_pixels=max_pixels, background=background)
        height, width = self.content.shape[:2]
        if height * width > max_pixels:
            raise DataError(f"{width}x{height} is more than the limit of {max_pixels} pixels")
        return Photograph(self.content, Metadata())


def read_input(photograph: Any) -> Source:
    """Takes what Python programs have for a photograph.

    Args:
      photograph: a path, the bytes of a file, a PIL image, or uint8 (H, W), (H, W, 1), (H, W, 3)
        or, with transparency, (H, W, 4).

    Raises:
      DataError: if it is none of these, or cannot be read.
    """
    if isinstance(photograph, (bytes, bytearray, memoryview)):
        return Source(bytes(photograph), bytes(photograph))
    if isinstance(photograph, (str, os.PathLike)):
        file = read_file(photograph)
        return Source(file, file)
    if isinstance(photograph, Image.Image):
        return Source(_file_of_image(photograph))
    if hasattr(photograph, "__array__"):
        return _source_of_array(np.asarray(photograph))
    raise DataError(f"{_KINDS}, got {type(photograph).__name__}")


def read_file(file: Any) -> bytes:
    """The bytes at a path, or bytes as they are; raises DataError."""
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file)
    if not isinstance(file, (str, os.PathLike)):
        raise DataError(f"expected a path or the bytes of a file, got {type(file).__name__}")
    try:
        return Path(file).read_bytes()
    except (OSError, ValueError) as error:  # a name with a null character is a ValueError
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"{os.fspath(file)!r} cannot be read ({reason})") from None


def _source_of_array(pixels: np.ndarray) -> Source:
    shaped = pixels[:, :, None] if pixels.ndim == 2 else pixels
    if pixels.dtype != np.uint8 or shaped.ndim != 3 or shaped.shape[2] not in _ARRAY_MODES:
        raise DataError(
            f"expected uint8 (H, W), (H, W, 1), (H, W, 3) or (H, W, 4), "
            f"got {pixels.dtype} {pixels.shape}"
        )
    if not shaped.size:
        raise DataError(f"an array of {pixels.shape} has no pixels")
    if shaped.shape[2] == 4:
        return Source(_file_of_image(Image.fromarray(shaped)))
    return Source(np.ascontiguousarray(shaped))


def _file_of_image(image: Image.Image) -> bytes:
    """A file that says what a PIL image says, so that it is read as any other."""
    file = io.BytesIO()
    try:
        known = {"icc_profile": image.info.get("icc_profile"), "dpi": image.info.get("dpi")}
        # What was read, to the byte; else what was set.
        known["exif"] = image.info.get("exif") or (dict(image.getexif()) and image.getexif())
        options = {name: value for name, value in known.items() if value}
        if image.mode in _PNG_MODES:
            text = PngImagePlugin.PngInfo()
            xmp = image.info.get("xmp")
            if xmp:
                xmp = xmp.decode(errors="replace") if isinstance(xmp, bytes) else xmp
                text.add_itxt("XML:com.adobe.xmp", xmp)
            image.save(file, "PNG", compress_level=1, pnginfo=text, **options)
        else:
            image.save(file, "TIFF", **options)
    except Exception as error:  # Pillow's plugins raise errors of many kinds
        raise DataError(f"a PIL image of mode {image.mode} cannot be taken ({error})") from error
    return file.getvalue()
