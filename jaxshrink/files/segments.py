"""The parts that picture files are made of: a JPEG's segments, a PNG's and a WebP's chunks.

All walks end without an error where a file is broken off.
"""

import dataclasses
import re
import zlib
from collections.abc import Iterator

START_OF_IMAGE, END_OF_IMAGE = b"\xff\xd8", b"\xff\xd9"
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
APP0, APP1, APP2, APP13, APP14, COMMENT = 0xE0, 0xE1, 0xE2, 0xED, 0xEE, 0xFE
MAX_PAYLOAD = 65533

_START_OF_SCAN, _END = 0xDA, 0xD9
# Between the bytes of a scan: neither a stuffed byte, nor a restart, nor padding.
_NEXT_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")


@dataclasses.dataclass(frozen=True)
class Part:
    """A segment or a chunk.

    Attributes:
      name: the second byte of a segment's code, as bytes of one; or a chunk's four letters.
      start, end: where the whole part lies in the file.
      payload: what it carries.
    """

    name: bytes
    start: int
    end: int
    payload: bytes


def jpeg_segments(jpeg: bytes) -> Iterator[Part]:
    """The segments before the first scan."""
    position = 2
    while position + 4 <= len(jpeg) and jpeg[position] == 0xFF:
        code = jpeg[position + 1]
        if code == 0xFF:  # padding
            position += 1
            continue
        end = position + 2 + int.from_bytes(jpeg[position + 2 : position + 4], "big")
        if code in (_START_OF_SCAN, _END) or end < position + 4 or end > len(jpeg):
            return
        yield Part(bytes([code]), position, end, jpeg[position + 4 : end])
        position = end


def jpeg_end(jpeg: bytes) -> int:
    """Where the picture ends, its end marker included; the file's length if there is none."""
    position = max((part.end for part in jpeg_segments(jpeg)), default=2)
    while found := _NEXT_MARKER.search(jpeg, position):
        position = found.end()
        if jpeg[position - 1] == _END:
            return position
        position += int.from_bytes(jpeg[position : position + 2], "big")
    return len(jpeg)


def png_chunks(png: bytes) -> Iterator[Part]:
    """All chunks, without a look at their checksums."""
    position = len(PNG_SIGNATURE)
    while position + 12 <= len(png):
        end = position + 12 + int.from_bytes(png[position : position + 4], "big")
        if end > len(png):
            return
        yield Part(png[position + 4 : position + 8], position, end, png[position + 8 : end - 4])
        position = end


def png_chunk(name: bytes, payload: bytes) -> bytes:
    """A whole chunk."""
    checksum = zlib.crc32(name + payload).to_bytes(4, "big")
    return len(payload).to_bytes(4, "big") + name + payload + checksum


def webp_chunks(webp: bytes) -> Iterator[Part]:
    """All chunks."""
    position = 12
    while position + 8 <= len(webp):
        start = position + 8
        end = start + int.from_bytes(webp[position + 4 : start], "little")
        if end > len(webp):
            return
        yield Part(webp[position : position + 4], position, end + end % 2, webp[start:end])
        position = end + end % 2
