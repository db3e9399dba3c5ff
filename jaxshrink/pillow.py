"""A plugin for Pillow, opt-in: `Image.open` of a compact file gives the photograph.

    import jaxshrink.pillow
    from PIL import Image

    photograph = Image.open("small/beach.jpg")  # full size; the pixels are restored on `load`

Ordinary pictures open as ever, and so does a file whose marker is damaged or names a model that is
not here, with a warning. `Image.open(file, formats=["JPEG"])` gives the compact image itself.
"""

import functools
import warnings
from fractions import Fraction
from typing import Any

from PIL import Image, ImageFile

from jaxshrink.compression.expansion import Expander
from jaxshrink.compression.loading import load_expander
from jaxshrink.errors import JaxshrinkError
from jaxshrink.files import markers
from jaxshrink.files.exif import INCH
from jaxshrink.files.markers import Marker
from jaxshrink.files.metadata import Metadata
from jaxshrink.files.opening import open_image
from jaxshrink.files.photographs import at_size, read_metadata, read_orientation
from jaxshrink.shipped.index import check_shipped

_NAME = "JAXSHRINK"
_LAST_UPRIGHT = 4  # of EXIF's orientations; those after it swap the sides


class CompactImageFile(ImageFile.ImageFile):
    """A photograph behind a compact file; its `format` is the file's: "JPEG", "WEBP" or "AVIF"."""

    def _open(self) -> None:
        assert self.fp is not None
        file = self.fp.read()
        self._file: bytes | None = file
        self._marker = _usable_marker(file)
        with open_image(file, max_pixels=2**63) as image:
            self.format, self._mode = image.format, "L" if image.mode == "L" else "RGB"
            stored = (image.height, image.width)
        fitting, _ = markers.placed(self._marker, stored)
        height, width = stored if fitting is None else fitting.size
        scale = self._marker.scale if fitting else 1
        if read_orientation(file) > _LAST_UPRIGHT:
            height, width = width, height
        self._size = (width, height)
        self.info |= _info(at_size(read_metadata(file), (height, width), Fraction(scale)))

    def load(self) -> Any:
        if self._file is not None:
            file, self._file = self._file, None
            try:
                found = _expander(self._marker.model).restore(file, self._marker, 2**63)
            except JaxshrinkError as error:
                raise OSError(str(error)) from error
            pixels = found.pixels
            self.im = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).im
        return super().load()


def _info(metadata: Metadata) -> dict[str | tuple[int, int], Any]:
    """What Pillow's own plugins tell under these names."""
    known: dict[str | tuple[int, int], Any] = {"icc_profile": metadata.icc, "xmp": metadata.xmp}
    known["exif"] = b"Exif\0\0" + metadata.exif if metadata.exif else b""
    resolution = metadata.resolution
    if resolution is not None and resolution.unit == INCH:
        known["dpi"] = (float(resolution.x), float(resolution.y))
    return {name: value for name, value in known.items() if value}


def _usable_marker(file: bytes) -> Marker:
    """A file's marker; a SyntaxError where it is of no use: Pillow then asks the next plugin."""
    try:
        marker = markers.find(file)
        if marker is None:
            raise SyntaxError("an ordinary picture")
        check_shipped(marker.model)
    except JaxshrinkError as error:
        warnings.warn(f"opened as an ordinary picture: {error}", stacklevel=2)
        raise SyntaxError(str(error)) from None
    return marker


@functools.cache
def _expander(model: str) -> Expander:
    return load_expander(model)


def _is_known(prefix: bytes) -> bool:
    return markers.kind(prefix) is not None


def _register() -> None:
    Image.preinit()  # before which nothing can come first
    Image.register_open(_NAME, CompactImageFile, _is_known)
    Image.ID.remove(_NAME)
    Image.ID.insert(0, _NAME)


_register()
