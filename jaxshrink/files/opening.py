"""Files opened without being decoded: quick, with neither JAX nor NumPy."""

import io

from PIL import Image, PngImagePlugin

from jaxshrink.container import DEFAULT_MAX_PIXELS
from jaxshrink.errors import DataError
from jaxshrink.files.metadata import Metadata, upright
from jaxshrink.files.reading import orientation_of, read_metadata_of

# Sizes are checked against `max_pixels` before anything is decoded, so Pillow's own limit,
# which only warns up to twice its value, is not needed.
Image.MAX_IMAGE_PIXELS = None
# A PNG's IPTC is a text of twice its size, which must not lose the picture.
PngImagePlugin.MAX_TEXT_CHUNK = 2**24


def open_image(data: bytes, max_pixels: int = DEFAULT_MAX_PIXELS) -> Image.Image:
    """Opens a file without decoding it.

    Raises:
      DataError: if it is no picture, or has more than `max_pixels` pixels.
    """
    try:
        image = Image.open(io.BytesIO(data))
    except Exception as error:  # Pillow's plugins raise errors of many kinds
        reason = "unknown format" if isinstance(error, Image.UnidentifiedImageError) else error
        raise DataError(f"cannot be read as an image ({reason})") from error
    width, height = image.size
    if width * height > max_pixels:
        image.close()
        raise DataError(f"{width}x{height} is more than the limit of {max_pixels} pixels")
    return image


def read_metadata(data: bytes) -> Metadata:
    """What a picture that can be decoded says beside its pixels, as of its upright pixels."""
    with open_image(data) as image:
        metadata, _ = read_metadata_of(image, data)
    return upright(metadata, orientation_of(metadata))[0]
