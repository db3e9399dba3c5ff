"""What EXIF says, corrected: of a picture that was turned, resized, converted, or has no place."""

import io
from collections.abc import Callable
from fractions import Fraction

from PIL import Image

from jaxshrink.files import photoshop
from jaxshrink.files.exif import (
    GEOTIFF,
    GPS,
    INTEROPERABILITY,
    IPTC,
    LENGTHS,
    ORIENTATION,
    PHOTOSHOP,
    SHORT,
    THUMBNAIL_LENGTH,
    X_RESOLUTION,
    Y_RESOLUTION,
    Exif,
)

_WIDTH, _HEIGHT = 0x0100, 0x0101
_INTEROPERABILITY_INDEX = 0x0001
_XMP = 0x02BC  # which belongs elsewhere
_OF_PLACE = (GPS, _XMP, *GEOTIFF)
_COLOR_SPACE = 0xA001
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xA002, 0xA003
_FOCAL_PLANE_X, _FOCAL_PLANE_Y = 0xA20E, 0xA20F
_SUBJECT_AREA, _SUBJECT_LOCATION = 0x9214, 0xA214
_SRGB, _ADOBE_RGB, _UNCALIBRATED = 1, 2, 0xFFFF
_LARGEST_THUMBNAIL = 2**20  # in pixels
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def set_upright(exif: Exif, orientation: int) -> tuple[str, ...]:
    """Says that the pixels lie as they are shown, after they were turned so; the losses."""
    exif.set_whole(exif.first, ORIENTATION, 1)
    if orientation not in TURNS:
        return ()
    lost = []
    if not turn_thumbnail(exif, orientation):
        lost.append("the thumbnail in its EXIF, which lay otherwise, left out")
    subject = (_SUBJECT_AREA, _SUBJECT_LOCATION)
    if any(exif.find(exif.details, tag) for tag in subject):
        exif.remove(exif.details, lambda tag: tag in subject)
        lost.append("the place of its subject in EXIF, which lay otherwise, left out")
    if orientation > 4:
        pairs = ((exif.first, X_RESOLUTION), (exif.details, _FOCAL_PLANE_X))
        for directory, tag in pairs:
            x, y = (exif.fraction(directory, tag + step) for step in (0, 1))
            if x is not None and y is not None:
                exif.set_fraction(directory, tag, y)
                exif.set_fraction(directory, tag + 1, x)
    return tuple(lost)


def turn_thumbnail(exif: Exif, orientation: int) -> bool:
    """Turns it as `orientation` says, in its place; False where it had to be taken out."""
    place, directory = exif.thumbnail, exif.second
    if place is None:
        if not exif.entries(directory):
            return True
        drop_thumbnail(exif)
        return False
    turned = _turned(bytes(exif.data[place[0] : place[1]]), orientation)
    if turned is None:
        drop_thumbnail(exif)
        return False
    exif.erase(*place)
    exif.data[place[0] : place[0] + len(turned)] = turned
    exif.set_whole(directory, THUMBNAIL_LENGTH, len(turned))
    exif.set_whole(directory, ORIENTATION, 1)
    if orientation > 4:
        _swap(exif, directory, _WIDTH, _HEIGHT)
    return True


def drop_thumbnail(exif: Exif) -> None:
    """Takes it out, its directory, too; what it leaves at the end of the data is cut off."""
    directory, place = exif.second, exif.thumbnail
    if not directory:
        return
    exif.put(exif.first + 2 + 12 * exif.number(exif.first, 2), 4, 0)
    if place is not None:
        if place[1] >= len(exif.data) - 1:
            del exif.data[place[0] :]
        else:
            exif.erase(*place)
    exif.remove(directory, lambda tag: True)
    if 0 < directory == len(exif.data) - 6:
        del exif.data[directory:]


def _turned(jpeg: bytes, orientation: int) -> bytes | None:
    """A small JPEG turned, of no more bytes; None where it cannot be."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            if image.width * image.height > _LARGEST_THUMBNAIL:
                return None
            picture = image.transpose(TURNS[orientation])
    except Exception:  # Pillow's plugins raise errors of many kinds
        return None
    for quality in (90, 80, 70, 60, 50):
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True)
        if file.tell() <= len(jpeg):
            return file.getvalue()
    return None


def _swap(exif: Exif, directory: int, one: int, other: int) -> None:
    first, second = exif.whole(directory, one), exif.whole(directory, other)
    if first is not None and second is not None:
        exif.set_whole(directory, one, second)
        exif.set_whole(directory, other, first)


def set_size(exif: Exif, size: tuple[int, int], factor: Fraction) -> None:
    """Says that the picture has this size, (H, W), which is `factor` times what it had."""
    height, width = size
    for directory, across, down in (
        (exif.first, _WIDTH, _HEIGHT),
        (exif.details, _PIXEL_WIDTH, _PIXEL_HEIGHT),
    ):
        exif.set_whole(directory, across, width)
        exif.set_whole(directory, down, height)
    if factor == 1:
        return
    for directory, tag in (
        (exif.first, X_RESOLUTION),
        (exif.first, Y_RESOLUTION),
        (exif.details, _FOCAL_PLANE_X),
        (exif.details, _FOCAL_PLANE_Y),
    ):
        value = exif.fraction(directory, tag)
        if value is not None:
            exif.set_fraction(directory, tag, value * factor)
    for tag in (_SUBJECT_AREA, _SUBJECT_LOCATION):
        entry = exif.find(exif.details, tag)
        if entry is not None and entry.kind == SHORT:
            for at in range(entry.start, entry.end, 2):
                exif.put(at, 2, min(0xFFFF, round(exif.number(at, 2) * factor)))


def remove_place(exif: Exif) -> bool:
    """Takes out where the photograph was taken; whether there was anything."""
    found = False
    for holder in (exif.first, exif.details, exif.second):
        directory = exif.below(GPS, holder)
        if directory:
            exif.remove(directory, lambda tag: True)
            exif.put(directory, 2, 0)
        if any(entry.tag in _OF_PLACE for entry in exif.entries(holder)):
            found = True
            exif.remove(holder, lambda tag: tag in _OF_PLACE)
    _shorten(exif, IPTC, photoshop.iptc_without_place)
    _shorten(exif, PHOTOSHOP, photoshop.without_place)
    return found


def _shorten(exif: Exif, tag: int, change: Callable[[bytes], bytes]) -> None:
    """Puts something shorter in the place of a value; the rest becomes zeros."""
    entry = exif.find(exif.first, tag)
    if entry is None or entry.end - entry.start <= 4:
        return
    changed = change(bytes(exif.data[entry.start : entry.end]))
    unit = LENGTHS.get(entry.kind, 1)
    count = -(-max(len(changed), 5) // unit)  # longer than what lies in the entry itself
    exif.erase(entry.start, entry.end)
    exif.data[entry.start : entry.start + len(changed)] = changed
    exif.put(entry.at + 4, 4, min(count, entry.count))


def is_adobe_rgb(exif: Exif) -> bool:
    """Whether the camera says so, as cameras do that write no profile."""
    space = exif.whole(exif.details, _COLOR_SPACE)
    index = exif.find(exif.below(INTEROPERABILITY, exif.details), _INTEROPERABILITY_INDEX)
    told = index is not None and exif.data[index.start : index.end].startswith(b"R03")
    return space == _ADOBE_RGB or (told and space == _UNCALIBRATED)


def set_srgb(exif: Exif) -> None:
    """Says that the colours are sRGB's, where it says anything of colours."""
    exif.set_whole(exif.details, _COLOR_SPACE, _SRGB)
