"""What a file says beside its pixels, whatever the format that says it."""

import dataclasses
from fractions import Fraction

from jaxshrink.files import exif_changes, photoshop, xmp
from jaxshrink.files.exif import (
    CENTIMETRE,
    INCH,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    Y_RESOLUTION,
    Exif,
    is_exif,
)

_METRES_PER_INCH = Fraction(254, 10000)


@dataclasses.dataclass(frozen=True)
class Resolution:
    """How large a picture is printed.

    Attributes:
      x, y: pixels per unit.
      unit: `INCH`, `CENTIMETRE`, or 0 where only their ratio is told.
    """

    x: Fraction
    y: Fraction
    unit: int = INCH

    @classmethod
    def per_metre(cls, x: int, y: int) -> "Resolution":
        """In inches where it was said in inches and rounded, else in centimetres."""
        inches = [number * _METRES_PER_INCH for number in (x, y)]
        if all(abs(number - round(number)) <= _METRES_PER_INCH / 2 for number in inches):
            return cls(Fraction(round(inches[0])), Fraction(round(inches[1])))
        return cls(Fraction(x, 100), Fraction(y, 100), CENTIMETRE)

    def in_metres(self) -> tuple[int, int]:
        """Pixels per metre, rounded."""
        units = 1 / _METRES_PER_INCH if self.unit == INCH else Fraction(100)
        return round(self.x * units), round(self.y * units)

    @property
    def is_whole(self) -> bool:
        return self.x.denominator == self.y.denominator == 1

    def times(self, factor: Fraction) -> "Resolution":
        if not self.unit:
            return self
        return dataclasses.replace(self, x=self.x * factor, y=self.y * factor)


@dataclasses.dataclass(frozen=True)
class Metadata:
    """What a file says beside its pixels; empty where it says nothing.

    Attributes:
      exif: from the TIFF header on, orientation reset.
      icc: the colour profile, of as many channels as the pixels have.
      xmp: an XML packet.
      xmp_extension: what a JPEG holds beside it, since its segments are short.
      photoshop: image resources, in which IPTC lies.
      comments: text, mostly UTF-8; "Title: ..." where a PNG has it under that name.
      resolution: beside what EXIF says of it.
    """

    exif: bytes = b""
    icc: bytes = b""
    xmp: bytes = b""
    xmp_extension: bytes = b""
    photoshop: bytes = b""
    comments: tuple[bytes, ...] = ()
    resolution: Resolution | None = None

    def sizes(self) -> dict[str, int]:
        """Bytes by kind."""
        return {
            "exif": len(self.exif),
            "icc": len(self.icc),
            "xmp": len(self.xmp) + len(self.xmp_extension),
            "iptc": len(photoshop.part(self.photoshop, photoshop.IPTC)),
            "comments": sum(map(len, self.comments)),
        }


Told = tuple[Metadata, tuple[str, ...]]  # and a line for each thing that is lost


def at_size(metadata: Metadata, size: tuple[int, int], factor: Fraction = Fraction(1)) -> Metadata:
    """The metadata of a picture of this size, (H, W), `factor` times what it was."""
    if is_exif(metadata.exif):
        exif = Exif(metadata.exif)
        exif_changes.set_size(exif, size, factor)
        metadata = dataclasses.replace(metadata, exif=bytes(exif))
    resolution = metadata.resolution
    return dataclasses.replace(
        metadata,
        xmp=xmp.set_size(metadata.xmp, size, factor),
        photoshop=photoshop.at_resolution(metadata.photoshop, factor),
        resolution=None if resolution is None else resolution.times(factor),
    )


def upright(metadata: Metadata, orientation: int) -> tuple[Metadata, tuple[str, ...]]:
    """The metadata of a picture that was turned as `orientation` says, and what was lost."""
    notes: tuple[str, ...] = ()
    if is_exif(metadata.exif):
        exif = Exif(metadata.exif)
        notes = exif_changes.set_upright(exif, orientation)
        metadata = dataclasses.replace(metadata, exif=bytes(exif))
    metadata = dataclasses.replace(metadata, xmp=xmp.set_upright(metadata.xmp))
    if not 2 <= orientation <= 8:
        return metadata, notes
    smaller = photoshop.without(metadata.photoshop, photoshop.THUMBNAILS)
    if smaller != metadata.photoshop:
        notes += ("Photoshop's thumbnail, which lay otherwise, left out",)
    if xmp.has_regions(metadata.xmp):
        notes += ("the places of faces in its XMP are those before it was turned",)
    resolution = metadata.resolution
    if resolution is not None and orientation > 4:
        resolution = dataclasses.replace(resolution, x=resolution.y, y=resolution.x)
    return dataclasses.replace(metadata, photoshop=smaller, resolution=resolution), notes


def in_srgb(metadata: Metadata) -> Metadata:
    """The metadata of a picture whose colours were converted to sRGB: without a profile."""
    if is_exif(metadata.exif):
        exif = Exif(metadata.exif)
        exif_changes.set_srgb(exif)
        metadata = dataclasses.replace(metadata, exif=bytes(exif))
    block = photoshop.without(metadata.photoshop, (photoshop.ICC,))
    return dataclasses.replace(metadata, icc=b"", xmp=xmp.set_srgb(metadata.xmp), photoshop=block)


def without_place(metadata: Metadata) -> Metadata:
    """The metadata without where the photograph was taken: neither coordinates nor names."""
    exif = metadata.exif
    if is_exif(exif):
        editor = Exif(exif)
        exif_changes.remove_place(editor)
        exif = bytes(editor)
    extension = packet_without_place(metadata.xmp_extension)
    packet = packet_without_place(metadata.xmp)
    if extension != metadata.xmp_extension:
        packet = xmp.referred(packet, extension)
    return dataclasses.replace(
        metadata,
        exif=exif,
        xmp=packet,
        xmp_extension=extension,
        photoshop=photoshop.without_place(metadata.photoshop),
        comments=tuple(text for text in metadata.comments if not is_of_place(text)),
    )


def packet_without_place(packet: bytes) -> bytes:
    """XMP without the place; b"" for what cannot be read, which may hold it."""
    try:
        return xmp.without(packet, xmp.is_place) if packet else packet
    except ValueError:
        return b""


def is_of_place(comment: bytes) -> bool:
    """Whether a comment, or a PNG's text, seems to say where the photograph was taken."""
    low = comment.lower()
    return any(word in low for word in (b"gps", b"latitude", b"longitude", b"geo:"))


def resolution_in_exif(exif: bytes) -> Resolution | None:
    """What EXIF says of the resolution."""
    if not is_exif(exif):
        return None
    editor = Exif(exif)
    x, y = (editor.fraction(editor.first, tag) for tag in (X_RESOLUTION, Y_RESOLUTION))
    unit = editor.whole(editor.first, RESOLUTION_UNIT) or INCH
    if not x or not y or unit not in (INCH, CENTIMETRE):
        return None
    return Resolution(x, y, unit)
