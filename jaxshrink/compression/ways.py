"""The ways to store a photograph."""

import dataclasses

from jaxshrink.errors import ConfigError

# Name -> how many times smaller than the photograph's the sides of the compact image are.
SCALES = {"half": 2, "full": 1}
# The name of a file without a compact image: the codec alone.
PLAIN = "plain"
NAMES = (*SCALES, PLAIN)

# A plain codec's qualities are whole numbers; learned tables have eight steps for each.
STEPS_PER_QUALITY = 8


@dataclasses.dataclass(frozen=True)
class Way:
    """How a photograph is stored, but for the quality.

    Attributes:
      scale: the compact image's, 2 or 1; None: there is none, the codec stores the photograph.
      codec: "jpeg", "webp" or "avif".
      num_refinements: gradient steps on the compact image.
    """

    scale: int | None
    codec: str = "jpeg"
    num_refinements: int = 0

    @property
    def name(self) -> str:
        """One of `NAMES`."""
        return next((name for name, scale in SCALES.items() if scale == self.scale), PLAIN)

    @property
    def is_plain(self) -> bool:
        return self.scale is None

    @property
    def steps_per_quality(self) -> int:
        return 1 if self.is_plain or self.codec != "jpeg" else STEPS_PER_QUALITY

    @property
    def limits(self) -> tuple[int, int]:
        """The least and the greatest step."""
        return self.steps_per_quality, 100 * self.steps_per_quality


PLAIN_JPEG = Way(None)


def scale_of(name: object) -> int:
    """The scale behind "half" or "full"; raises ConfigError."""
    if not isinstance(name, str) or name not in SCALES:
        raise ConfigError(f"no scale {name!r}: use {', '.join(SCALES)}")
    return SCALES[name]
