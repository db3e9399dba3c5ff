"""Photographs as they are: their pixels upright in 8 bits, and what else their files say.

Pixels are uint8 (H, W, 3), or (H, W, 1) where the file has no colour. Every function that reads
raises DataError with one line, whatever is wrong with the file. `jaxshrink.files` has the details.
"""

import dataclasses
import io
from fractions import Fraction
from typing import Any

import numpy as np
from PIL import Image, ImageColor, ImageOps

from jaxshrink.errors import DataError
from jaxshrink.files import color
from jaxshrink.files.exif import ORIENTATION, Exif, is_exif
from jaxshrink.files.exif_changes import is_adobe_rgb
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS
from jaxshrink.files.metadata import Metadata, at_size, in_srgb, upright, without_place
from jaxshrink.files.opening import decoding, load_image, open_image
from jaxshrink.files.pixels import REFUSE, to_8_bits
from jaxshrink.files.reading import (
    orientation_of,
    read_metadata,
    read_metadata_of,
    read_orientation,
)
from jaxshrink.files.stripping import ALL, NOTHING, PLACE, without_metadata
from jaxshrink.files.writing import add_metadata, fitting

__all__ = [
    "ALL",
    "NOTHING",
    "PLACE",
    "REFUSE",
    "Metadata",
    "Photograph",
    "add_metadata",
    "at_size",
    "compact_file",
    "encode_photograph",
    "fitting",
    "is_color",
    "open_image",
    "read_metadata",
    "read_orientation",
    "read_photograph",
    "restored",
    "stripped",
    "without_metadata",
]

_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {"compress_level": 4},
    "JPEG": {"quality": 95, "subsampling": "4:4:4", "optimize": True},
    "WEBP": {"lossless": True, "quality": 50},
}


@dataclasses.dataclass(frozen=True)
class Photograph:
    """A decoded file.

    Attributes:
      pixels: upright, uint8 (H, W, 1 or 3).
      metadata: what the file says beside its pixels.
      notes: what was done to it that its owner may want to know, one line each.
    """

    pixels: np.ndarray
    metadata: Metadata
    notes: tuple[str, ...] = ()


def read_photograph(
    data: bytes, *, max_pixels: int = DEFAULT_MAX_PIXELS, background: str = "white"
) -> Photograph:
    """Decodes a file of any format and mode that Pillow reads.

    16 bits are rounded to 8, CMYK, Lab and HDR are converted to sRGB.

    Args:
      data: the whole file.
      max_pixels: more are refused before they are decoded.
      background: the colour to lay transparent pixels over, or `REFUSE`.

    Raises:
      DataError: if it is broken, too large, animated, or of a kind without a known range.
    """
    image, about_file = load_image(data, max_pixels)
    with image, decoding():
        metadata, lost = read_metadata_of(image, data)
        if image.format == "JPEG2000":  # in whose boxes Pillow does not look
            image.getexif()[ORIENTATION] = orientation_of(metadata)
        upright_image = ImageOps.exif_transpose(image)
        converted = to_8_bits(upright_image, image, data, metadata.icc, background)
        pixels = np.array(converted.image)
    metadata, turned = upright(metadata, orientation_of(metadata))
    if converted.was_converted:
        metadata = in_srgb(metadata)
    metadata = dataclasses.replace(metadata, icc=converted.icc)
    metadata = at_size(metadata, (pixels.shape[0], pixels.shape[1]))
    notes = (*about_file, *converted.notes, *lost, *turned)
    return Photograph(pixels.reshape(*pixels.shape[:2], -1), metadata, notes)


def stripped(photograph: Photograph, what: str) -> Photograph:
    """A photograph without some metadata, and in sRGB if its profile is among it.

    Args:
      photograph: any.
      what: `ALL`; `PLACE`, where it was taken, coordinates and names; or `NOTHING`.
    """
    metadata, notes = photograph.metadata, photograph.notes
    if what == NOTHING:
        return photograph
    if what == PLACE:
        return dataclasses.replace(photograph, metadata=without_place(metadata))
    icc = metadata.icc
    if not icc and is_exif(metadata.exif) and is_adobe_rgb(Exif(metadata.exif)):
        icc = color.adobe_rgb()
    pixels = photograph.pixels
    if icc and not color.is_srgb(icc):
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        converted = color.to_srgb(image, icc)
        if converted is not None:
            pixels = np.array(converted.convert(image.mode)).reshape(pixels.shape)
            notes = (*notes, "converted to sRGB, since its profile goes")
    return Photograph(pixels, Metadata(), notes)


def compact_file(file: bytes, metadata: Metadata, size: tuple[int, int], scale: int) -> bytes:
    """A compact image's file with the metadata of the photograph.

    Args:
      file: without metadata.
      metadata: what `fitting` returned.
      size: (H, W) of the photograph.
      scale: the compact image's, 1 or 2.
    """
    compact = (-(-size[0] // scale), -(-size[1] // scale))
    return add_metadata(file, at_size(metadata, compact, Fraction(1, scale)), compact)


def restored(
    pixels: np.ndarray, file: bytes, scale: int, file_format: str, strip: str = NOTHING
) -> Photograph:
    """What becomes of an expanded compact image.

    Args:
      pixels: expanded, uint8 (H, W, 1 or 3).
      file: the compact image's, whose metadata it gets.
      scale: the compact image's, 1 or 2.
      file_format: "PNG", "JPEG" or "WEBP", to be written.
      strip: what to take out, see `stripped`.
    """
    photograph = stripped(Photograph(pixels, read_metadata(file)), strip)
    metadata, notes = fitting(photograph.metadata, file_format)
    metadata = at_size(metadata, (pixels.shape[0], pixels.shape[1]), Fraction(scale))
    return Photograph(photograph.pixels, metadata, (*photograph.notes, *notes))


def is_color(text: str) -> bool:
    """Whether Pillow knows this name or code of a colour."""
    try:
        ImageColor.getrgb(text)
    except ValueError:
        return False
    return True


def encode_photograph(pixels: np.ndarray, file_format: str, metadata: Metadata) -> bytes:
    """Returns a "PNG", a "JPEG" (quality 95, full chroma) or a lossless "WEBP".

    Args:
      pixels: uint8 (H, W, 1 or 3).
      file_format: one of these.
      metadata: to put into it, see `fitting`; what does not fit is left out.

    Raises:
      DataError: if the picture is too large for the format.
    """
    buffer = io.BytesIO()
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    try:
        picture.save(buffer, file_format, **_OPTIONS[file_format])
    except Exception as error:  # as above; too long a side is one
        raise DataError(f"cannot be written as {file_format} ({error})") from error
    size = (pixels.shape[0], pixels.shape[1])
    return add_metadata(buffer.getvalue(), fitting(metadata, file_format)[0], size)
