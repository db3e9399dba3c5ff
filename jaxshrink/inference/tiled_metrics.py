"""SSIMULACRA2, MS-SSIM and PSNR of photographs of any size, in bounded memory.

`ops/ssimulacra2.py` and `ops/metrics.py` define them; here the sums over an image are taken window
by window, so that they equal the definition but for the order of additions, whatever the size.
Images are uint8 (H, W, C), C = 1 or 3; within this module (C, H, W): planes, over which a CPU's
inner loops are long, and XYB takes half the time.
"""

import dataclasses
import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxshrink.ops import images
from jaxshrink.ops import ssimulacra2 as definition
from jaxshrink.ops.blur import WINDOW, moments
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE, MS_SSIM_WEIGHTS, ssim_maps
from jaxshrink.runtime.executables import precompiled

_BORDER = WINDOW - 1
_ROWS = 256  # of a strip, where no window is looked through
# Of the part of a map that one window gives. Few, because each is compiled, which takes a second.
_SIDES = (64, 128, 256)

# Of a smaller original, what its windows give is kept: 36 bytes per pixel and channel.
_KEPT = 2**20

# (image, first row and column of a window, its side) -> (C, side, side)
_Cut = Callable[[np.ndarray, int, int, int], np.ndarray]
# An image, and what the blur's window sees of it.
_Seen = tuple[jax.Array, tuple[jax.Array, jax.Array]]


@dataclasses.dataclass(frozen=True)
class Similarity:
    """How close two photographs are.

    Attributes:
      psnr: decibels; infinite for equal images.
      ms_ssim: linear, at most 1; None where a side is too short for it.
      ssimulacra2: at most 100; None where a side is too short for it.
    """

    psnr: float
    ms_ssim: float | None
    ssimulacra2: float | None = None


class Reference:
    """A photograph that others are compared with; what they need of it is computed once.

    Args:
      x: the original; beside it at most three times its memory is taken, and of a small one all
        that others are compared with.
    """

    def __init__(self, x: np.ndarray) -> None:
        self._x = x
        self._planes = np.moveaxis(x, 2, 0)
        self._is_small = x.shape[0] * x.shape[1] <= _KEPT

    def compare(self, x_hat: np.ndarray) -> Similarity:
        """Measures a photograph of the same shape by all that its sides are long enough for."""
        shortest = min(self._x.shape[:2])
        return Similarity(
            self.psnr(x_hat),
            self.ms_ssim(x_hat) if shortest >= MS_SSIM_MIN_SIDE else None,
            self.ssimulacra2(x_hat) if shortest >= definition.MIN_SIDE else None,
        )

    def psnr(self, x_hat: np.ndarray) -> float:
        """Peak signal-to-noise ratio in decibels."""
        return psnr(self._x, x_hat)

    def ms_ssim(self, x_hat: np.ndarray) -> float:
        """Multi-scale structural similarity, linear.

        Raises:
          ValueError: if a side is shorter than `MS_SSIM_MIN_SIDE`.
        """
        if min(self._x.shape[:2]) < MS_SSIM_MIN_SIDE:
            raise ValueError(
                f"MS-SSIM needs sides of at least {MS_SSIM_MIN_SIDE}, got {self._x.shape}"
            )
        product = np.ones(self._x.shape[2])
        pairs = zip(
            self._scales, _ms_ssim_scales(np.moveaxis(x_hat, 2, 0)), MS_SSIM_WEIGHTS, strict=True
        )
        for scale, (a, b, weight) in enumerate(pairs):
            similar, contrast_structure = a.means(b)
            last = scale == len(MS_SSIM_WEIGHTS) - 1
            product *= np.maximum(similar if last else contrast_structure, 0.0) ** weight
        return float(product.mean())

    def ssimulacra2(self, x_hat: np.ndarray) -> float:
        """SSIMULACRA2, at most 100.

        Raises:
          ValueError: if a side is shorter than `MIN_SIDE`.
        """
        if min(self._x.shape[:2]) < definition.MIN_SIDE:
            raise ValueError(
                f"SSIMULACRA2 needs sides of at least {definition.MIN_SIDE}, got {self._x.shape}"
            )
        others = _linear_scales(np.moveaxis(x_hat, 2, 0))
        moments = [a.means(b) for a, b in zip(self._linear_scales, others, strict=True)]
        return float(np.asarray(_score(np.stack(moments).astype(np.float32)))[0])

    @functools.cached_property
    def _scales(self) -> list["_Scale"]:
        return [_Scale(image, _SSIM, self._is_small) for image in _ms_ssim_scales(self._planes)]

    @functools.cached_property
    def _linear_scales(self) -> list["_Scale"]:
        return [
            _Scale(image, _DIFFERENCES, self._is_small) for image in _linear_scales(self._planes)
        ]


def similarity(a: np.ndarray, b: np.ndarray) -> Similarity:
    """Compares two photographs of one shape."""
    return Reference(a).compare(b)


def ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """See `Reference.ms_ssim`."""
    return Reference(a).ms_ssim(b)


def ssimulacra2(a: np.ndarray, b: np.ndarray) -> float:
    """See `Reference.ssimulacra2`; `a` is the original."""
    return Reference(a).ssimulacra2(b)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels."""
    total = 0
    for start in range(0, a.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        difference = a[rows].astype(np.int32) - b[rows]
        total += int(np.sum(np.square(difference), dtype=np.int64))
    return 10 * math.log10(255**2 * a.size / total) if total else math.inf


@dataclasses.dataclass(frozen=True)
class _Maps:
    """Maps over an image, of which the sums are taken window by window.

    Attributes:
      border: by how many rows and columns they are smaller than the image.
      cut: what a window sees.
      seen: (the original's window, columns of the map from the window's corner on, the window's
        first column) -> what others are compared with there.
      sums: (that, another's window, rows and columns of the map from the corner on, the first
        column) -> sums over the maps.
    """

    border: int
    cut: _Cut
    seen: Callable[..., Any]
    sums: Callable[..., Any]


class _Scale:
    """One scale of an original, uint8 or float32; `is_small` if what it gives is to be kept."""

    def __init__(self, image: np.ndarray, maps: _Maps, is_small: bool) -> None:
        self._image, self._maps = image, maps
        self._seen: dict[tuple[int, int], Any] | None = {} if is_small else None

    def means(self, other: np.ndarray) -> np.ndarray:
        """Means of the maps over another image of this size."""
        maps = self._maps
        size = (self._image.shape[1] - maps.border, self._image.shape[2] - maps.border)
        total: np.ndarray | float = 0.0
        side, corners = _windows(size)
        for top, left in corners:
            window = maps.cut(other, top, left, side + _BORDER)
            kept = np.array([size[0] - top, size[1] - left], np.int32)
            sums = maps.sums(self._seen_at(top, left, side, kept), window, kept, np.int32(left))
            total = total + np.asarray(sums, np.float64)
        return np.asarray(total) / (size[0] * size[1])

    def _seen_at(self, top: int, left: int, side: int, kept: np.ndarray) -> Any:
        if self._seen is not None and (top, left) in self._seen:
            return self._seen[top, left]
        window = self._maps.cut(self._image, top, left, side + _BORDER)
        seen = self._maps.seen(window, kept, np.int32(left))
        if self._seen is not None:
            self._seen[top, left] = seen
        return seen


def _windows(size: tuple[int, int]) -> tuple[int, Iterator[tuple[int, int]]]:
    """A side, and the corners of the windows of this side that cover a map of this size."""

    def cost(side: int) -> int:
        number = -(-size[0] // side) * -(-size[1] // side)
        return number * (side + _BORDER) ** 2

    side = min(_SIDES, key=cost)
    return side, itertools.product(range(0, size[0], side), range(0, size[1], side))


def _inside(image: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    """A window without a border: what it sees outside of the image is masked later."""
    return _filled(image[:, top : top + side, left : left + side], side, 0)


def _around(image: np.ndarray, top: int, left: int, side: int) -> np.ndarray:
    """A window into an image with SSIMULACRA2's border: rows reflected; columns masked later."""
    half, height = _BORDER // 2, image.shape[1]
    rows = np.arange(top - half, min(top - half + side, height + half))
    rows = np.where(rows < 0, -1 - rows, np.where(rows >= height, 2 * height - 1 - rows, rows))
    first = left - half
    window = image[:, rows, max(first, 0) : first + side]
    return _filled(window, side, max(-first, 0))


def _filled(part: np.ndarray, side: int, left: int) -> np.ndarray:
    """A square window: zeros in so many columns before the part, and in what is left after it."""
    channels, height, width = part.shape
    if (height, width) == (side, side):
        return np.ascontiguousarray(part)
    window = np.zeros((channels, side, side), part.dtype)
    window[:, :height, left : left + width] = part
    return window


@precompiled()
def _ssim_seen(a: jax.Array, kept: jax.Array, left: jax.Array) -> _Seen:
    del kept, left
    image = _to_float(a)[..., None]
    return image, moments(image)


@precompiled()
def _ssim_sums(seen: _Seen, b: jax.Array, kept: jax.Array, left: jax.Array) -> jax.Array:
    """Of SSIM and of its contrast-structure part: (2, C)."""
    del left
    a, moments_a = seen
    maps = jnp.stack(ssim_maps(a, _to_float(b)[..., None], moments_a))
    return _sum(jnp.where(_mask(maps[0], kept), maps, 0.0))


@precompiled()
def _difference_seen(a: jax.Array, kept: jax.Array, left: jax.Array) -> _Seen:
    image = _masked_xyb(a, kept, left)
    return image, moments(image)


@precompiled()
def _difference_sums(seen: _Seen, b: jax.Array, kept: jax.Array, left: jax.Array) -> jax.Array:
    """Of the maps of SSIMULACRA2 and of their fourth powers: (2, 3, 1, 3)."""
    a, moments_a = seen
    maps = definition.difference_maps(a, _masked_xyb(b, kept, left), moments_a)
    maps = _computed(jnp.where(_mask(maps[0], kept), maps, 0.0))
    return jnp.stack([_sum(maps), _sum(jnp.square(jnp.square(maps)))])[:, :, None]


def _masked_xyb(window: jax.Array, kept: jax.Array, left: jax.Array) -> jax.Array:
    """A window in XYB, (3, side, side, 1); zero left and right of the image, as no colour is."""
    image = window
    if image.dtype == jnp.uint8:
        image = _computed(definition.to_light(images.to_float(image)))
    planes = [image[channel % len(image)] for channel in range(3)]
    responses = _computed(definition.cone_responses(*planes))
    column = jnp.arange(image.shape[2]) - _BORDER // 2
    in_image = (column + left >= 0) & (column < kept[1])
    return jnp.where(in_image, jnp.stack(definition.xyb(*responses)), 0.0)[..., None]


_SSIM = _Maps(_BORDER, _inside, _ssim_seen, _ssim_sums)
_DIFFERENCES = _Maps(0, _around, _difference_seen, _difference_sums)

_linear = precompiled()(definition.to_linear)
_score = precompiled()(definition.score)


def _sum(maps: jax.Array) -> jax.Array:
    """Over (.., H, W, 1); rows first, and then columns, which on a CPU takes a quarter of it."""
    return _computed(maps.sum(axis=-3)).sum(axis=(-2, -1))


def _computed(values: Any) -> Any:
    """Keeps XLA from computing what several others need as often as they need it."""
    return lax.optimization_barrier(values)


def _mask(maps: jax.Array, kept: jax.Array) -> jax.Array:
    """Of (N, H, W, C), where a map is that of the image: its first rows and columns."""
    rows, columns = (jnp.arange(maps.shape[axis]) < kept[axis - 1] for axis in (1, 2))
    return (rows[:, None] & columns)[:, :, None]


def _to_float(image: jax.Array) -> jax.Array:
    return images.to_float(image) if image.dtype == jnp.uint8 else image


def _ms_ssim_scales(image: np.ndarray) -> Iterator[np.ndarray]:
    """The image and its halves; an odd side gets a zero at both ends, which count in the mean."""
    for scale in range(len(MS_SSIM_WEIGHTS)):
        if scale:
            image = _halve(image, _TO_FLOAT, before=True)
        yield image


def _linear_scales(image: np.ndarray) -> Iterator[np.ndarray]:
    """The image and its halves in linear light; an odd side's last row or column is repeated."""
    for scale in range(definition.NUM_SCALES):
        if scale:
            image = _halve(image, _to_linear_table(), before=False)
        if min(image.shape[1:]) < definition.MIN_SIDE:
            return
        yield image


def _halve(image: np.ndarray, table: np.ndarray, before: bool) -> np.ndarray:
    """Means of 2x2 pixels, float32.

    Args:
      image: planes of uint8, or of float32.
      table: what the 256 levels mean.
      before: whether an odd side gets a zero at both ends, or its last pixel a second time.
    """
    channels, height, width = image.shape
    out = np.empty((channels, (height + 1) // 2, (width + 1) // 2), np.float32)
    for start in range(0, out.shape[1], _ROWS):
        stop = min(start + _ROWS, out.shape[1])
        # Row r of the padded image is row r - offset of the image.
        offset = height % 2 if before else 0
        first, last = 2 * start - offset, 2 * stop - offset
        strip = image[:, max(first, 0) : last]
        strip = np.take(table, strip) if strip.dtype == np.uint8 else strip
        rows = (max(-first, 0), max(last - height, 0))
        columns = (width % 2 * before, width % 2)
        if any(rows + columns):
            strip = np.pad(strip, ((0, 0), rows, columns), "constant" if before else "edge")
        _mean_pairs(strip, out[:, start:stop])
    return out


def _mean_pairs(strip: np.ndarray, out: np.ndarray) -> None:
    """Writes the means of 2x2 pixels."""
    rows = strip[:, 0::2] + strip[:, 1::2]
    width = 2 * out.shape[2]
    np.add(rows[:, :, 0:width:2], rows[:, :, 1:width:2], out=out)
    out *= np.float32(0.25)


_TO_FLOAT = np.arange(256, dtype=np.float32) / np.float32(255)


@functools.cache
def _to_linear_table() -> np.ndarray:
    return np.asarray(_linear(_TO_FLOAT.reshape(1, 16, 16, 1)))[..., 0].reshape(256)
