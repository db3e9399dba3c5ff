"""The EXIF of a TIFF: the file is one, with the picture in it, so that what is not of the picture's
storage is copied out of it."""

import dataclasses
from collections.abc import Iterator

from jaxshrink.files import exif
from jaxshrink.files.exif import LENGTHS, Order

XMP, ICC = 0x02BC, 0x8773

_DIRECTORIES = (0x8769, 0x8825, 0xA005)
# How the pixels are stored, and where; layers; what other places hold.
_OF_STORAGE = {
    *range(0x00FE, 0x0108),
    *(0x010A, 0x0111, 0x0115, 0x0116, 0x0117, 0x0118, 0x0119, 0x011C),
    *range(0x0120, 0x0126),
    *(0x013D, 0x0140, 0x0141, 0x0142, 0x0143, 0x0144, 0x0145, 0x014A),
    *range(0x0152, 0x015C),
    *range(0x0200, 0x020A),
    *(0x0211, 0x0212, 0x0213, 0x0214),
    *(XMP, ICC, exif.IPTC, exif.PHOTOSHOP, 0x935C),
}
# Of raw files.
_OF_RAW = range(0xC612, 0xC800)
_RESOLUTION = (exif.X_RESOLUTION, exif.Y_RESOLUTION, exif.RESOLUTION_UNIT)
# What another page says of its own pixels.
_OF_A_PAGE = {exif.ORIENTATION, ICC, *_RESOLUTION, *exif.GEOTIFF}
# Longer values than this are no descriptions.
_LONGEST = 2**20
_KINDS = {13: 4, 16: 4, 17: 9, 18: 4}  # as EXIF has them


@dataclasses.dataclass(frozen=True)
class Tag:
    """One entry, its value at hand.

    Attributes:
      tag, kind, count: as in a TIFF of 4 bytes an offset.
      value: the value's bytes, in the file's order.
      below: the entries of the directory that it points at.
    """

    tag: int
    kind: int
    count: int
    value: bytes
    below: "tuple[Tag, ...]" = ()


@dataclasses.dataclass(frozen=True)
class Tiff:
    """What a TIFF says of its picture.

    Attributes:
      order: the byte order.
      tags: the entries of its directory.
    """

    order: Order
    tags: tuple[Tag, ...]

    def value(self, number: int) -> bytes:
        return next((tag.value for tag in self.tags if tag.tag == number), b"")

    @property
    def is_located(self) -> bool:
        """Whether GeoTIFF's tags, which are of its pixels, are among them."""
        return any(tag.tag in exif.GEOTIFF for tag in self.tags)

    def exif(self) -> bytes:
        """The EXIF; b"" if there is none."""
        kept = [tag for tag in self.tags if _is_kept(tag)]
        if not kept:
            return b""
        head = (b"II*\0" if self.order == "little" else b"MM\0*") + (8).to_bytes(4, self.order)
        return head + _directory(kept, 8, self.order)


def read_tiff(data: bytes, page: int = 0) -> Tiff:
    """Reads what lies inside of a TIFF or BigTIFF; no tags where it is damaged.

    Args:
      data: the whole file.
      page: that of the picture. What the first page says beside it is of the same photograph.
    """
    order: Order = "little" if data[:2] == b"II" else "big"
    is_big = int.from_bytes(data[2:4], order) == 43
    at = first = int.from_bytes(data[8:16] if is_big else data[4:8], order)
    for _ in range(page):
        at = _next(data, at, order, is_big)
    tags = tuple(_tags(data, at, order, is_big, 2))
    if page:
        own = {tag.tag for tag in tags} | _OF_A_PAGE
        tags += tuple(t for t in _tags(data, first, order, is_big, 2) if t.tag not in own)
    return Tiff(order, tags)


def _next(data: bytes, at: int, order: Order, is_big: bool) -> int:
    """Where the directory after that one lies."""
    head, step, wide = (8, 20, 8) if is_big else (2, 12, 4)
    link = at + head + step * int.from_bytes(data[at : at + head], order)
    return int.from_bytes(data[link : link + wide], order)


def _tags(data: bytes, at: int, order: Order, is_big: bool, depth: int) -> Iterator[Tag]:
    def number(start: int, length: int) -> int:
        return int.from_bytes(data[start : start + length], order)

    head, step, wide = (8, 20, 8) if is_big else (2, 12, 4)
    for place in range(at + head, min(at + head + step * number(at, head), len(data)), step):
        tag, kind = number(place, 2), number(place + 2, 2)
        count = number(place + 4, wide)
        length = {16: 8, 17: 8, 18: 8}.get(kind, LENGTHS.get(kind, 1)) * count
        start = place + 4 + wide if length <= wide else number(place + 4 + wide, wide)
        if start + length > len(data):
            continue
        value = data[start : start + length]
        if tag in _DIRECTORIES:
            if depth and length:
                inside = _tags(data, int.from_bytes(value, order), order, is_big, depth - 1)
                yield Tag(tag, exif.LONG, 1, b"", tuple(inside))
        elif kind in (16, 17, 18):
            numbers = [number(start + 8 * i, 8) & 0xFFFFFFFF for i in range(min(count, _LONGEST))]
            short = b"".join(n.to_bytes(4, order) for n in numbers)
            yield Tag(tag, _KINDS[kind], len(numbers), short)
        else:
            yield Tag(tag, _KINDS.get(kind, kind), count, value)


def _is_kept(tag: Tag) -> bool:
    no_description = tag.tag in _OF_STORAGE or tag.tag in _OF_RAW or tag.tag in exif.GEOTIFF
    return not no_description and len(tag.value) <= _LONGEST


def _directory(tags: list[Tag], at: int, order: Order) -> bytes:
    """A directory that lies there, with all that it points at behind it."""
    end = at + 2 + 12 * len(tags) + 4
    table, behind = bytearray(len(tags).to_bytes(2, order)), bytearray()
    for tag in sorted(tags, key=lambda tag: tag.tag):
        value = tag.value
        table += tag.tag.to_bytes(2, order) + tag.kind.to_bytes(2, order)
        table += tag.count.to_bytes(4, order)
        place = (end + len(behind)).to_bytes(4, order)
        if tag.below or tag.tag in _DIRECTORIES:
            table += place
            behind += _directory(list(tag.below), end + len(behind), order)
        elif len(value) > 4:
            table += place
            behind += value + bytes(len(value) % 2)
        else:
            table += value.ljust(4, b"\0")
    return bytes(table + bytes(4) + behind)
