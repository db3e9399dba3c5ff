"""From files to uint8 arrays."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from jaxshrink.data import packaged
from jaxshrink.errors import DataError, JaxshrinkError
from jaxshrink.files import formats
from jaxshrink.files.exif import ORIENTATION
from jaxshrink.files.opening import decoding, open_image

_TRANSPOSING_ORIENTATIONS = (5, 6, 7, 8)


def list_images(location: str) -> list[Path]:
    """Returns the images of a folder and its subfolders, sorted by path.

    Args:
      location: a folder, an image file, or "packaged:" and a name, see `packaged.py`; several
        with commas between them.

    Raises:
      DataError: if there is none.
    """
    if "," in location and not Path(location).exists():
        return [path for part in location.split(",") for path in list_images(part)]
    if location.startswith(packaged.PREFIX):
        return packaged.packaged_photographs(location.removeprefix(packaged.PREFIX))
    path = Path(location)
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise DataError(f"{location}: no such file or folder")
    images = sorted(
        file
        for file in path.rglob("*")
        if formats.is_read(formats.kind_of_name(file))
        and not file.name.startswith(".")
        and file.is_file()
    )
    if not images:
        raise DataError(f"{location}: no images in this folder")
    return images


def image_size(path: Path, max_pixels: int) -> tuple[int, int]:
    """Returns (height, width) without its pixels, EXIF orientation applied.

    Raises:
      DataError: if the file cannot be read or tells of more than `max_pixels` pixels.
    """
    with _opened(path, max_pixels) as image:
        # For a PNG, whose metadata may come last, this decodes the whole file.
        orientation = image.getexif().get(ORIENTATION)
        return image.size if orientation in _TRANSPOSING_ORIENTATIONS else image.size[::-1]


def is_grayscale(path: Path, max_pixels: int) -> bool:
    """Tells from the header alone whether a file has no colour.

    Raises:
      DataError: as `image_size` does.
    """
    with _opened(path, max_pixels) as image:
        return image.mode in ("1", "L", "LA") or image.mode.startswith("I")


def read_image(
    path: Path,
    channels: int,
    max_pixels: int,
    resize: tuple[int, int] | None = None,
    halve_from: int | None = None,
) -> np.ndarray:
    """Decodes a file of any format and mode that Pillow reads.

    EXIF orientation is applied, 16 bits are rounded to 8, transparency is laid over white, and
    of an animation the first frame is taken.

    Args:
      path: the file.
      channels: 3 for RGB, 1 for grayscale.
      max_pixels: files that hold more are refused before they are decoded.
      resize: (height, width), bicubic with antialiasing; None leaves the size alone.
      halve_from: images whose shorter side is at least so long are halved first, which takes
        the artifacts out of photographs that were stored as JPEGs.

    Returns:
      uint8, (H, W, channels).

    Raises:
      DataError: naming the file and what is wrong with it.
    """
    with _opened(path, max_pixels) as image:
        converted = _to_8_bits(ImageOps.exif_transpose(image))
        converted = converted.convert("RGB" if channels == 3 else "L")
        if halve_from is not None and min(converted.size) >= halve_from:
            converted = converted.reduce(2)
        if resize is not None:
            converted = converted.resize(resize[::-1], Image.Resampling.BICUBIC)
        pixels = np.array(converted)
    return pixels.reshape(*pixels.shape[:2], channels)


@contextlib.contextmanager
def _opened(path: Path, max_pixels: int) -> Iterator[Image.Image]:
    """A picture to be decoded; whatever goes wrong with it is an error that names its file."""
    try:
        with open_image(path, max_pixels) as image, decoding():
            yield image
    except JaxshrinkError as error:
        raise type(error)(f"{path}: {error}") from error


def _to_8_bits(image: Image.Image) -> Image.Image:
    """Returns an image of 8 bits per channel without transparency.

    The numbers are those of the file, whatever profile or gamma it names: a set of images is
    measured as others measure it. `files.photographs` is for what people see.
    """
    if image.mode == "F":
        raise DataError("floating-point images are not supported: their range is unknown")
    if image.mode.startswith("I"):
        levels = np.clip(np.asarray(image, np.float64), 0, 65535)
        return Image.fromarray(np.round(levels / 257).astype(np.uint8))
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        background = Image.new("RGBA", layer.size, "white")
        return Image.alpha_composite(background, layer)
    return image
