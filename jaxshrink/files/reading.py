"""From a file of any format to what it says beside its pixels.

Returns the metadata as they are, except for what would be untrue of the pixels alone: the gain map
and the film behind a phone's photograph, which no output holds, are not declared any more.
"""

import dataclasses
import re
import zlib
from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from PIL import Image

from jaxshrink.files import exif as exif_module
from jaxshrink.files import metadata as metadata_module
from jaxshrink.files import photoshop, tiff, xmp
from jaxshrink.files.exif import CENTIMETRE, INCH, ORIENTATION, Exif, is_exif
from jaxshrink.files.metadata import Metadata, Resolution
from jaxshrink.files.segments import (
    APP0,
    APP1,
    APP2,
    APP13,
    APP14,
    COMMENT,
    Part,
    jpeg_end,
    jpeg_segments,
    png_chunks,
)

EXIF_HEADER = b"Exif\x00\x00"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\x00"
ICC_HEADER = b"ICC_PROFILE\x00"
XMP_KEYWORD = "XML:com.adobe.xmp"
PROFILE_KEYWORD = "Raw profile type "
TEXT_KEYWORDS = (
    *("Title", "Author", "Description", "Copyright", "Creation Time", "Software"),
    *("Disclaimer", "Warning", "Source", "Comment"),
)

_JFIF = b"JFIF\x00"
GAIN_MAP_HEADER = b"urn:iso:std:iso:ts:21496:-1\x00"
_APP10, _APP12 = 0xEA, 0xEC
_EXTENSION_FIELDS = xmp.GUID_LENGTH + 8
# Of a text that is stored compressed.
_LONGEST_TEXT = 2**24
_XMP_ORIENTATION = re.compile(rb"tiff:Orientation(?:\s*=\s*[\"']|>)\s*([1-8])")

Told = tuple[Metadata, tuple[str, ...]]


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
            "TIFF": lambda image, data: _of_tiff(data),
            "WEBP": lambda image, data: (_of_webp(image), ()),
            "AVIF": lambda image, data: (_of_webp(image), ()),
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


def read_jpeg(data: bytes) -> Told:
    """As `read_metadata_of`, of a JPEG."""
    parts = list(jpeg_segments(data))
    behind = data[jpeg_end(data) :]
    metadata = _joined(parts)
    jfif = next((part.payload for part in parts if _is(part, APP0, _JFIF)), b"")
    metadata = dataclasses.replace(metadata, resolution=_density(jfif, metadata.exif))
    metadata, notes = _undeclared(metadata, behind, parts)
    return metadata, (*notes, *_unknown(parts))


def _joined(parts: Iterable[Part]) -> Metadata:
    """What a JPEG's segments hold, those of a kind joined."""
    found: dict[str, list[bytes]] = {name: [] for name in ("exif", "xmp", "icc", "irb", "text")}
    extension: dict[int, bytes] = {}
    for part in parts:
        payload = part.payload
        if _is(part, APP1, EXIF_HEADER):
            found["exif"].append(payload[len(EXIF_HEADER) :])
        elif _is(part, APP1, XMP_HEADER):
            found["xmp"].append(payload[len(XMP_HEADER) :])
        elif _is(part, APP1, EXTENSION_HEADER):
            fields = payload[len(EXTENSION_HEADER) :]
            at = int.from_bytes(fields[xmp.GUID_LENGTH + 4 : _EXTENSION_FIELDS], "big")
            extension[at] = fields[_EXTENSION_FIELDS:]
        elif _is(part, APP2, ICC_HEADER):
            found["icc"].append(payload[len(ICC_HEADER) :])
        elif _is(part, APP13, photoshop.SIGNATURE):
            found["irb"].append(payload[len(photoshop.SIGNATURE) :])
        elif part.name[0] == COMMENT:
            found["text"].append(payload)
    return Metadata(
        exif=b"".join(found["exif"][:1]),
        icc=b"".join(piece[2:] for piece in sorted(found["icc"], key=lambda piece: piece[:1])),
        xmp=b"".join(found["xmp"][:1]),
        xmp_extension=b"".join(extension[at] for at in sorted(extension)),
        photoshop=b"".join(found["irb"]),
        comments=tuple(found["text"]),
    )


def _is(part: Part, code: int, header: bytes) -> bool:
    return part.name[0] == code and part.payload.startswith(header)


def _density(jfif: bytes, exif: bytes) -> Resolution | None:
    """What the JFIF header says; EXIF's fraction where that is what was rounded."""
    if len(jfif) < 12:
        return None
    unit, x, y = jfif[7], int.from_bytes(jfif[8:10], "big"), int.from_bytes(jfif[10:12], "big")
    if not x or not y or unit > 2 or (unit == 0 and x == y):
        return None
    told = Resolution(Fraction(x), Fraction(y), {0: 0, 1: INCH, 2: CENTIMETRE}[unit])
    exact = metadata_module.resolution_in_exif(exif)
    if exact is None or exact.unit != told.unit:
        return told
    rounded = tuple(max(1, round(value)) for value in (exact.x, exact.y))
    return exact if rounded == (x, y) else told


def _undeclared(metadata: Metadata, behind: bytes, parts: Iterable[Part]) -> Told:
    """Takes out of XMP what it says of things behind the picture, and tells of them."""
    packets = (metadata.xmp, metadata.xmp_extension)
    is_hdr = any(xmp.has(packet, xmp.is_gain_map) for packet in packets) or any(
        _is(part, APP2, GAIN_MAP_HEADER) for part in parts
    )
    is_film = any(xmp.has(packet, xmp.is_film) for packet in packets)
    is_film = (is_film and b"ftyp" in behind) or b"MotionPhoto_Data" in behind
    notes = []
    if is_hdr:
        notes.append("its HDR gain map left out: the picture is as on an ordinary screen")
    begin = behind.lstrip(b"\0")  # behind padding, or a box's length
    if is_film or b"ftyp" in begin[:8]:
        notes.append("the film behind it (a motion photo) left out")
    if not notes and begin[:2] == b"\xff\xd8":
        notes.append("other pictures behind it (previews) left out")
    elif not notes and begin:
        notes.append(f"{len(behind)} bytes behind the picture left out")

    def unwanted(found: xmp.Property) -> bool:
        return xmp.is_gain_map(found) or xmp.is_film(found) or xmp.is_container(found)

    if not any(xmp.has(packet, unwanted) for packet in packets):
        return metadata, tuple(notes)
    main, extension = (xmp.without(packet, unwanted) if packet else b"" for packet in packets)
    if extension != metadata.xmp_extension:
        main = xmp.referred(main, extension)
    return dataclasses.replace(metadata, xmp=main, xmp_extension=extension), tuple(notes)


def _unknown(parts: Iterable[Part]) -> tuple[str, ...]:
    """A line for the application segments that we do not carry over."""
    known = {
        APP0: (b"",),
        APP1: (EXIF_HEADER, XMP_HEADER, EXTENSION_HEADER),
        APP2: (ICC_HEADER, b"MPF\0", GAIN_MAP_HEADER),
        _APP10: (b"JXS\0",),
        _APP12: (b"Ducky",),
        APP13: (photoshop.SIGNATURE,),
        APP14: (b"Adobe",),
    }
    names = []
    for part in parts:
        code = part.name[0]
        if APP0 <= code <= 0xEF and not part.payload.startswith(known.get(code, ())):
            name = f"APP{code - APP0}"
            names += [name] if name not in names else []
    return (f"its segments {', '.join(names)} left out",) if names else ()


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


def _of_tiff(data: bytes) -> Told:
    read = tiff.read_tiff(data)
    block, iptc = read.value(exif_module.PHOTOSHOP), read.value(exif_module.IPTC)
    if iptc and not photoshop.part(block, photoshop.IPTC):
        block = photoshop.of_iptc(iptc.rstrip(b"\0")) + block
    exif = read.exif()
    metadata = Metadata(
        exif=exif,
        icc=read.value(tiff.ICC),
        xmp=read.value(tiff.XMP),
        photoshop=photoshop.without(block, (*photoshop.COPIES, photoshop.ICC)),
        resolution=metadata_module.resolution_in_exif(exif),
    )
    return metadata, ("its place on a map (GeoTIFF) left out",) if read.is_located else ()


def _of_webp(image: Image.Image) -> Metadata:
    """WebP and AVIF have no place for IPTC and resolution but EXIF's."""
    metadata = _of_info(image)
    if not is_exif(metadata.exif):
        return metadata
    resolution = metadata_module.resolution_in_exif(metadata.exif)
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
