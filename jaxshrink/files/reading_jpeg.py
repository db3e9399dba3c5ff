"""From a JPEG's segments to what it says, and what it says of things behind it.

The gain map and the film behind a phone's photograph, which no output holds, are not declared any
more in what is returned.
"""

import dataclasses
from collections.abc import Iterable
from fractions import Fraction

from jaxshrink.files import photoshop, xmp
from jaxshrink.files.exif import CENTIMETRE, INCH
from jaxshrink.files.metadata import Metadata, Resolution, Told, resolution_in_exif
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
)

EXIF_HEADER = b"Exif\x00\x00"
XMP_HEADER = b"http://ns.adobe.com/xap/1.0/\x00"
EXTENSION_HEADER = b"http://ns.adobe.com/xmp/extension/\x00"
ICC_HEADER = b"ICC_PROFILE\x00"
GAIN_MAP_HEADER = b"urn:iso:std:iso:ts:21496:-1\x00"

_JFIF = b"JFIF\x00"
_APP10, _APP12 = 0xEA, 0xEC
_EXTENSION_FIELDS = xmp.GUID_LENGTH + 8


def read_jpeg(data: bytes) -> Told:
    """What a JPEG says, and what of it is lost whatever the output, one line each."""
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
    exact = resolution_in_exif(exif)
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
