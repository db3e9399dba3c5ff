"""EXIF, changed in place: whatever is not asked for keeps its bytes and its offsets.

Maker notes point at places in their file by numbers that nobody else knows, so nothing is moved.
What grows is appended, and what is taken out is overwritten with zeros.
"""

import dataclasses
import io
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from typing import Literal

from PIL import Image

from jaxshrink.files import photoshop

ORIENTATION = 0x0112
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 0x011A, 0x011B, 0x0128
IPTC, PHOTOSHOP = 0x83BB, 0x8649
# GeoTIFF says where on earth a picture's pixels lie.
GEOTIFF = (0x830E, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1)
SHORT, LONG, RATIONAL, UNDEFINED = 3, 4, 5, 7
INCH, CENTIMETRE = 2, 3
LENGTHS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}

_WIDTH, _HEIGHT = 0x0100, 0x0101
_EXIF, _GPS, _INTEROPERABILITY = 0x8769, 0x8825, 0xA005
_INTEROPERABILITY_INDEX = 0x0001
_XMP = 0x02BC  # which belongs elsewhere
_OF_PLACE = (_GPS, _XMP, *GEOTIFF)
_THUMBNAIL, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_COLOR_SPACE = 0xA001
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_FOCAL_PLANE_X, _FOCAL_PLANE_Y = 0xA20E, 0xA20F
_SUBJECT_AREA, _SUBJECT_LOCATION = 0x9214, 0xA214
_SRGB, _ADOBE_RGB, _UNCALIBRATED = 1, 2, 0xFFFF
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_MOST = 2**32 - 1

Order = Literal["little", "big"]


@dataclasses.dataclass(frozen=True)
class Entry:
    """One tag of a directory.

    Attributes:
      tag, kind, count: as they are written.
      at: where its twelve bytes begin.
      start, end: of its value.
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
        return self.below(_EXIF)

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
                self._erase(entry.start, entry.end)
        # Last, for a damaged directory may overlap its values.
        self.data[directory : directory + 2] = len(kept).to_bytes(2, self.order)
        self.data[directory + 2 : end] = table.ljust(end - directory - 2, b"\0")

    def trim(self) -> None:
        """Cuts off the zeros at the end that nothing refers to."""
        directories = [self.first, self.details, self._second(), self.below(_GPS)]
        directories.append(self.below(_INTEROPERABILITY, self.details))
        ends = [entry.end for start in directories for entry in self.entries(start)]
        ends += [at + 2 + 12 * self.number(at, 2) + 4 for at in directories if at]
        ends += [self.thumbnail[1] if self.thumbnail else 0, len(self.data.rstrip(b"\0"))]
        del self.data[max(ends) :]

    def _erase(self, start: int, end: int) -> None:
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
        directory = self._second()
        start = self.whole(directory, _THUMBNAIL)
        length = self.whole(directory, _THUMBNAIL_LENGTH)
        if not start or not length or start + length > len(self.data):
            return None
        return start, start + length

    def _second(self) -> int:
        """Where the directory of the thumbnail lies; 0 for none."""
        if not self._places(self.first):
            return 0
        place = self.first + 2 + 12 * self.number(self.first, 2)
        return self.number(place, 4) if place + 4 <= len(self.data) else 0

    def drop_thumbnail(self) -> None:
        """Takes it out, its directory, too; what it leaves at the end of the data is cut off."""
        directory, place = self._second(), self.thumbnail
        if not directory:
            return
        self.put(self.first + 2 + 12 * self.number(self.first, 2), 4, 0)
        if place is not None:
            if place[1] >= len(self.data) - 1:
                del self.data[place[0] :]
            else:
                self._erase(*place)
        self.remove(directory, lambda tag: True)
        if 0 < directory == len(self.data) - 6:
            del self.data[directory:]

    def turn_thumbnail(self, orientation: int) -> bool:
        """Turns it as `orientation` says, in its place; False where it had to be taken out."""
        place, directory = self.thumbnail, self._second()
        if place is None:
            if not self.entries(directory):
                return True
            self.drop_thumbnail()
            return False
        turned = _turned(bytes(self.data[place[0] : place[1]]), orientation)
        if turned is None:
            self.drop_thumbnail()
            return False
        self._erase(*place)
        self.data[place[0] : place[0] + len(turned)] = turned
        self.set_whole(directory, _THUMBNAIL_LENGTH, len(turned))
        self.set_whole(directory, ORIENTATION, 1)
        if orientation > 4:
            self._swap(directory, _WIDTH, _HEIGHT)
        return True

    def _swap(self, directory: int, one: int, other: int) -> None:
        first, second = self.whole(directory, one), self.whole(directory, other)
        if first is not None and second is not None:
            self.set_whole(directory, one, second)
            self.set_whole(directory, other, first)

    def set_upright(self, orientation: int) -> tuple[str, ...]:
        """Says that the pixels lie as they are shown, after they were turned so; the losses."""
        self.set_whole(self.first, ORIENTATION, 1)
        if orientation not in _TURNS:
            return ()
        lost = []
        if not self.turn_thumbnail(orientation):
            lost.append("the thumbnail in its EXIF, which lay otherwise, left out")
        subject = (_SUBJECT_AREA, _SUBJECT_LOCATION)
        if any(self.find(self.details, tag) for tag in subject):
            self.remove(self.details, lambda tag: tag in subject)
            lost.append("the place of its subject in EXIF, which lay otherwise, left out")
        if orientation > 4:
            pairs = ((self.first, X_RESOLUTION), (self.details, _FOCAL_PLANE_X))
            for directory, tag in pairs:
                x, y = (self.fraction(directory, tag + step) for step in (0, 1))
                if x is not None and y is not None:
                    self.set_fraction(directory, tag, y)
                    self.set_fraction(directory, tag + 1, x)
        return tuple(lost)

    def set_size(self, size: tuple[int, int], factor: Fraction) -> None:
        """Says that the picture has this size, (H, W), which is `factor` times what it had."""
        height, width = size
        for directory, across, down in (
            (self.first, _WIDTH, _HEIGHT),
            (self.details, _PIXEL_WIDTH, _PIXEL_HEIGHT),
        ):
            self.set_whole(directory, across, width)
            self.set_whole(directory, down, height)
        if factor == 1:
            return
        for directory, tag in (
            (self.first, X_RESOLUTION),
            (self.first, Y_RESOLUTION),
            (self.details, _FOCAL_PLANE_X),
            (self.details, _FOCAL_PLANE_Y),
        ):
            value = self.fraction(directory, tag)
            if value is not None:
                self.set_fraction(directory, tag, value * factor)
        for tag in (_SUBJECT_AREA, _SUBJECT_LOCATION):
            entry = self.find(self.details, tag)
            if entry is not None and entry.kind == SHORT:
                for at in range(entry.start, entry.end, 2):
                    self.put(at, 2, min(0xFFFF, round(self.number(at, 2) * factor)))

    def remove_place(self) -> bool:
        """Takes out where the photograph was taken; whether there was anything."""
        found = False
        for holder in (self.first, self.details, self._second()):
            directory = self.below(_GPS, holder)
            if directory:
                self.remove(directory, lambda tag: True)
                self.put(directory, 2, 0)
            if any(entry.tag in _OF_PLACE for entry in self.entries(holder)):
                found = True
                self.remove(holder, lambda tag: tag in _OF_PLACE)
        self._shorten(IPTC, photoshop.iptc_without_place)
        self._shorten(PHOTOSHOP, photoshop.without_place)
        return found

    def _shorten(self, tag: int, change: Callable[[bytes], bytes]) -> None:
        """Puts something shorter in the place of a value; the rest becomes zeros."""
        entry = self.find(self.first, tag)
        if entry is None or entry.end - entry.start <= 4:
            return
        changed = change(bytes(self.data[entry.start : entry.end]))
        unit = LENGTHS.get(entry.kind, 1)
        count = -(-max(len(changed), 5) // unit)  # longer than what lies in the entry itself
        self._erase(entry.start, entry.end)
        self.data[entry.start : entry.start + len(changed)] = changed
        self.put(entry.at + 4, 4, min(count, entry.count))

    @property
    def is_adobe_rgb(self) -> bool:
        """Whether the camera says so, as cameras do that write no profile."""
        space = self.whole(self.details, _COLOR_SPACE)
        index = self.find(self.below(_INTEROPERABILITY, self.details), _INTEROPERABILITY_INDEX)
        told = index is not None and self.data[index.start : index.end].startswith(b"R03")
        return space == _ADOBE_RGB or (told and space == _UNCALIBRATED)

    def set_srgb(self) -> None:
        """Says that the colours are sRGB's, where it says anything of colours."""
        self.set_whole(self.details, _COLOR_SPACE, _SRGB)


def _turned(jpeg: bytes, orientation: int) -> bytes | None:
    """A small JPEG turned, of no more bytes; None where it cannot be."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            if image.width * image.height > 2**20:
                return None
            picture = image.transpose(_TURNS[orientation])
    except Exception:  # Pillow's plugins raise errors of many kinds
        return None
    for quality in (90, 80, 70, 60, 50):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= len(jpeg):
            return file.getvalue()
    return None
