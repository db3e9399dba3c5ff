"""The marker: what a compact image's file says about the photograph that it came from.

A JPEG carries it as one APP10 segment right after the start of the image; `docs/marker.md` lists
its bytes. Viewers skip it. Nothing that it says is believed before it is checked.
"""

import dataclasses
import re

from jaxshrink.errors import DataError

VERSION = 1
HASH_BYTES = 4
# Of a side of the photograph: a compact image of scale 2 of JPEG's largest.
MAX_SIDE = 2 * 65535

_IDENTIFIER = b"JXS\x00"
_START_OF_IMAGE = b"\xff\xd8"
_APP10 = b"\xff\xea"
_NAME = re.compile(rb"[a-z0-9][a-z0-9._-]{0,31}")
_START_OF_SCAN = 0xDA


@dataclasses.dataclass(frozen=True)
class Marker:
    """What is needed to expand a compact image.

    Attributes:
      size: (H, W) of the photograph.
      scale: of the compact image: 2 or 1.
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
        _parse(payload)  # what cannot be read is not written
        return payload


def attach(jpeg: bytes, marker: Marker) -> bytes:
    """Returns a JPEG with the marker in it."""
    if jpeg[:2] != _START_OF_IMAGE:
        raise ValueError("not a JPEG")
    payload = marker.to_bytes()
    segment = _APP10 + (len(payload) + 2).to_bytes(2, "big") + payload
    return jpeg[:2] + segment + jpeg[2:]


def find(jpeg: bytes) -> Marker | None:
    """Returns the marker of a JPEG, or None if it has none.

    Raises:
      DataError: if there is a marker that cannot be right.
    """
    for payload in _app10_segments(jpeg):
        if payload.startswith(_IDENTIFIER):
            return _parse(payload)
    return None


def _app10_segments(jpeg: bytes) -> list[bytes]:
    """The payloads before the first scan; none of what is no JPEG, or broken off."""
    payloads = []
    position = 2
    if jpeg[:2] != _START_OF_IMAGE:
        return []
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        kind = jpeg[position + 1]
        if kind == 0xFF:  # padding
            position += 1
            continue
        length = int.from_bytes(jpeg[position + 2 : position + 4], "big")
        end = position + 2 + length
        if kind == _START_OF_SCAN or length < 2 or end > len(jpeg):
            break
        if kind == _APP10[1]:
            payloads.append(jpeg[position + 4 : end])
        position = end
    return payloads


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
    value = 0
    for shift in (0, 7, 14):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
    raise ValueError("too long")
