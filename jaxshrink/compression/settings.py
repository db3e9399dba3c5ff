"""What `compress` is asked for, checked."""

import dataclasses
import math
import operator
from typing import Any

from jaxshrink.compression.resizing import Resizing
from jaxshrink.compression.targets import EFFORTS, Target
from jaxshrink.compression.ways import NAMES
from jaxshrink.errors import ConfigError
from jaxshrink.files.photographs import ALL, NOTHING, PLACE, REFUSE, is_color

DEFAULT_QUALITY = 75
DEFAULT_CODEC = "jpeg"
CODECS = ("jpeg", "webp", "avif")


@dataclasses.dataclass(frozen=True)
class Settings:
    """How to store a photograph.

    Attributes:
      target: what to reach.
      is_default: whether nobody named that target: where a scale is forced that does not reach it,
        the closest file will do.
      effort: the search's, 1 (quick) to 3 (nearest to the target).
      way: "half", "full" or "plain"; None: the best of them.
      codec: "jpeg", "webp" or "avif"; None is JPEG, and a photograph that is kept as it is may be
        of any format.
      resizing: what is done before all else; None: nothing.
      recompress: whether compact files are expanded first, and not passed through.
      strip: what metadata to leave out: `ALL`, `PLACE` or `NOTHING`.
      background: a colour to lay transparent pixels over, or "refuse".
      max_pixels: files of more are refused.
    """

    target: Target
    is_default: bool
    effort: int
    way: str | None
    codec: str | None
    resizing: Resizing | None
    recompress: bool
    strip: str
    background: str
    max_pixels: int

    @property
    def stored_codec(self) -> str:
        """Of what is encoded."""
        return self.codec or DEFAULT_CODEC


def target_of(
    quality: Any,
    target_size: Any,
    target_bpp: Any,
    target_msssim: Any,
    target_psnr: Any,
    target_ssimulacra2: Any,
) -> Target | None:
    """The one target of those that are named, None if none is; raises ConfigError."""
    target = Target(
        _whole("quality", quality, 1, 100),
        _whole("target_size", target_size, 1),
        _above_zero("target_bpp", target_bpp),
        _above_zero("target_msssim", target_msssim),
        _above_zero("target_psnr", target_psnr),
        _above_zero("target_ssimulacra2", target_ssimulacra2),
    )
    named = [value for value in dataclasses.astuple(target) if value is not None]
    if len(named) > 1:
        raise ConfigError("name one target, not several")
    return target if named else None


def settings_of(
    target: Target | None,
    *,
    effort: Any,
    scale: Any,
    codec: Any,
    resize: Any,
    recompress: bool,
    strip: Any,
    background: Any,
    max_pixels: Any,
) -> Settings:
    """Checks what `Model.compress` is given; raises ConfigError."""
    if not (background == REFUSE or (isinstance(background, str) and is_color(background))):
        raise ConfigError(f"background {background!r}: no such colour")
    if not isinstance(resize, (str, type(None))):
        raise ConfigError(f"resize: expected 'WxH', 'W' or 'N%', got {resize!r}")
    return Settings(
        target or Target(jpeg_quality=DEFAULT_QUALITY),
        target is None,
        _whole("effort", effort, EFFORTS[0], EFFORTS[-1]) or EFFORTS[1],
        _named("scale", scale, NAMES),
        _named("codec", codec, CODECS),
        None if resize is None else Resizing.parse(resize),
        recompress,
        _what(strip),
        background,
        _whole("max_pixels", max_pixels, 1) or 1,
    )


def _what(strip: Any) -> str:
    """What to take out."""
    if isinstance(strip, bool):
        return ALL if strip else NOTHING
    if strip not in (ALL, NOTHING, PLACE):
        raise ConfigError(f"strip must be True, False or {PLACE!r}, got {strip!r}")
    return str(strip)


def _named(what: str, value: Any, known: tuple[str, ...]) -> str | None:
    if value is None or (isinstance(value, str) and value in known):
        return value
    raise ConfigError(f"no {what} {value!r}: use {', '.join(known)}")


def _whole(what: str, value: Any, lowest: int, highest: int | None = None) -> int | None:
    if value is None:
        return None
    upper = "or more" if highest is None else f"to {highest}"
    try:
        number = operator.index(value)
    except TypeError:
        number = lowest - 1
    if isinstance(value, bool) or number < lowest or number > (highest or number):
        raise ConfigError(f"{what}: expected a whole number, {lowest} {upper}, got {value!r}")
    return number


def _above_zero(what: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        number = math.nan if isinstance(value, (bool, str)) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise ConfigError(f"{what}: expected a number above 0, got {value!r}")
    return number
