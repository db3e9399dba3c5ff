"""`--resize`: WxH, W or N% of photographs, by the rules that people know from other tools."""

import dataclasses
import re
from fractions import Fraction

import numpy as np
from PIL import Image

from jaxshrink.errors import ConfigError
from jaxshrink.files.photographs import Photograph, at_size

_BOX = re.compile(r"(?:(\d{1,6})?x)?(\d{1,6})")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d+)?)%")


@dataclasses.dataclass(frozen=True)
class Resizing:
    """How to make photographs smaller; none is ever enlarged, and all keep their proportions.

    Attributes:
      width, height: of the box that the upright photograph is to fit into; None is any.
      percent: what both sides are scaled to, instead of a box.
    """

    width: int | None = None
    height: int | None = None
    percent: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Resizing":
        """Reads "1600x1200", "1600" (a width), "x1200", "50%"; raises ConfigError."""
        wanted = text.strip().lower()
        if percent := _PERCENT.fullmatch(wanted):
            value = float(percent[1])
            if 0 < value <= 100:
                return cls(percent=value)
        elif box := _BOX.fullmatch(wanted):
            first, second = (int(side) if side else None for side in box.groups())
            made = cls(first, second) if "x" in wanted else cls(second)
            if 0 not in (made.width, made.height):
                return made
        raise ConfigError(f"expected WxH, W or N% up to 100%, got {text!r}")

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(H, W) of what a photograph of this size becomes, at least (1, 1)."""
        ratios = [1.0]
        if self.percent is not None:
            ratios.append(self.percent / 100)
        if self.width is not None:
            ratios.append(self.width / width)
        if self.height is not None:
            ratios.append(self.height / height)
        ratio = min(ratios)
        return max(1, round(height * ratio)), max(1, round(width * ratio))

    def apply(self, pixels: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
        """Resizes uint8 (H, W, 1 or 3), antialiased; returns what was done as well."""
        height, width = pixels.shape[:2]
        size = self.size(height, width)
        if size == (height, width):
            return pixels, ()
        picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        resized = np.asarray(picture.resize(size[::-1], Image.Resampling.LANCZOS))
        note = f"resized from {width}x{height} to {size[1]}x{size[0]}"
        return resized.reshape(*size, -1), (note,)


def resize_photograph(photograph: Photograph, resizing: Resizing) -> Photograph:
    """A smaller photograph, whose metadata say so; the photograph itself where it fits already."""
    pixels, notes = resizing.apply(photograph.pixels)
    if not notes:
        return photograph
    size = (pixels.shape[0], pixels.shape[1])
    metadata = at_size(photograph.metadata, size, Fraction(size[1], photograph.pixels.shape[1]))
    return Photograph(pixels, metadata, (*photograph.notes, *notes))
