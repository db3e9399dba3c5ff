"""Metadata taken out of a file whose picture stays as it is, bit for bit."""

import dataclasses
import re
from collections.abc import Callable

from jaxshrink.errors import DataError
from jaxshrink.files import avif, color, markers, photoshop
from jaxshrink.files.exif import ORIENTATION, SHORT, Exif, is_exif, minimal
from jaxshrink.files.exif_changes import is_adobe_rgb, remove_place
from jaxshrink.files.metadata import Metadata, is_of_place, packet_without_place, without_place
from jaxshrink.files.reading import PROFILE_KEYWORD, XMP_KEYWORD, orientation_of, read_metadata
from jaxshrink.files.reading_jpeg import (
    EXIF_HEADER,
    EXTENSION_HEADER,
    GAIN_MAP_HEADER,
    ICC_HEADER,
    XMP_HEADER,
    read_jpeg,
)
from jaxshrink.files.segments import (
    APP0,
    APP14,
    COMMENT,
    PNG_SIGNATURE,
    Part,
    jpeg_end,
    jpeg_segments,
    png_chunk,
    png_chunks,
    webp_chunks,
)
from jaxshrink.files.writing import add_metadata

ALL, PLACE, NOTHING = "all", "gps", "nothing"  # what to take out

_APP15 = 0xEF
_OUR_MARKER = b"JXS\0"
# What changes how a PNG looks, beside what it cannot be without.
_OF_LOOKS = (
    b"tRNS",
    b"gAMA",
    b"cHRM",
    b"sRGB",
    b"iCCP",
    b"cICP",
    b"sBIT",
    b"mDCV",
    b"cLLI",
    b"acTL",
)
_PROFILE_FLAG, _EXIF_FLAG, _XMP_FLAG = 0x20, 0x08, 0x04


# Formats without a place for metadata that is not read: a PPM without a comment in its header.
_SIMPLE = re.compile(rb"BM|GIF8|P4\s\d+\s\d+\s|P[56]\s\d+\s\d+\s\d+\s")
# Comments and applications' data, wherever they are; or what looks so.
_GIF_EXTENSION = re.compile(rb"!(?:\xfe|\xff\x0b)")

Cleaned = tuple[bytes, tuple[str, ...]]


def without_metadata(data: bytes, what: str) -> Cleaned:
    """A JPEG, PNG, WebP or AVIF without some metadata; its picture is as it was, and looks so.

    A GIF, BMP or PPM that has none of them is returned as it is.

    What tells how the picture looks stays: a colour profile that is not sRGB's, and the
    orientation, in EXIF of its own. Whatever lies behind a JPEG goes in both cases: films and
    further pictures have metadata of their own.

    Args:
      data: the file.
      what: `ALL`, or `PLACE`: where the photograph was taken, coordinates and names.

    Returns:
      The file, and a line for each thing that its owner may not expect to be gone.

    Raises:
      DataError: if it is a file of another format, or cannot be taken apart.
    """
    kind = "PNG" if data.startswith(PNG_SIGNATURE) else markers.kind(data)
    of_kind: dict[str | None, Callable[[bytes, str], bytes]] = {
        "PNG": _png,
        "WEBP": _webp,
        "AVIF": _avif,
    }
    if kind == "JPEG":
        return _jpeg(data, what)
    if kind not in of_kind:
        if _says_nothing(data, what):
            return data, ()
        raise DataError("metadata cannot be taken out of a file of this format")
    return of_kind[kind](data, what), ()


def _says_nothing(data: bytes, what: str) -> bool:
    """Whether it is a GIF, BMP or PPM, of which all that could be metadata is read, without any."""
    if not _SIMPLE.match(data) or (data.startswith(b"GIF") and _GIF_EXTENSION.search(data)):
        return False
    metadata = read_metadata(data)
    return metadata == (Metadata() if what == ALL else without_place(metadata))


def _jpeg(data: bytes, what: str) -> Cleaned:
    parts = list(jpeg_segments(data))
    metadata, notes = read_jpeg(data)
    bare = bytearray(data[:2])
    for part in parts:
        if _is_needed(part) or (what == PLACE and _is_carried(part)):
            bare += data[part.start : part.end]
    bare += data[max((part.end for part in parts), default=2) : jpeg_end(data)]
    kept = _only_looks(metadata) if what == ALL else without_place(metadata)
    # The density stays where it is, in the JFIF header.
    return add_metadata(bytes(bare), dataclasses.replace(kept, resolution=None), (0, 0)), notes


def _only_looks(metadata: Metadata) -> Metadata:
    """What tells how a picture looks."""
    icc = metadata.icc
    if not icc and is_exif(metadata.exif) and is_adobe_rgb(Exif(metadata.exif)):
        icc = color.adobe_rgb()
    return Metadata(
        exif=_only_orientation(metadata), icc=b"" if icc and color.is_srgb(icc) else icc
    )


def _is_carried(part: Part) -> bool:
    """Whether an application segment is none that is read, or refers to what goes."""
    code, payload = part.name[0], part.payload
    known = (EXIF_HEADER, XMP_HEADER, EXTENSION_HEADER, ICC_HEADER, photoshop.SIGNATURE)
    refers = payload.startswith((b"MPF\0", GAIN_MAP_HEADER))
    is_read = payload.startswith(known) or code == COMMENT
    return not (is_read or refers or is_of_place(payload))


def _is_needed(part: Part) -> bool:
    """Whether decoding needs it, or we."""
    code = part.name[0]
    if code in (APP0, APP14):
        return True
    return not (APP0 <= code <= _APP15 or code == COMMENT) or part.payload.startswith(_OUR_MARKER)


def _only_orientation(metadata: Metadata) -> bytes:
    """EXIF that says how the pixels lie, and nothing else; b"" where they are upright."""
    orientation = orientation_of(metadata)
    if orientation == 1:
        return b""
    return minimal([(ORIENTATION, SHORT, 1, orientation.to_bytes(2, "big"))])


def _exif_without_place(exif: bytes) -> bytes:
    if not is_exif(exif):
        return b""
    editor = Exif(exif)
    remove_place(editor)
    return bytes(editor)


def _png(data: bytes, what: str) -> bytes:
    kept, end = bytearray(PNG_SIGNATURE), len(PNG_SIGNATURE)
    for chunk in png_chunks(data):
        end = chunk.end
        payload = _chunk_without(chunk, what)
        if payload is not None:
            kept += png_chunk(chunk.name, payload)
    if end == len(PNG_SIGNATURE):
        raise DataError("broken PNG")
    return bytes(kept)


def _chunk_without(chunk: Part, what: str) -> bytes | None:
    name, payload = chunk.name, chunk.payload
    is_ancillary = bool(name[0] & 0x20)
    if not is_ancillary or name in _OF_LOOKS or name in (b"fcTL", b"fdAT"):
        return payload
    if name == b"eXIf":
        exif = payload.removeprefix(EXIF_HEADER)
        if what == PLACE:
            return _exif_without_place(exif)
        return _only_orientation(Metadata(exif=exif)) or None
    if what == ALL:
        return None
    if name in (b"tEXt", b"zTXt", b"iTXt"):
        return _text_without_place(name, payload)
    return payload


def _text_without_place(name: bytes, payload: bytes) -> bytes | None:
    keyword = payload.partition(b"\0")[0]
    if keyword == XMP_KEYWORD.encode():
        head = keyword + bytes(5)
        if payload.startswith(head):
            return head + packet_without_place(payload[len(head) :])
        return None  # compressed, or in a language: it may tell the place
    if keyword.startswith(PROFILE_KEYWORD.encode()) or name == b"zTXt":
        return None
    return None if is_of_place(payload) else payload


def _webp(data: bytes, what: str) -> bytes:
    kept, cleared = [], 0
    for chunk in webp_chunks(data):
        name, payload = chunk.name, chunk.payload
        if name == b"EXIF":
            exif = payload.removeprefix(EXIF_HEADER)
            if what == PLACE:
                payload = _exif_without_place(exif)
            else:
                payload = _only_orientation(Metadata(exif=exif))
            cleared |= 0 if payload else _EXIF_FLAG
        elif name == b"XMP ":
            payload = packet_without_place(payload) if what == PLACE else b""
            cleared |= 0 if payload else _XMP_FLAG
        elif name == b"ICCP" and what == ALL and color.is_srgb(payload):
            payload, cleared = b"", cleared | _PROFILE_FLAG
        if payload or name not in (b"EXIF", b"XMP ", b"ICCP"):
            kept.append((name, payload))
    body = bytearray(b"WEBP")
    for name, payload in kept:
        if name == b"VP8X" and payload:
            payload = bytes([payload[0] & ~cleared]) + payload[1:]
        body += name + len(payload).to_bytes(4, "little") + payload + bytes(len(payload) % 2)
    return b"RIFF" + len(body).to_bytes(4, "little") + bytes(body)


def _avif(data: bytes, what: str) -> bytes:
    """Overwrites EXIF and XMP where they lie, so that nothing moves."""
    changed = bytearray(data)
    for item in avif.described(data):
        payload = data[item.start : item.end]
        skipped = 4 + int.from_bytes(payload[:4], "big") if item.kind == b"Exif" else 0
        head, payload = payload[:skipped], payload[skipped:]
        if what == ALL:
            new = minimal() if item.kind == b"Exif" else b""
        elif item.kind == b"Exif":
            new = _exif_without_place(payload.removeprefix(EXIF_HEADER))
        else:
            new = packet_without_place(payload)
        filler = bytes(1) if item.kind == b"Exif" else b" "
        changed[item.start : item.end] = (head + new).ljust(item.end - item.start, filler)
    return bytes(changed)
