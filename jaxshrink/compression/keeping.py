"""When the input is the best result: compact files, small files, JPEGs that are coarse already."""

import dataclasses
import math

from jaxshrink.compression.coarseness import estimated_quality, is_coarser
from jaxshrink.compression.inputs import Source
from jaxshrink.compression.settings import Settings
from jaxshrink.compression.small import Small
from jaxshrink.errors import DataError, TargetError
from jaxshrink.files import markers, suffixes
from jaxshrink.files.opening import load_image
from jaxshrink.files.photographs import NOTHING, Photograph, without_metadata


def is_compact(file: bytes) -> bool:
    """Whether a file has a marker, be it one that cannot be read."""
    try:
        return markers.find(file) is not None
    except DataError:
        return True


def passes(file: bytes, settings: Settings) -> bool:
    """Whether a compact file is passed through, and not expanded to be compressed again."""
    marker = markers.readable(file)
    if settings.recompress:
        return False
    if marker is None or settings.resizing is None:
        return True
    return settings.resizing.size(*marker.size) == marker.size


def passed(file: bytes, settings: Settings) -> Small:
    """A compact file as it is.

    Raises:
      DataError: if it is broken, or has metadata that cannot be taken out.
      TargetError: if it has more bytes than it may have.
    """
    marker = markers.readable(file)
    image, notes = load_image(file, settings.max_pixels)
    with image:
        size = (image.height, image.width) if marker is None else marker.size
    data, gone = (file, ()) if settings.strip == NOTHING else without_metadata(file, settings.strip)
    ceiling = settings.target.ceiling(size)
    if ceiling is not None and len(data) > ceiling:
        raise TargetError(
            f"is a compact file already, of {len(data)} bytes, and no file of at most {ceiling};"
            " --recompress expands it first"
        )
    how = "as it is" if settings.strip == NOTHING else "with less metadata"
    note = f"is a compact file already: passed through {how}; --recompress expands it first"
    return Small(data, size, None, None, None, None, 0, (note, *notes, *gone), kept=True)


@dataclasses.dataclass(frozen=True)
class Keeper:
    """An input that can stand for the result.

    Attributes:
      data: the file, without the metadata that are not wanted.
      notes: what is gone of it that its owner may not expect, one line each.
    """

    data: bytes
    notes: tuple[str, ...] = ()


def keepable(source: Source, settings: Settings) -> Keeper | None:
    """The input where it can stand for the result; None where it cannot."""
    if source.file is None:
        return None
    if settings.codec is not None and suffixes.format_of(source.file) != settings.codec.upper():
        return None
    if settings.strip == NOTHING:
        return Keeper(source.file)
    try:
        return Keeper(*without_metadata(source.file, settings.strip))
    except DataError:
        return None  # of a format whose metadata cannot be taken out


def coarse(
    source: Source, keeper: Keeper | None, settings: Settings
) -> tuple[str | None, tuple[str, ...]]:
    """Of a JPEG that is coarser than the quality that is asked for: why to keep it; or a note."""
    quality = settings.target.jpeg_quality
    file = source.file
    if quality is None or file is None or markers.kind(file) != "JPEG" or is_compact(file):
        return None, ()
    if not is_coarser(file, quality):
        return None, ()
    estimate = estimated_quality(file)
    coarse = f"is a JPEG of about quality {estimate} already, coarser than quality {quality}"
    if keeper is not None and settings.way is None:
        return coarse, ()
    return None, (f"{coarse}, and gets no finer",)


def small_enough(keeper: Keeper, ceiling: int | None, settings: Settings) -> str | None:
    """Why to keep a file of the codec that is asked for, where no more is asked than few bytes."""
    if ceiling is None or len(keeper.data) > ceiling or settings.way is not None:
        return None
    if markers.kind(keeper.data) != settings.stored_codec.upper():
        return None
    return f"has no more than {ceiling} bytes already"


def kept_as_it_is(keeper: Keeper, taken: Photograph, reason: str, settings: Settings) -> Small:
    """The input as the result, for a reason."""
    how = "kept as it is" if settings.strip == NOTHING else "kept with less metadata"
    size = (taken.pixels.shape[0], taken.pixels.shape[1])
    notes = (f"{reason}: {how}", *keeper.notes)
    return Small(keeper.data, size, None, None, None, math.inf, 0, notes, kept=True)
