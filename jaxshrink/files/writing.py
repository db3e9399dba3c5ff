"""From metadata to the parts of a JPEG, PNG, WebP or AVIF, put into a file that has none."""

import dataclasses
import zlib
from collections.abc import Sequence

from jaxshrink.files import exif as exif_module
from jaxshrink.files import markers, photoshop, xmp
from jaxshrink.files.avif import Item, with_metadata
from jaxshrink.files.exif import INCH, RATIONAL, SHORT, UNDEFINED, Exif, is_exif, minimal
from jaxshrink.files.exif_changes import drop_thumbnail
from jaxshrink.files.metadata import Metadata, Resolution, resolution_in_exif
from jaxshrink.files.reading import PROFILE_KEYWORD, TEXT_KEYWORDS, XMP_KEYWORD
from jaxshrink.files.reading_jpeg import EXIF_HEADER, EXTENSION_HEADER, ICC_HEADER, XMP_HEADER
from jaxshrink.files.segments import (
    APP1,
    APP2,
    APP13,
    COMMENT,
    MAX_PAYLOAD,
    PNG_SIGNATURE,
    png_chunk,
)

# Of the header of a WebP of the extended kind.
_WEBP_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
_NAMES = {"WEBP": "WebP", "AVIF": "AVIF"}
_END_OF_IHDR = 33
_ICC_STEP = MAX_PAYLOAD - len(ICC_HEADER) - 2
_IRB_STEP = MAX_PAYLOAD - len(photoshop.SIGNATURE)
_EXTENSION_STEP = MAX_PAYLOAD - len(EXTENSION_HEADER) - xmp.GUID_LENGTH - 8
# A fraction's resolution in EXIF may be added later.
_LONGEST_EXIF = MAX_PAYLOAD - len(EXIF_HEADER) - 256
_LONGEST_XMP = MAX_PAYLOAD - len(XMP_HEADER) - 64


def fitting(metadata: Metadata, file_format: str) -> tuple[Metadata, tuple[str, ...]]:
    """What a format holds, where it holds it, and a line for each part that it does not.

    Args:
      metadata: anything.
      file_format: "JPEG", "PNG", "WEBP" or "AVIF".
    """
    if file_format == "JPEG":
        return _fitting_jpeg(metadata)
    if metadata.xmp_extension:
        whole = xmp.merged(metadata.xmp, metadata.xmp_extension)
        metadata = dataclasses.replace(metadata, xmp=whole, xmp_extension=b"")
    if file_format == "PNG":
        return metadata, ()
    exif = metadata.exif
    if metadata.photoshop:
        exif = _with_photoshop(exif, metadata.photoshop)
    if metadata.resolution is not None and metadata.resolution.unit:
        exif = _with_resolution(exif, metadata.resolution)
    notes = (f"its comments, which {_NAMES[file_format]} does not hold, left out",)
    kept = dataclasses.replace(metadata, exif=exif, photoshop=b"", comments=(), resolution=None)
    return kept, notes if metadata.comments else ()


def _fitting_jpeg(metadata: Metadata) -> tuple[Metadata, tuple[str, ...]]:
    notes = []
    if len(metadata.exif) > _LONGEST_EXIF and is_exif(metadata.exif):
        exif = Exif(metadata.exif)
        if exif.thumbnail is not None:
            drop_thumbnail(exif)
            if len(exif.data) <= _LONGEST_EXIF:
                metadata = dataclasses.replace(metadata, exif=bytes(exif))
                notes.append("the thumbnail in its EXIF, which is too large for a JPEG, left out")
    if not metadata.xmp_extension:
        packet, extension = xmp.split(metadata.xmp, _LONGEST_XMP)
        metadata = dataclasses.replace(metadata, xmp=packet, xmp_extension=extension)
    long = [text for text in metadata.comments if len(text) > MAX_PAYLOAD]
    notes += ["a comment that is too large for a JPEG, left out"] * len(long)
    comments = tuple(text for text in metadata.comments if text not in long)
    kept = dataclasses.replace(metadata, comments=comments)
    if len(kept.exif) > _LONGEST_EXIF:
        notes.append("its EXIF is too large for a JPEG, left out")
        kept = dataclasses.replace(kept, exif=b"")
    if len(kept.icc) > 255 * _ICC_STEP:
        notes.append("its ICC is too large for a JPEG, left out")
        kept = dataclasses.replace(kept, icc=b"")
    return kept, tuple(notes)


def _with_photoshop(exif: bytes, block: bytes) -> bytes:
    """EXIF with image resources where a TIFF has them: IPTC, and apart from it the others."""
    iptc = photoshop.part(block, photoshop.IPTC)
    rest = photoshop.without(block, (photoshop.IPTC, photoshop.IPTC_DIGEST))
    entries = [
        (tag, UNDEFINED, len(value), value)
        for tag, value in ((exif_module.IPTC, iptc), (exif_module.PHOTOSHOP, rest))
        if value
    ]
    return _with_entries(exif, entries) if entries else exif


def _with_resolution(exif: bytes, resolution: Resolution) -> bytes:
    """EXIF that tells a resolution, if it tells none."""
    if resolution_in_exif(exif) is not None:
        return exif
    editor = Exif(exif if is_exif(exif) else minimal())
    entries = [(exif_module.RESOLUTION_UNIT, SHORT, 1, editor.packed([resolution.unit], 2))]
    for tag, value in (
        (exif_module.X_RESOLUTION, resolution.x),
        (exif_module.Y_RESOLUTION, resolution.y),
    ):
        value = value.limit_denominator(10**4)
        packed = editor.packed([value.numerator, value.denominator], 4)
        entries.append((tag, RATIONAL, 1, packed))
    return _with_entries(exif, entries)


def _with_entries(exif: bytes, entries: Sequence[tuple[int, int, int, bytes]]) -> bytes:
    if not is_exif(exif):
        return minimal(entries)
    editor = Exif(exif)
    editor.add(entries)
    return bytes(editor)


def add_metadata(file: bytes, metadata: Metadata, size: tuple[int, int]) -> bytes:
    """Puts metadata into a JPEG, PNG, WebP or AVIF that has none.

    Args:
      file: the picture.
      metadata: what `fitting` returned; what does not fit is left out.
      size: (h, w) of the picture.
    """
    kind = "PNG" if file.startswith(PNG_SIGNATURE) else markers.kind(file)
    adders = {"PNG": _to_png, "JPEG": _to_jpeg, "AVIF": _to_avif}
    if metadata == Metadata():
        return file
    if kind == "WEBP":
        return _to_webp(file, metadata, size)
    return adders[str(kind)](file, metadata)


def _to_webp(file: bytes, metadata: Metadata, size: tuple[int, int]) -> bytes:
    parts = [(b"ICCP", metadata.icc), (b"EXIF", metadata.exif), (b"XMP ", metadata.xmp)]
    chunks = [(name, payload) for name, payload in parts if payload]
    flags = sum(_WEBP_FLAGS[name] for name, _ in chunks)
    return markers.add_chunks(file, chunks, size, flags) if chunks else file


def _to_avif(file: bytes, metadata: Metadata) -> bytes:
    items = []
    if metadata.exif:  # behind the number of bytes before it
        items.append(Item(b"Exif", b"", bytes(4) + metadata.exif))
    if metadata.xmp:
        items.append(Item(b"mime", b"application/rdf+xml", metadata.xmp))
    return with_metadata(file, items, metadata.icc)


def _to_jpeg(file: bytes, metadata: Metadata) -> bytes:
    exif, resolution = metadata.exif, metadata.resolution
    if resolution is not None:
        file = _with_density(file, resolution)
        if not resolution.is_whole and resolution.unit:
            exif = _with_resolution(exif, resolution)
    segments = [(APP1, EXIF_HEADER + exif)] if exif else []
    if metadata.xmp:
        segments.append((APP1, XMP_HEADER + metadata.xmp))
    segments += _extension_segments(metadata.xmp_extension)
    parts = _pieces(metadata.icc, _ICC_STEP)
    for index, part in enumerate(parts, 1):
        segments.append((APP2, ICC_HEADER + bytes([index, len(parts)]) + part))
    for part in _pieces(metadata.photoshop, _IRB_STEP):
        segments.append((APP13, photoshop.SIGNATURE + part))
    segments += [(COMMENT, text) for text in metadata.comments]
    return markers.add_segments(file, segments)


def _extension_segments(extension: bytes) -> list[tuple[int, bytes]]:
    head = EXTENSION_HEADER + xmp.guid(extension) + len(extension).to_bytes(4, "big")
    return [
        (APP1, head + (index * _EXTENSION_STEP).to_bytes(4, "big") + part)
        for index, part in enumerate(_pieces(extension, _EXTENSION_STEP))
    ]


def _pieces(data: bytes, length: int) -> list[bytes]:
    return [data[start : start + length] for start in range(0, len(data), length)]


def _with_density(jpeg: bytes, resolution: Resolution) -> bytes:
    """Says it in the JFIF header that our encoder wrote."""
    if jpeg[2:4] != b"\xff\xe0" or jpeg[6:11] != b"JFIF\0":
        return jpeg
    x, y = (min(65535, max(1, round(value))) for value in (resolution.x, resolution.y))
    unit = {0: 0, INCH: 1}.get(resolution.unit, 2)
    fields = bytes([unit]) + x.to_bytes(2, "big") + y.to_bytes(2, "big")
    return jpeg[:13] + fields + jpeg[18:]


def _to_png(file: bytes, metadata: Metadata) -> bytes:
    chunks = []
    if metadata.icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(metadata.icc)))
    if metadata.resolution is not None:
        chunks.append((b"pHYs", _physical(metadata.resolution)))
    if metadata.exif:
        chunks.append((b"eXIf", metadata.exif))
    if metadata.xmp:
        chunks.append((b"iTXt", XMP_KEYWORD.encode() + bytes(5) + metadata.xmp))
    if metadata.photoshop:
        chunks.append((b"zTXt", _raw_profile("iptc", metadata.photoshop)))
    chunks += [(b"iTXt", _text(comment)) for comment in metadata.comments]
    added = b"".join(png_chunk(name, payload) for name, payload in chunks)
    return file[:_END_OF_IHDR] + added + file[_END_OF_IHDR:]


def _physical(resolution: Resolution) -> bytes:
    if resolution.unit:
        x, y = resolution.in_metres()
    else:
        x, y = resolution.x.numerator, resolution.y.numerator
    unit = bytes([1 if resolution.unit else 0])
    return b"".join(min(value, 2**31 - 1).to_bytes(4, "big") for value in (x, y)) + unit


def _raw_profile(name: str, data: bytes) -> bytes:
    """As ImageMagick and exiftool have it."""
    digits = data.hex()
    lines = "\n".join(digits[start : start + 72] for start in range(0, len(digits), 72))
    text = f"\n{name}\n{len(data):8d}\n{lines}\n"
    keyword = (PROFILE_KEYWORD + name).encode()
    return keyword + b"\0\0" + zlib.compress(text.encode())


def _text(comment: bytes) -> bytes:
    """A PNG's text: under the name before the colon, if it is one of PNG's own."""
    name, colon, rest = comment.partition(b": ")
    if not colon or name.decode("latin1") not in TEXT_KEYWORDS:
        name, rest = b"Comment", comment
    try:
        rest.decode()
    except UnicodeDecodeError:
        rest = rest.decode("latin1").encode()
    return name + bytes(5) + rest.replace(b"\0", b" ")
