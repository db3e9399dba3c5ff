"""MS-SSIM and PSNR of photographs of any size, in bounded memory.

`ops/metrics.py` defines both; here the sums over an image are taken window by window, so that they
equal the definition but for the order of additions, whatever the size. Images are uint8 (H, W, C).
"""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink import cover
from jaxshrink.ops.metrics import MS_SSIM_MIN_SIDE, MS_SSIM_WEIGHTS, SSIM_WINDOW, ssim_maps

_BORDER = SSIM_WINDOW - 1
_ROWS = 256  # of a strip, where no window is looked through
_MIN_WINDOW = 32


@dataclasses.dataclass(frozen=True)
class Similarity:
    """How close two photographs are.

    Attributes:
      psnr: decibels; infinite for equal images.
      ms_ssim: linear, at most 1; None where a side is too short for it.
    """

    psnr: float
    ms_ssim: float | None


def similarity(a: np.ndarray, b: np.ndarray) -> Similarity:
    """Compares two photographs of one shape."""
    has_ms_ssim = min(a.shape[:2]) >= MS_SSIM_MIN_SIDE
    return Similarity(psnr(a, b), ms_ssim(a, b) if has_ms_ssim else None)


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in decibels."""
    total = 0
    for start in range(0, a.shape[0], _ROWS):
        rows = slice(start, start + _ROWS)
        difference = a[rows].astype(np.int32) - b[rows]
        total += int(np.sum(np.square(difference), dtype=np.int64))
    return 10 * math.log10(255**2 * a.size / total) if total else math.inf


def ms_ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Multi-scale structural similarity, linear.

    Raises:
      ValueError: if a side is shorter than `MS_SSIM_MIN_SIDE`.
    """
    if min(a.shape[:2]) < MS_SSIM_MIN_SIDE:
        raise ValueError(f"MS-SSIM needs sides of at least {MS_SSIM_MIN_SIDE}, got {a.shape}")
    product = np.ones(a.shape[2])
    for scale, weight in enumerate(MS_SSIM_WEIGHTS):
        if scale:
            a, b = _halve(a), _halve(b)
        similar, contrast_structure = _means(a, b)
        last = scale == len(MS_SSIM_WEIGHTS) - 1
        product *= np.maximum(similar if last else contrast_structure, 0.0) ** weight
    return float(product.mean())


def _means(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The means of SSIM and of its contrast-structure part, (2, C)."""
    size = (a.shape[0], a.shape[1])
    total = np.zeros((2, a.shape[2]))
    # With one window over the whole of a short side, which is then padded; the mask leaves it out.
    for rows, columns in cover.cover(size, _BORDER):
        window = (slice(rows.start, rows.stop), slice(columns.start, columns.stop))
        kept = [_kept(rows, size[0]), _kept(columns, size[1])]
        total += np.asarray(_sums(_window(a[window]), _window(b[window]), np.array(kept)))
    return total / ((size[0] - _BORDER) * (size[1] - _BORDER))


def _kept(span: cover.Span, length: int) -> tuple[int, int]:
    """What of a window's map is kept, counted from the window's start."""
    half = _BORDER // 2
    first = 0 if span.first == 0 else span.first - half
    last = length - _BORDER if span.last == length else span.last - half
    return first - span.start, last - span.start


def _window(pixels: np.ndarray) -> np.ndarray:
    """float32 in [0, 1], small ones padded to one shape."""
    window = pixels.astype(np.float32) / 255 if pixels.dtype == np.uint8 else pixels
    missing = [max(0, _MIN_WINDOW - length) for length in window.shape[:2]]
    if any(missing):
        window = np.pad(window, [(0, missing[0]), (0, missing[1]), (0, 0)])
    return window


@jax.jit
def _sums(a: jax.Array, b: jax.Array, kept: jax.Array) -> jax.Array:
    maps = jnp.concatenate(ssim_maps(a[None], b[None]))
    masks = [
        (jnp.arange(length) >= first) & (jnp.arange(length) < last)
        for length, (first, last) in zip(maps.shape[1:3], kept, strict=True)
    ]
    mask = (masks[0][:, None] & masks[1])[None, :, :, None]
    return jnp.sum(jnp.where(mask, maps, 0.0), axis=(1, 2))


def _halve(image: np.ndarray) -> np.ndarray:
    """2x2 average pooling to float32; an odd side gets a zero at both ends, which count."""
    height, width, channels = image.shape
    out = np.empty(((height + 1) // 2, (width + 1) // 2, channels), np.float32)
    scale = np.float32(1 / 4 / 255 if image.dtype == np.uint8 else 1 / 4)
    for start in range(0, out.shape[0], _ROWS):
        stop = min(start + _ROWS, out.shape[0])
        # Row r of the padded image is row r - height % 2 of the image.
        first, last = 2 * start - height % 2, 2 * stop - height % 2
        strip = image[max(first, 0) : last].astype(np.float32)
        missing = (max(-first, 0), max(last - height, 0))
        strip = np.pad(strip, (missing, (width % 2, 0), (0, 0)))
        rows = strip[0::2] + strip[1::2]
        out[start:stop] = (rows[:, 0::2] + rows[:, 1::2]) * scale
    return out
