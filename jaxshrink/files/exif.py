"""EXIF, changed in place: whatever is not asked for keeps its bytes and its offsets.

Maker notes point at places in their file by numbers that nobody else knows, so nothing is moved.
What grows is appended, and what is taken out is overwritten with zeros.
"""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Literal

ORIENTATION = 0x0112
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
IPTC, PHOTOSHOP = 0x83BB, 0x8649
# GeoTIFF says where on earth a picture's pixels lie.
GEOTIFF = (0x830E, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1)
SHORT, LONG, RATIONAL, UNDEFINED = 3, 4, 5, 7
INCH, CENTIMETRE = 2, 3
LENGTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

DETAILS, GPS, INTEROPERABILITY = 0x8769, 0x8825, 0xA005
THUMBNAIL, THUMBNAIL_LENGTH = 0x0201, 0x0202
_MOST = 2**32 - 1

Order = Literal["little", "big"]


@dataclasses.dataclass(frozen=True)
class Entry:
    """One tag of a directory.

    Attributes:
      tag, kind, count: as they are written.
      at: where its twelve bytes begin.
      start, end: where its value lies.
    """

    tag: int
    kind: int
    count: int
    at: int
    start: int
    end: int


def is_exif(data: bytes) -> bool:
    """Whether it begins as EXIF does, without the header that a JPEG puts before it."""
    return data[:4] in (b"II*\0", b"MM\0*") and len(data) >= 8


def minimal(entries: Sequence[tuple[int, int, int, bytes]] = ()) -> bytes:
    """EXIF with these entries alone, see `Exif.add`."""
    exif = Exif(b"MM\0*" + (8).to_bytes(4, "big") + bytes(6))
    exif.add(entries)
    return b"MM\0*" + (8).to_bytes(4, "big") + _moved(exif)


def _moved(exif: "Exif") -> bytes:
    """The one directory of EXIF made here, without the empty one before it."""
    start = exif.number(4, 4)
    shift = start - 8
    for entry in exif.entries(start):
        if entry.end - entry.start > 4:
            exif.put(entry.at + 8, 4, entry.start - shift)
    return bytes(exif.data[start:])


class Exif:
    """EXIF in memory.

    Args:
      data: from the TIFF header on; `is_exif` says whether it is any.
    """

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data)
        self.order: Order = "little" if data[:2] == b"II" else "big"

    def __bytes__(self) -> bytes:
        return bytes(self.data)

    def number(self, start: int, length: int) -> int:
        return int.from_bytes(self.data[start : start + length], self.order)

    def put(self, start: int, length: int, value: int) -> None:
        """Writes a number, where it lies inside of the data."""
        if start + length <= len(self.data):
            self.data[start : start + length] = value.to_bytes(length, self.order)

    @property
    def first(self) -> int:
        """Where the directory of the picture lies."""
        return self.number(4, 4)

    def entries(self, directory: int) -> list[Entry]:
        """Those of a directory that lie, value and all, inside of the data."""
        found = []
        for at in self._places(directory):
            tag, kind, count = self.number(at, 2), self.number(at + 2, 2), self.number(at + 4, 4)
            length = LENGTHS.get(kind, 1) * count
            start = at + 8 if length <= 4 else self.number(at + 8, 4)
            if start + length <= len(self.data):
                found.append(Entry(tag, kind, count, at, start, start + length))
        return found

    def _places(self, directory: int) -> range:
        if not 8 <= directory <= len(self.data) - 2:
            return range(0)
        first = directory + 2
        end = min(first + 12 * self.number(directory, 2), len(self.data) - 11)
        return range(first, end, 12)

    def find(self, directory: int, tag: int) -> Entry | None:
        return next((entry for entry in self.entries(directory) if entry.tag == tag), None)

    def below(self, tag: int, directory: int | None = None) -> int:
        """Where the directory lies that an entry points at; 0 for none."""
        entry = self.find(self.first if directory is None else directory, tag)
        return 0 if entry is None or entry.kind not in (LONG, 13) else self.number(entry.start, 4)

    @property
    def details(self) -> int:
        """Where the directory of the exposure lies; 0 for none."""
        return self.below(DETAILS)

    def whole(self, directory: int, tag: int) -> int | None:
        """The whole number behind a tag."""
        entry = self.find(directory, tag)
        if entry is None or entry.kind not in (SHORT, LONG) or entry.count < 1:
            return None
        return self.number(entry.start, LENGTHS[entry.kind])

    def value(self, tag: int) -> bytes:
        """The bytes behind a tag of the picture's directory; b"" if there is none."""
        entry = self.find(self.first, tag)
        return b"" if entry is None else bytes(self.data[entry.start : entry.end])

    def set_whole(self, directory: int, tag: int, value: int) -> None:
        """Sets a single whole number that is there."""
        entry = self.find(directory, tag)
        if entry is None or entry.kind not in (SHORT, LONG) or entry.count != 1:
            return
        if value > 0xFFFF and entry.kind == SHORT:
            self.put(entry.at + 2, 2, LONG)
            entry = dataclasses.replace(entry, kind=LONG)
        self.put(entry.start, LENGTHS[entry.kind], value)

    def fraction(self, directory: int, tag: int) -> Fraction | None:
        """The fraction behind a tag."""
        entry = self.find(directory, tag)
        if entry is None or entry.kind != RATIONAL or entry.count < 1:
            return None
        below = self.number(entry.start + 4, 4)
        return Fraction(self.number(entry.start, 4), below) if below else None

    def set_fraction(self, directory: int, tag: int, value: Fraction) -> None:
        """Sets a fraction that is there, its denominator as it was, where that is exact."""
        entry = self.find(directory, tag)
        if entry is None or entry.kind != RATIONAL or entry.count < 1:
            return
        below = self.number(entry.start + 4, 4)
        if not below or (value * below).denominator != 1 or value * below > _MOST:
            value = value.limit_denominator(10**5)
            below = value.denominator
        if value * below <= _MOST:
            self.put(entry.start, 4, int(value * below))
            self.put(entry.start + 4, 4, below)

    def remove(self, directory: int, unwanted: Callable[[int], bool]) -> None:
        """Takes the entries of some tags out of a directory, their values, too."""
        places = self._places(directory)
        kept = [at for at in places if not unwanted(self.number(at, 2))]
        if len(kept) == len(places):
            return
        table = b"".join(bytes(self.data[at : at + 12]) for at in kept)
        end = min(directory + 2 + 12 * len(places) + 4, len(self.data))
        table += bytes(self.data[directory + 2 + 12 * len(places) : end])  # the link
        for entry in self.entries(directory):
            if unwanted(entry.tag) and entry.end - entry.start > 4:
                self.erase(entry.start, entry.end)
        # Last, for a damaged directory may overlap its values.
        self.data[directory : directory + 2] = len(kept).to_bytes(2, self.order)
        self.data[directory + 2 : end] = table.ljust(end - directory - 2, b"\0")

    def trim(self) -> None:
        """Cuts off the zeros at the end that nothing refers to."""
        directories = [self.first, self.details, self.second, self.below(GPS)]
        directories.append(self.below(INTEROPERABILITY, self.details))
        ends = [entry.end for start in directories for entry in self.entries(start)]
        ends += [at + 2 + 12 * self.number(at, 2) + 4 for at in directories if at]
        ends += [self.thumbnail[1] if self.thumbnail else 0, len(self.data.rstrip(b"\0"))]
        del self.data[max(ends) :]

    def erase(self, start: int, end: int) -> None:
        """Overwrites with zeros."""
        self.data[start:end] = bytes(max(0, end - start))

    def add(self, entries: Iterable[tuple[int, int, int, bytes]]) -> None:
        """Puts (tag, kind, count, value) into the picture's directory, which moves to the end."""
        added = {entry[0]: entry for entry in entries}
        old = {e.tag: e for e in self.entries(self.first)}
        last = self.first + 2 + 12 * self.number(self.first, 2)
        link = self.number(last, 4) if last + 4 <= len(self.data) else 0
        self.data += bytes(len(self.data) % 2)
        directory = len(self.data)
        tags = sorted(old.keys() | added.keys())
        end = directory + 2 + 12 * len(tags) + 4
        table, values = bytearray(len(tags).to_bytes(2, self.order)), bytearray()
        for tag in tags:
            if tag not in added:
                table += self.data[old[tag].at : old[tag].at + 12]
                continue
            _, kind, count, value = added[tag]
            table += tag.to_bytes(2, self.order) + kind.to_bytes(2, self.order)
            table += count.to_bytes(4, self.order)
            if len(value) <= 4:
                table += value.ljust(4, b"\0")
            else:
                table += (end + len(values)).to_bytes(4, self.order)
                values += value + bytes(len(value) % 2)
        self.data += table + link.to_bytes(4, self.order) + values
        self.put(4, 4, directory)

    def packed(self, numbers: Iterable[int], length: int) -> bytes:
        """Whole numbers as they are written here."""
        return b"".join(number.to_bytes(length, self.order) for number in numbers)

    @property
    def thumbnail(self) -> tuple[int, int] | None:
        """(start, end) of the small JPEG."""
        directory = self.second
        start = self.whole(directory, THUMBNAIL)
        length = self.whole(directory, THUMBNAIL_LENGTH)
        if not start or not length or start + length > len(self.data):
            return None
        return start, start + length

    @property
    def second(self) -> int:
        """Where the directory of the thumbnail lies; 0 for none."""
        if not self._places(self.first):
            return 0
        place = self.first + 2 + 12 * self.number(self.first, 2)
        return self.number(place, 4) if place + 4 <= len(self.data) else 0
