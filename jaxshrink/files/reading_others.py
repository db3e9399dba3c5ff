"""What JPEG 2000, GIF and BMP say beside their pixels, which Pillow does not tell."""

import dataclasses

from jaxshrink.files import avif, photoshop
from jaxshrink.files.metadata import Metadata, Told

# UUIDs of JPEG 2000's boxes. EXIF's has letters that are its name.
_EXIF = b"JpgTiffExif->JP2"
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
_IPTC = bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38")
_PHOTOSHOP = bytes.fromhex("2c4c0100850440b9a03e562148d6dfeb")
_GEOTIFF = bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03")
_RESTRICTED, _ANY_PROFILE = 2, 3  # methods of saying what colours are

_GIF_HEADER, _GIF_IMAGE, _GIF_EXTENSION, _GIF_APPLICATION = 13, b",", b"!", 0xFF
_GIF_XMP, _GIF_ICC = b"XMP DataXMP", b"ICCRGBG1012"
# Behind XMP, whose bytes are not in blocks: 257 bytes that lead a reader of blocks to its end.
_GIF_TRAILER = b"\x01\xff\xfe"

_BMP_HEADER, _BMP_V5 = 14, 124
_BMP_EMBEDDED = b"DEBM"


def jpeg2000(data: bytes, told: Metadata) -> Told:
    """Adds what lies in the boxes of a JPEG 2000 to what Pillow told."""
    found: dict[bytes, bytes] = {}
    notes = []
    for box in avif.boxes(data):
        if box.kind == b"uuid":
            found.setdefault(data[box.inside : box.inside + 16], data[box.inside + 16 : box.end])
        elif box.kind == b"xml ":
            notes.append("its XML box left out")
    if _GEOTIFF in found:
        notes.append("its place on a map (GeoTIFF) left out")
    block, iptc = found.get(_PHOTOSHOP, b""), found.get(_IPTC, b"")
    if iptc and not photoshop.part(block, photoshop.IPTC):
        block = photoshop.of_iptc(iptc) + block
    metadata = dataclasses.replace(
        told,
        exif=found.get(_EXIF, told.exif),
        xmp=found.get(_XMP, told.xmp).rstrip(b"\0"),
        icc=told.icc or _jpeg2000_profile(data),
        photoshop=photoshop.without(block, (*photoshop.COPIES, photoshop.ICC)),
    )
    return metadata, tuple(dict.fromkeys(notes))


def _jpeg2000_profile(data: bytes) -> bytes:
    header = next((box for box in avif.boxes(data) if box.kind == b"jp2h"), None)
    if header is None:
        return b""
    for box in avif.boxes(data, header.inside, header.end):
        if box.kind == b"colr" and data[box.inside] in (_RESTRICTED, _ANY_PROFILE):
            return data[box.inside + 3 : box.end]
    return b""


def gif(data: bytes, told: Metadata) -> Told:
    """Adds what lies in the application extensions before a GIF's picture to what Pillow told."""
    position = _GIF_HEADER + _gif_colors(data, 10)
    found: dict[bytes, bytes] = {}
    while data[position : position + 1] == _GIF_EXTENSION and position + 3 < len(data):
        start = position + 3 + data[position + 2]
        if data[position + 1] == _GIF_APPLICATION:
            name = data[position + 3 : start]
            blocks, position = _gif_blocks(data, start)
            raw = data[start:position].partition(_GIF_TRAILER)[0]
            found.setdefault(name, raw if name == _GIF_XMP else blocks)
        else:
            _, position = _gif_blocks(data, position + 2)
    metadata = dataclasses.replace(
        told, xmp=found.get(_GIF_XMP, told.xmp), icc=found.get(_GIF_ICC, told.icc)
    )
    return metadata, ()


def _gif_colors(data: bytes, flags: int) -> int:
    """The length of the table of colours that these flags tell of."""
    told = data[flags] if flags < len(data) else 0
    return 3 << (told & 7) + 1 if told & 0x80 else 0


def _gif_blocks(data: bytes, position: int) -> tuple[bytes, int]:
    """What blocks hold, and where they end."""
    inside = bytearray()
    while position < len(data) and data[position]:
        end = position + 1 + data[position]
        inside += data[position + 1 : end]
        position = end
    return bytes(inside), position + 1


def bmp(data: bytes, told: Metadata) -> Told:
    """Adds the profile of a BMP of version 5 to what Pillow told."""
    header = data[_BMP_HEADER : _BMP_HEADER + _BMP_V5]
    if int.from_bytes(header[:4], "little") < _BMP_V5 or header[56:60] != _BMP_EMBEDDED:
        return told, ()
    start = _BMP_HEADER + int.from_bytes(header[112:116], "little")
    size = int.from_bytes(header[116:120], "little")
    return dataclasses.replace(told, icc=data[start : start + size]), ()
