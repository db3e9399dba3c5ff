"""Names of files that are kept as they are. Needs no JAX."""

from pathlib import Path

from jaxshrink.files import formats, markers
from jaxshrink.files.opening import open_image

_SUFFIXES = {
    "JPEG": ".jpg",
    "WEBP": ".webp",
    "AVIF": ".avif",
    "PNG": ".png",
    "TIFF": ".tif",
    "GIF": ".gif",
    "BMP": ".bmp",
    "PPM": ".ppm",
    "TGA": ".tga",
    "JPEG2000": ".jp2",
    "HEIF": ".heic",
    "JXL": ".jxl",
}
_NAMES = {"WebP": "WEBP", "JPEG 2000": "JPEG2000", "HEIC": "HEIF", "JPEG XL": "JXL"}  # Pillow's
_SAME = {"MPO": "JPEG"}  # a phone's JPEG with previews


def format_of(file: bytes) -> str:
    """What a picture is, in Pillow's words: "JPEG", "PNG", "TIFF" ..; raises DataError."""
    known = markers.kind(file)
    if known is not None:
        return known
    with open_image(file, max_pixels=2**63) as image:
        return _SAME.get(str(image.format), str(image.format))


def format_of_suffix(suffix: str) -> str | None:
    """The format that a name's suffix stands for, likewise; None if it stands for none."""
    kind = formats.kind_of_name(Path(f"name{suffix}"))
    return None if kind is None else _NAMES.get(kind, kind)


def suffix_of(file: bytes) -> str:
    """A suffix that fits a picture's bytes; raises DataError."""
    return _SUFFIXES.get(format_of(file), "")
