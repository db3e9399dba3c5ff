"""From a file of any format to what it says beside its pixels."""

import dataclasses
import re
import zlib
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from PIL import Image, PngImagePlugin

from jaxshrink.files import exif as exif_module
from jaxshrink.files import photoshop, reading_others, tiff
from jaxshrink.files.exif import ORIENTATION, Exif, is_exif
from jaxshrink.files.metadata import Metadata, Resolution, Told, resolution_in_exif, upright
from jaxshrink.files.opening import open_image
from jaxshrink.files.reading_jpeg import EXIF_HEADER, XMP_HEADER, read_jpeg
from jaxshrink.files.segments import Part, png_chunks

XMP_KEYWORD = "XML:com.adobe.xmp"
PROFILE_KEYWORD = "Raw profile type "
TEXT_KEYWORDS = (
    *("Title", "Author", "Description", "Copyright", "Creation Time", "Software"),
    *("Disclaimer", "Warning", "Source", "Comment"),
)

# Of a text that is stored compressed.
_LONGEST_TEXT = 2**24
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])")

# A PNG's IPTC is a text of twice its size, which must not lose the picture.
PngImagePlugin.MAX_TEXT_CHUNK = 2**24


def read_metadata(data: bytes) -> Metadata:
    """What a picture that can be decoded says beside its pixels, as of its upright pixels."""
    with open_image(data, max_pixels=2**63) as image:
        metadata, _ = read_metadata_of(image, data)
    return upright(metadata, orientation_of(metadata))[0]


def read_orientation(data: bytes) -> int:
    """How the pixels of a picture that can be decoded lie, 1 to 8, as EXIF has it."""
    with open_image(data, max_pixels=2**63) as image:
        metadata, _ = read_metadata_of(image, data)
    return orientation_of(metadata)


def read_metadata_of(image: Image.Image, data: bytes) -> Told:
    """What a file says, and what of it is lost whatever the output, one line each.

    Args:
      image: opened.
      data: the whole file.
    """
    if image.format in ("JPEG", "MPO"):
        metadata, notes = read_jpeg(data)
    else:
        of_format: dict[str | None, Callable[[Image.Image, bytes], Told]] = {
            "PNG": lambda image, data: (_of_png(image, data), ()),
            "TIFF": lambda image, data: _of_tiff(data, image.tell()),
            "WEBP": lambda image, data: (_of_webp(image), ()),
            "AVIF": lambda image, data: (_of_webp(image), ()),
            "JPEG2000": lambda image, data: reading_others.jpeg2000(data, _of_info(image)),
            "GIF": lambda image, data: reading_others.gif(data, _of_info(image)),
            "BMP": lambda image, data: reading_others.bmp(data, _of_info(image)),
        }
        metadata, notes = of_format.get(image.format, lambda i, d: (_of_info(i), ()))(image, data)
    if metadata.exif and not is_exif(metadata.exif):
        metadata = dataclasses.replace(metadata, exif=b"")
        notes = (*notes, "its EXIF, which is damaged, left out")
    return metadata, notes


def orientation_of(metadata: Metadata) -> int:
    """How the pixels of a file lie, 1 to 8, by EXIF, or else by XMP."""
    value = None
    if is_exif(metadata.exif):
        exif = Exif(metadata.exif)
        value = exif.whole(exif.first, ORIENTATION)
    if value is None and (match := _XMP_ORIENTATION.search(metadata.xmp)):
        value = int(match[1])
    return value if value is not None and 1 <= value <= 8 else 1


def _of_png(image: Image.Image, data: bytes) -> Metadata:
    chunks: dict[bytes, bytes] = {}
    texts: list[tuple[str, bytes]] = []
    for chunk in png_chunks(data):
        if chunk.name in (b"tEXt", b"zTXt", b"iTXt"):
            texts += _text(chunk)
        elif chunk.name in (b"eXIf", b"pHYs"):
            chunks.setdefault(chunk.name, chunk.payload)
    profiles = {
        keyword.removeprefix(PROFILE_KEYWORD).lower(): _raw_profile(text)
        for keyword, text in texts
        if keyword.startswith(PROFILE_KEYWORD)
    }
    app1 = profiles.get("app1", b"")
    block = profiles.get("8bim") or profiles.get("iptc") or b""
    if block and not block.startswith(b"8BIM"):
        block = photoshop.of_iptc(block)
    exif = chunks.get(b"eXIf") or profiles.get("exif") or (app1 if b"Exif" in app1[:4] else b"")
    packet = next((text for keyword, text in texts if keyword == XMP_KEYWORD), b"")
    return Metadata(
        exif=exif.removeprefix(EXIF_HEADER),
        icc=image.info.get("icc_profile") or b"",
        xmp=packet or profiles.get("xmp") or app1.partition(XMP_HEADER)[2],
        photoshop=block,
        comments=tuple(
            text if keyword == "Comment" else keyword.encode() + b": " + text
            for keyword, text in texts
            if keyword != XMP_KEYWORD and not keyword.startswith(PROFILE_KEYWORD)
        ),
        resolution=_physical(chunks.get(b"pHYs", b"")),
    )


def _text(chunk: Part) -> list[tuple[str, bytes]]:
    """A PNG's text, [(keyword, UTF-8)]; [] for what is damaged."""
    keyword, _, rest = chunk.payload.partition(b"\0")
    packed = chunk.name == b"zTXt"
    if packed:
        rest = rest[1:]
    elif chunk.name == b"iTXt":
        packed = rest[:1] == b"\1"
        rest = rest[2:].partition(b"\0")[2].partition(b"\0")[2]
    if packed:
        try:
            rest = zlib.decompressobj().decompress(rest, _LONGEST_TEXT)
        except zlib.error:
            return []
    if chunk.name != b"iTXt" and not keyword.startswith(PROFILE_KEYWORD.encode()):
        try:
            rest.decode()
        except UnicodeDecodeError:
            rest = rest.decode("latin1").encode()
    return [(keyword.decode("latin1"), rest)]


def _raw_profile(text: bytes) -> bytes:
    """What ImageMagick and exiftool write: a name, a length, hexadecimal digits."""
    fields = text.split(None, 2)
    try:
        return bytes.fromhex(fields[2].decode("ascii"))[: int(fields[1])]
    except (IndexError, ValueError):
        return b""


def _physical(chunk: bytes) -> Resolution | None:
    if len(chunk) != 9:
        return None
    x, y = int.from_bytes(chunk[:4], "big"), int.from_bytes(chunk[4:8], "big")
    if not x or not y:
        return None
    if chunk[8] == 1:
        return Resolution.per_metre(x, y)
    return Resolution(Fraction(x), Fraction(y), 0) if x != y else None


def _of_tiff(data: bytes, page: int) -> Told:
    read = tiff.read_tiff(data, page)
    block, iptc = read.value(exif_module.PHOTOSHOP), read.value(exif_module.IPTC)
    if iptc and not photoshop.part(block, photoshop.IPTC):
        block = photoshop.of_iptc(iptc.rstrip(b"\0")) + block
    exif = read.exif()
    metadata = Metadata(
        exif=exif,
        icc=read.value(tiff.ICC),
        xmp=read.value(tiff.XMP),
        photoshop=photoshop.without(block, (*photoshop.COPIES, photoshop.ICC)),
        resolution=resolution_in_exif(exif),
    )
    return metadata, ("its place on a map (GeoTIFF) left out",) if read.is_located else ()


def _of_webp(image: Image.Image) -> Metadata:
    """WebP and AVIF have no place for IPTC and resolution but EXIF's."""
    metadata = _of_info(image)
    if not is_exif(metadata.exif):
        return metadata
    resolution = resolution_in_exif(metadata.exif)
    exif = Exif(metadata.exif)
    block, iptc = (exif.value(tag) for tag in (exif_module.PHOTOSHOP, exif_module.IPTC))
    if block or iptc:
        exif.remove(exif.first, lambda tag: tag in (exif_module.PHOTOSHOP, exif_module.IPTC))
        exif.trim()
    if iptc and not photoshop.part(block, photoshop.IPTC):
        block = photoshop.of_iptc(iptc) + block
    return dataclasses.replace(metadata, exif=bytes(exif), photoshop=block, resolution=resolution)


def _of_info(image: Image.Image) -> Metadata:
    """What Pillow tells, of any format."""
    info: dict[Any, Any] = image.info
    packet, comment = (
        value.encode() if isinstance(value, str) else bytes(value)
        for value in (info.get("xmp") or b"", info.get("comment") or b"")
    )
    dpi = info.get("dpi")
    resolution = None
    if isinstance(dpi, tuple) and len(dpi) == 2 and all(1 <= number < 10**6 for number in dpi):
        x, y = (Fraction(number).limit_denominator(10**4) / Fraction(254, 10000) for number in dpi)
        resolution = Resolution.per_metre(round(x), round(y))
    return Metadata(
        exif=bytes(info.get("exif") or b"").removeprefix(EXIF_HEADER),
        icc=info.get("icc_profile") or b"",
        xmp=packet,
        comments=(comment,) if comment else (),
        resolution=resolution,
    )
