"""The marker: what a compact image's file says about the photograph that it came from.

A JPEG carries it in an APP10 segment, a WebP in a chunk, an AVIF in a box of their own;
`docs/marker.md` lists the bytes. Viewers skip it. Nothing that it says is believed before it is
checked. Neither JAX nor Pillow is needed here.
"""

import dataclasses
import re
from collections.abc import Iterator, Sequence

from jaxshrink.errors import DataError

VERSION = 1
HASH_BYTES = 4
# Of a photograph: what is larger is refused before memory is taken for it.
DEFAULT_MAX_PIXELS = 200_000_000
# Of a side of the photograph: a compact image of scale 2 of JPEG's largest.
MAX_SIDE = 2 * 65535

_IDENTIFIER = b"JXS\x00"
_START_OF_IMAGE = b"\xff\xd8"
_APP10 = 0xEA
_NAME = re.compile(rb"[a-z0-9][a-z0-9._-]{0,31}")
_START_OF_SCAN = 0xDA
_CHUNK = b"JXSM"
_UUID = b"jaxshrink.marker"
_MAX_VARINT_BYTES = 3


@dataclasses.dataclass(frozen=True)
class Marker:
    """What is needed to expand a compact image.

    Attributes:
      size: (H, W) of the photograph.
      scale: the compact image's, 2 or 1.
      model: the name of the model that made it.
      model_hash: the first bytes of that model's hash.
      quality: 1..100 where the file itself does not tell the quantization, else 0.
    """

    size: tuple[int, int]
    scale: int
    model: str
    model_hash: bytes
    quality: int = 0

    @property
    def compact_size(self) -> tuple[int, int]:
        """(h, w) that the compact image must have."""
        height, width = self.size
        return -(-height // self.scale), -(-width // self.scale)

    def to_bytes(self) -> bytes:
        """The marker's payload: identifier to name."""
        height, width = self.size
        fields = bytes([VERSION, self.scale, self.quality]) + _varint(width) + _varint(height)
        payload = _IDENTIFIER + fields + self.model_hash + self.model.encode()
        if _parse(payload) != self:
            raise DataError(f"{self} cannot be written")
        return payload


def is_model_name(name: str) -> bool:
    """Whether a marker can name a model so."""
    return _NAME.fullmatch(name.encode()) is not None


def kind(file: bytes) -> str | None:
    """What a file is by its first bytes: "JPEG", "WEBP", "AVIF", or None of them."""
    if file[:2] == _START_OF_IMAGE:
        return "JPEG"
    if file[:4] == b"RIFF" and file[8:12] == b"WEBP":
        return "WEBP"
    if file[4:8] == b"ftyp" and b"avif" in file[8 : max(8, min(_big(file[:4]), 256))]:
        return "AVIF"
    return None


def attach(file: bytes, marker: Marker) -> bytes:
    """Returns a JPEG, WebP or AVIF with the marker in it; raises ValueError if it is none."""
    payload = marker.to_bytes()
    file_kind = kind(file)
    if file_kind == "JPEG":
        return add_segments(file, [(_APP10, payload)])
    if file_kind == "WEBP":
        height, width = marker.compact_size
        return add_chunks(file, [(_CHUNK, payload)], (height, width))
    if file_kind == "AVIF":
        return file + _box(_UUID + payload)
    raise ValueError("no JPEG, WebP or AVIF")


def find(file: bytes) -> Marker | None:
    """Returns the marker of a file, or None if it has none, or is of no kind that may have one.

    Raises:
      DataError: if there is a marker that cannot be right, or more than one.
    """
    finders = {"JPEG": _app10_segments, "WEBP": _marker_chunks, "AVIF": _marker_boxes}
    file_kind = kind(file)
    payloads = [] if file_kind is None else finders[file_kind](file)
    payloads = [payload for payload in payloads if payload.startswith(_IDENTIFIER)]
    if len(payloads) > 1:
        raise DataError("more than one marker")
    return _parse(payloads[0]) if payloads else None


def readable(file: bytes) -> Marker | None:
    """The marker of a file; None as well where there is one that cannot be right."""
    try:
        return find(file)
    except DataError:
        return None


def placed(marker: Marker, size: tuple[int, int]) -> tuple[Marker | None, tuple[str, ...]]:
    """A marker as it holds for a picture that may have been turned, cropped or resized since.

    Args:
      marker: what the picture's file holds.
      size: (h, w) of the picture as it is stored.

    Returns:
      The marker with the size that the picture is to be restored to; None for a picture that is as
      large as the photograph already. And what was found, one line each.
    """
    turned = dataclasses.replace(marker, size=marker.size[::-1])
    if marker.compact_size == size:
        return marker, ()
    if turned.compact_size == size:
        return turned, ("was turned after it was made",)
    height, width = size
    for full in (marker.size, turned.size):
        if marker.scale > 1 and height >= full[0] and width >= full[1]:
            return None, (f"is as large as the photograph already, {width}x{height}: not enlarged",)
    restored = dataclasses.replace(marker, size=(marker.scale * height, marker.scale * width))
    told = "{1}x{0}".format(*marker.compact_size)
    made = "{1}x{0}".format(*restored.size)
    note = f"was {told} when it was made, and is {width}x{height}: restored to {made}"
    return restored, (note,)


def add_segments(jpeg: bytes, segments: Sequence[tuple[int, bytes]]) -> bytes:
    """Puts application segments, (second byte of their code, payload), after a JPEG's JFIF header.

    Raises:
      ValueError: if it is no JPEG, or a payload is too long for a segment.
    """
    if jpeg[:2] != _START_OF_IMAGE:
        raise ValueError("not a JPEG")
    start = 2
    if jpeg[2:4] == b"\xff\xe0":
        start += 2 + _big(jpeg[4:6])
    added = bytearray()
    for code, payload in segments:
        added += bytes([0xFF, code]) + (len(payload) + 2).to_bytes(2, "big") + payload
    return jpeg[:start] + added + jpeg[start:]


def add_chunks(
    webp: bytes,
    chunks: Sequence[tuple[bytes, bytes]],
    size: tuple[int, int],
    flags: int = 0,
) -> bytes:
    """Puts chunks, (name of four bytes, payload), at a WebP's end.

    Args:
      webp: the file. One of the simple kind becomes one of the extended kind.
      chunks: what to add; "ICCP" goes before the image, as it must.
      size: (h, w) of its image.
      flags: of the extended kind's header that become set.
    """
    found = [(name, webp[start:end]) for name, start, end in _chunks(webp)]
    if found[0][0] != b"VP8X":
        # Flag 0x10 says that there may be transparency; we write none.
        canvas = (size[1] - 1).to_bytes(3, "little") + (size[0] - 1).to_bytes(3, "little")
        found.insert(0, (b"VP8X", bytes(4) + canvas))
    header = found[0][1]
    found[0] = (b"VP8X", bytes([header[0] | flags]) + header[1:])
    for name, payload in chunks:
        found.insert(1 if name == b"ICCP" else len(found), (name, payload))
    body = bytearray(b"WEBP")
    for name, payload in found:
        body += name + len(payload).to_bytes(4, "little") + payload + bytes(len(payload) % 2)
    return b"RIFF" + len(body).to_bytes(4, "little") + bytes(body)


def _app10_segments(jpeg: bytes) -> list[bytes]:
    """The payloads before the first scan; none behind what is broken off."""
    payloads = []
    position = 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        code = jpeg[position + 1]
        if code == 0xFF:  # padding
            position += 1
            continue
        length = _big(jpeg[position + 2 : position + 4])
        end = position + 2 + length
        if code == _START_OF_SCAN or length < 2 or end > len(jpeg):
            break
        if code == _APP10:
            payloads.append(jpeg[position + 4 : end])
        position = end
    return payloads


def _chunks(webp: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, start, end) of every payload that lies inside of the file."""
    position = 12
    while position + 8 <= len(webp):
        start = position + 8
        end = start + int.from_bytes(webp[position + 4 : start], "little")
        if end > len(webp):
            return
        yield webp[position : position + 4], start, end
        position = end + end % 2


def _marker_chunks(webp: bytes) -> list[bytes]:
    return [webp[start:end] for name, start, end in _chunks(webp) if name == _CHUNK]


def _marker_boxes(avif: bytes) -> list[bytes]:
    """The payloads of our boxes at the top level."""
    payloads = []
    position = 0
    while position + 8 <= len(avif):
        length, start = _big(avif[position : position + 4]), position + 8
        if length == 1:
            length, start = _big(avif[position + 8 : position + 16]), position + 16
        end = position + length
        if end < start or end > len(avif):  # 0, "to the end of the file", included
            break
        if avif[position + 4 : position + 8] == b"uuid" and avif[start : start + 16] == _UUID:
            payloads.append(avif[start + 16 : end])
        position = end
    return payloads


def _box(payload: bytes) -> bytes:
    return (len(payload) + 8).to_bytes(4, "big") + b"uuid" + payload


def _big(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _parse(payload: bytes) -> Marker:
    try:
        version, scale, quality = payload[4:7]
        if version != VERSION:
            raise DataError(f"marker of version {version}; this program knows {VERSION}")
        width, position = _read_varint(payload, 7)
        height, position = _read_varint(payload, position)
    except (IndexError, ValueError):
        raise DataError("marker broken off") from None
    model_hash = payload[position : position + HASH_BYTES]
    name = payload[position + HASH_BYTES :]
    if scale not in (1, 2) or quality > 100:
        raise DataError(f"marker with scale {scale}, quality {quality}")
    if not (1 <= height <= MAX_SIDE and 1 <= width <= MAX_SIDE):
        raise DataError(f"marker with a size of {width}x{height}")
    if not _NAME.fullmatch(name):
        raise DataError("marker without the name of a model")
    return Marker((height, width), scale, name.decode(), model_hash, quality)


def _varint(value: int) -> bytes:
    """Unsigned LEB128: seven bits a byte, the lowest first, the eighth says that more follow."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _read_varint(data: bytes, position: int) -> tuple[int, int]:
    """The value and where it ends; raises ValueError if it is longer than need be."""
    value = 0
    for index in range(_MAX_VARINT_BYTES):
        byte = data[position + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            if byte == 0 and index:
                raise ValueError("longer than need be")
            return value, position + index + 1
    raise ValueError("too long")
