"""Photoshop's image resources, which carry IPTC: caption, keywords, by-line, copyright."""

import dataclasses
from collections.abc import Callable, Iterable
from fractions import Fraction

SIGNATURE = b"Photoshop 3.0\0"

IPTC, RESOLUTION, IPTC_DIGEST, ICC = 0x0404, 0x03ED, 0x0425, 0x040F
EXIF, XMP = 0x0422, 0x0424
THUMBNAILS = (0x0409, 0x040C)
# EXIF and XMP have places of their own.
COPIES = (EXIF, 0x0423, XMP)

# Content location code and name; city, sublocation, province, country code and name.
_PLACE = (26, 27, 90, 92, 95, 100, 101)
_APPLICATION_RECORD = 2


@dataclasses.dataclass(frozen=True)
class Resource:
    """One of them: its number, its name with a length before it, padded, and what it holds."""

    number: int
    name: bytes
    data: bytes

    def __bytes__(self) -> bytes:
        head = b"8BIM" + self.number.to_bytes(2, "big") + self.name
        return head + len(self.data).to_bytes(4, "big") + self.data + bytes(len(self.data) % 2)


def resources(data: bytes) -> list[Resource] | None:
    """The resources of a block; None if it is none of a kind that we know."""
    found, position = [], 0
    while position + 12 <= len(data) and data[position : position + 4] == b"8BIM":
        number = int.from_bytes(data[position + 4 : position + 6], "big")
        length = 1 + data[position + 6]
        named = position + 6 + length + length % 2
        size = int.from_bytes(data[named : named + 4], "big")
        end = named + 4 + size
        if end > len(data):
            return None
        found.append(Resource(number, data[position + 6 : named], data[named + 4 : end]))
        position = end + size % 2
    return None if data[position:].strip(b"\0") else found


def joined(parts: Iterable[Resource]) -> bytes:
    """A block of resources."""
    return b"".join(map(bytes, parts))


def of_iptc(iptc: bytes) -> bytes:
    """A block with IPTC alone."""
    return bytes(Resource(IPTC, b"\0\0", iptc))


def part(data: bytes, number: int) -> bytes:
    """What one resource of a block holds."""
    return next((found.data for found in resources(data) or () if found.number == number), b"")


def without(data: bytes, numbers: Iterable[int]) -> bytes:
    """A block without some resources; one of a kind that we do not know stays as it is."""
    unwanted = set(numbers)
    found = resources(data)
    if found is None or not any(one.number in unwanted for one in found):
        return data
    return joined(one for one in found if one.number not in unwanted)


def at_resolution(data: bytes, factor: Fraction) -> bytes:
    """A block whose picture has `factor` times as many pixels per inch."""

    def scale(found: Resource) -> Resource:
        if found.number != RESOLUTION or len(found.data) < 16 or factor == 1:
            return found
        across, down = (
            round(int.from_bytes(found.data[i : i + 4], "big") * factor) for i in (0, 8)
        )
        fields = [number.to_bytes(4, "big") for number in (across, down)]
        changed = fields[0] + found.data[4:8] + fields[1] + found.data[12:]
        return dataclasses.replace(found, data=changed)

    return _changed(data, scale)


def without_place(data: bytes) -> bytes:
    """A block whose IPTC does not say where the photograph was taken."""
    found = resources(data)
    if found is None:
        return b""  # what cannot be read may hold it
    data = without(data, COPIES)
    iptc = part(data, IPTC)
    cleaned = iptc_without_place(iptc)
    if cleaned == iptc:
        return data
    data = without(data, (IPTC_DIGEST,))
    return _changed(
        data, lambda one: dataclasses.replace(one, data=cleaned) if one.number == IPTC else one
    )


def _changed(data: bytes, change: Callable[[Resource], Resource]) -> bytes:
    found = resources(data)
    if found is None:
        return data
    changed = [change(one) for one in found]
    return data if changed == found else joined(changed)


def iptc_without_place(iptc: bytes) -> bytes:
    """IPTC without the place; what follows an error is left out."""
    kept, position = bytearray(), 0
    while position + 5 <= len(iptc) and iptc[position] == 0x1C:
        record, dataset = iptc[position + 1 : position + 3]
        length, start = int.from_bytes(iptc[position + 3 : position + 5], "big"), position + 5
        if length & 0x8000:  # the length of the length
            start += length & 0x7FFF
            length = int.from_bytes(iptc[position + 5 : start], "big")
        end = start + length
        if end > len(iptc):
            break
        if not (record == _APPLICATION_RECORD and dataset in _PLACE):
            kept += iptc[position:end]
        position = end
    return bytes(kept)
