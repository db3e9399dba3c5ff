"""The one place where a picture is opened: only formats that are meant, limits before decoding.

Pillow would try whatever it knows, and start an interpreter for a PostScript file. Every function
here raises DataError with one line, whatever is wrong with the file.
"""

import contextlib
import importlib
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from jaxshrink.errors import DataError
from jaxshrink.files import formats
from jaxshrink.files.markers import DEFAULT_MAX_PIXELS
from jaxshrink.optional import import_extra

# Sizes are checked against `max_pixels` before anything is decoded, so Pillow's own limit,
# which only warns up to twice its value, is not needed.
Image.MAX_IMAGE_PIXELS = None

Notes = tuple[str, ...]

# Of each kind, Pillow's name and the module that reads it: it loads all forty for an unknown one.
_PLUGINS = {
    "JPEG": ("JPEG", "PIL.JpegImagePlugin"),
    "PNG": ("PNG", "PIL.PngImagePlugin"),
    "WebP": ("WEBP", "PIL.WebPImagePlugin"),
    "AVIF": ("AVIF", "PIL.AvifImagePlugin"),
    "TIFF": ("TIFF", "PIL.TiffImagePlugin"),
    "JPEG 2000": ("JPEG2000", "PIL.Jpeg2KImagePlugin"),
    "GIF": ("GIF", "PIL.GifImagePlugin"),
    "BMP": ("BMP", "PIL.BmpImagePlugin"),
    "PPM": ("PPM", "PIL.PpmImagePlugin"),
    "TGA": ("TGA", "PIL.TgaImagePlugin"),
}
_WITHOUT_MAGIC = ("BMP", "PPM", "TGA")
# A phone's photograph with previews, of which the first is shown.
_SEVERAL_FRAMES_AS_ONE = ("MPO", "HEIF")
# What a TIFF's page says of itself: a smaller copy or a mask, in two tags; EXIF's thumbnail.
_NEW_SUBFILE_TYPE, _COPY_OR_MASK = 254, 0b101
_SUBFILE_TYPE, _COPY = 255, 2
_JPEG_THUMBNAIL = 513
_WIDTH, _HEIGHT = 256, 257
_MAX_PAGES = 16
_LONGEST_THUMBNAIL = 320
_END_OF_IMAGE = b"\xff\xd9"
# Of a JPEG. Encoders write ten or so; each goes over all pixels, and a hundred bytes make one.
_SCAN = b"\xff\xda"
MAX_SCANS = 200


def open_image(source: bytes | Path, max_pixels: int = DEFAULT_MAX_PIXELS) -> Image.Image:
    """Opens a file or its bytes without decoding it.

    Raises:
      DataError: if it is no picture that we read, or has more than `max_pixels` pixels.
      MissingExtraError: if it needs a package that is not installed.
    """
    kind = formats.kind_of_content(_head(source))
    if isinstance(source, bytes) and kind == "JPEG" and source.count(_SCAN) > MAX_SCANS:
        raise DataError(f"a JPEG of more than {MAX_SCANS} scans: to decode it may take hours")
    if kind is not None and kind not in _PLUGINS and kind not in formats.EXTRAS:
        raise DataError(f"cannot be read as an image (it is {_with_article(kind)})")
    if kind == "JPEG XL":  # whose plugin decodes as it opens
        data = source if isinstance(source, bytes) else source.read_bytes()
        _check_size(_size_of_jxl(data), max_pixels)
    names = _pillow_names(kind)
    try:
        image = Image.open(io.BytesIO(source) if isinstance(source, bytes) else source, "r", names)
    except MemoryError:
        raise DataError("not enough memory to open it") from None
    except Exception as error:  # Pillow's plugins raise errors of many kinds
        reason = "unknown format" if isinstance(error, UnidentifiedImageError) else error
        raise DataError(f"cannot be read as an image ({reason})") from error
    try:
        _check_size(image.size, max_pixels)
    except DataError:
        image.close()
        raise
    return image


def load_image(data: bytes, max_pixels: int = DEFAULT_MAX_PIXELS) -> tuple[Image.Image, Notes]:
    """Opens and decodes the one picture of a file.

    Returns:
      the picture, and a line for everything about the file that its owner may want to know.

    Raises:
      DataError: as `open_image`; if it is broken or cut off, or there are several pictures.
    """
    image = open_image(data, max_pixels)
    try:
        with decoding():
            notes = _one_picture(image)
            _check_size(image.size, max_pixels)  # that of another page, perhaps
            image.load()
        return image, notes
    except DataError:
        image.close()
        whole = with_end(data)
        if len(whole) == len(data):
            raise
    image, notes = load_image(whole, max_pixels)
    return image, (*notes, "the end of its file is missing, its pixels are whole")


@contextlib.contextmanager
def decoding() -> Iterator[None]:
    """Turns what Pillow raises while it decodes into our errors."""
    try:
        yield
    except DataError:
        raise
    except MemoryError:
        raise DataError("not enough memory to decode it") from None
    except Exception as error:  # as above
        raise DataError(f"broken or truncated image ({error})") from error


def with_end(data: bytes) -> bytes:
    """A JPEG that lacks nothing but its end, with one; anything else as it is.

    Where pixels are missing, whatever follows the data changes them; where none are, nothing does.
    """
    if not data.startswith(b"\xff\xd8\xff") or data.rstrip(b"\0").endswith(_END_OF_IMAGE):
        return data
    import numpy as np  # which takes time to load, and `info` needs none

    followed = (data + _END_OF_IMAGE, data + bytes(range(1, 255)) + _END_OF_IMAGE)
    try:
        first, second = (np.asarray(Image.open(io.BytesIO(f), "r", ("JPEG",))) for f in followed)
    except Exception:  # as above
        return data
    return followed[0] if np.array_equal(first, second) else data


def _head(source: bytes | Path) -> bytes:
    if isinstance(source, bytes):
        return source[: formats.HEAD_BYTES]
    try:
        return formats.head_of(source)
    except OSError as error:
        raise DataError(f"cannot be read ({error.strerror})") from None


def _with_article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "aeiouAEIOU" else f"a {kind}"


def _pillow_names(kind: str | None) -> tuple[str, ...]:
    if kind in formats.EXTRAS:
        plugin = import_extra(*formats.EXTRAS[kind])
        if kind == "HEIC":
            plugin.register_heif_opener()
            return ("HEIF",)
        return ("JXL",)
    names = []
    for name, module in (_PLUGINS[k] for k in ([kind] if kind else _WITHOUT_MAGIC)):
        importlib.import_module(module)
        names.append(name)
    return tuple(names)


def _check_size(size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise DataError(f"{width}x{height} is more than the limit of {max_pixels} pixels")


def _one_picture(image: Image.Image) -> Notes:
    """Checks that there is one picture, and turns to it; pages that are its thumbnails are none."""
    if image.format in _SEVERAL_FRAMES_AS_ONE or not getattr(image, "is_animated", False):
        return ()
    if image.format != "TIFF":
        frames = getattr(image, "n_frames", "several")
        raise DataError(f"has {frames} frames; animations are not supported")
    sizes, said = _pages(image)
    largest = max(sizes)
    pictures = [
        page for page, size in enumerate(sizes) if not (said[page] or _is_thumbnail(size, largest))
    ]
    if len(pictures) != 1:
        raise DataError(f"has {len(sizes)} pages; store each as a file")
    image.seek(pictures[0])
    return ("smaller copies of it in further pages left out",)


def _pages(image: Image.Image) -> tuple[list[tuple[int, int]], list[bool]]:
    """(W, H) of every page as it is stored, and whether it says that it is no picture of its own.

    Pillow need not know the kind of a page whose tags can be read: it does not know EXIF's
    thumbnail, which has no size.
    """
    sizes: list[tuple[int, int]] = []
    said: list[bool] = []
    for page in range(_MAX_PAGES + 1):
        is_known = True
        try:
            image.seek(page)
        except EOFError:
            return sizes, said
        except Exception:  # as above
            if page == 0:
                raise
            is_known = False
        tags = image.tag_v2  # type: ignore[attr-defined]
        size = (tags.get(_WIDTH, 0), tags.get(_HEIGHT, 0))
        sizes.append(size)
        said.append(_is_said_to_be_none(tags, page) or not (is_known or min(size)))
    raise DataError(f"has more than {_MAX_PAGES} pages; store each as a file")


def _is_said_to_be_none(tags: Mapping[int, Any], page: int) -> bool:
    """Whether a page says that it is a smaller copy of another, a mask, or EXIF's thumbnail."""
    return bool(
        tags.get(_NEW_SUBFILE_TYPE, 0) & _COPY_OR_MASK
        or tags.get(_SUBFILE_TYPE, 0) == _COPY
        # The first may be a JPEG of the old kind, which has this tag, too.
        or (page and _JPEG_THUMBNAIL in tags)
    )


def _is_thumbnail(size: tuple[int, int], of: tuple[int, int]) -> bool:
    """Whether a page is small, and has the sides' ratio of another, within a pixel."""
    (width, height), (w, h) = size, of
    small = max(size) <= _LONGEST_THUMBNAIL and 2 * max(size) <= max(of)
    return small and abs(width * h - height * w) <= max(of)


def _size_of_jxl(data: bytes) -> tuple[int, int]:
    """(W, H) of a JPEG XL, from its codestream's header (ISO/IEC 18181-1, SizeHeader)."""
    start = _codestream(data) + 2
    bits = int.from_bytes(data[start : start + 16], "little")

    def take(number: int) -> int:
        nonlocal bits
        value, bits = bits & ((1 << number) - 1), bits >> number
        return value

    small = take(1)

    def side() -> int:
        return 8 * (take(5) + 1) if small else 1 + take((9, 13, 18, 30)[take(2)])

    height = side()
    ratio = ((0, 1), (1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[take(3)]
    return (height * ratio[0] // ratio[1] if ratio[0] else side()), height


def _codestream(data: bytes) -> int:
    """Where the first part of a JPEG XL's codestream begins, in a container of boxes or alone."""
    position = 0
    while not data.startswith(b"\xff\x0a", position):
        length, name = (
            int.from_bytes(data[position : position + 4], "big"),
            data[position + 4 :][:4],
        )
        if name in (b"jxlc", b"jxlp"):
            return position + (8 if name == b"jxlc" else 12)
        if length < 8:
            raise DataError("cannot be read as an image (no codestream)")
        position += length
    return position
