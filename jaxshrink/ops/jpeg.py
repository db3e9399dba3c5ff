"""JPEG as a differentiable function: what it makes of an image, and an estimate of its bits.

Images are (N, H, W, C) in [0, 1], C = 1 or 3. Quantization tables are (N, 2, 8, 8): the steps of
luma and of chroma, by vertical and horizontal frequency, in the levels of an 8-bit image. Planes
are (N, H, W) in levels around zero; their coefficients are laid out as (N, H / 8, 8, W / 8, 8),
rows of blocks, vertical frequency, columns of blocks, horizontal frequency.

Rounding passes its gradient straight through (Bengio, Leonard, Courville 2013), to the tables,
too, as in learned step sizes (Esser et al. 2020).
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

BLOCK = 8
SUBSAMPLINGS = ("4:4:4", "4:2:0")
# Of `estimate_bits`; fitted by `benchmarks/jpeg_rate.py`.
BIT_WEIGHTS = (2.471, 1.853, 1.13, 3.501, 6149.0)

# ITU-T T.81, tables K.1 and K.2.
_LUMA = """
    16 11 10 16  24  40  51  61   12 12 14 19  26  58  60  55
    14 13 16 24  40  57  69  56   14 17 22 29  51  87  80  62
    18 22 37 56  68 109 103  77   24 35 55 64  81 104 113  92
    49 64 78 87 103 121 120 101   72 92 95 98 112 100 103  99"""
_CHROMA = (
    """
    17 18 24 47 99 99 99 99   18 21 26 66 99 99 99 99
    24 26 56 99 99 99 99 99   47 66 99 99 99 99 99 99"""
    + " 99" * 32
)
_STANDARD = np.array((_LUMA + _CHROMA).split(), np.float32).reshape(2, BLOCK, BLOCK)

# JFIF 1.02: from RGB to luma and the two colour differences.
_TO_YCBCR = np.array(
    [[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]], np.float32
)
_TO_RGB = np.linalg.inv(_TO_YCBCR.astype(np.float64)).astype(np.float32)

_FREQUENCY = np.arange(BLOCK)[:, None]
_DCT = np.sqrt(2 / BLOCK) * np.cos(np.pi * _FREQUENCY * (2 * np.arange(BLOCK) + 1) / (2 * BLOCK))
_DCT[0] /= np.sqrt(2)
_DCT = _DCT.astype(np.float32)


class RoundTrip(NamedTuple):
    """What JPEG makes of images.

    Attributes:
      image: decoded, (N, H, W, C) in [0, 1].
      bits: an estimate of the whole file's, (N,).
    """

    image: jax.Array
    bits: jax.Array


def standard_tables(quality: jax.Array) -> jax.Array:
    """libjpeg's tables, for qualities of any shape (...) in 1..100: (..., 2, 8, 8)."""
    quality = jnp.asarray(quality, jnp.float32)
    percent = jnp.where(quality < 50, jnp.floor(5000 / quality), 200 - 2 * quality)
    steps = jnp.floor((_STANDARD * percent[..., None, None, None] + 50) / 100)
    return jnp.clip(steps, 1, 255)


def lmbda_of_tables(tables: jax.Array) -> jax.Array:
    """The Lagrange multiplier, (...), that tables (..., 2, 8, 8) suit, by the steps of luma.

    In squared levels per bit and pixel. A step s costs s^2 / 12 at a high rate, where rounding
    errors are uniform, and minimizes s^2 / 12 + lmbda * rate for lmbda = s^2 ln 2 / 6 (Gish and
    Pierce 1968), per sample: of a compact image of scale s, times s^2.
    """
    low = tables[..., 0, : BLOCK // 2, : BLOCK // 2]
    return jnp.exp(2 * jnp.mean(jnp.log(low), axis=(-2, -1))) * (np.log(2) / 6)


def whole_steps(tables: jax.Array) -> jax.Array:
    """Rounds tables to what a file can hold, 1..255; the gradient passes straight through."""
    return _straight_through(tables, jnp.clip(jnp.round(tables), 1, 255))


def round_trip(
    image: jax.Array,
    tables: jax.Array,
    subsampling: str = "4:2:0",
    bit_weights: Any = BIT_WEIGHTS,
) -> RoundTrip:
    """Compresses images to JPEG and decodes them, as libjpeg does but for its integer arithmetic.

    Args:
      image: (N, H, W, C) in [0, 1]; what lies outside is clipped.
      tables: (N, 2, 8, 8), whole numbers; of grayscale images, the first is used.
      subsampling: the chroma's, "4:4:4" or "4:2:0".
      bit_weights: the weights of `estimate_bits`' terms, and last the header's bits.

    Raises:
      ValueError: if the shapes do not fit together.
    """
    if image.ndim != 4 or image.shape[3] not in (1, 3):
        raise ValueError(f"expected (N, H, W, 1 or 3), got {image.shape}")
    if tables.shape != (image.shape[0], 2, BLOCK, BLOCK):
        raise ValueError(f"{tables.shape} tables for {image.shape} images")
    if subsampling not in SUBSAMPLINGS:
        raise ValueError(f"subsampling {subsampling!r} is none of {SUBSAMPLINGS}")
    levels = _rounded(jnp.clip(image, 0.0, 1.0) * 255.0)
    if image.shape[3] == 1:
        planes = [levels[..., 0] - 128.0]
    else:
        colours = jnp.einsum("nhwc,kc->knhw", levels, _TO_YCBCR)
        # libjpeg rounds a half down here; pure blues and reds hit it.
        colours = _straight_through(colours, jnp.floor(colours + (0.5 - 2**-16)))
        planes = [colours[0] - 128.0, colours[1], colours[2]]
    bits = jnp.full(image.shape[0], bit_weights[-1], jnp.float32)
    decoded = []
    for index, plane in enumerate(planes):
        halved = index > 0 and subsampling == "4:2:0"
        part = _halve(plane) if halved else plane
        part, plane_bits = _plane_round_trip(part, tables[:, min(index, 1)], bit_weights)
        decoded.append(_double(part)[:, : plane.shape[1], : plane.shape[2]] if halved else part)
        bits += plane_bits
    decoded[0] += 128.0
    if image.shape[3] == 1:
        result = decoded[0][..., None]
    else:
        result = jnp.einsum("knhw,ck->nhwc", jnp.stack(decoded), _TO_RGB)
    return RoundTrip(jnp.clip(_rounded(result), 0.0, 255.0) / 255.0, bits)


def _plane_round_trip(
    plane: jax.Array, steps: jax.Array, bit_weights: Any
) -> tuple[jax.Array, jax.Array]:
    """Returns a decoded plane and its bits; `steps` are (N, 8, 8)."""
    height, width = plane.shape[1:]
    fill = ((0, 0), (0, -height % BLOCK), (0, -width % BLOCK))
    steps = steps[:, None, :, None, :]
    ratios = _dct(jnp.pad(plane, fill, mode="edge")) / steps
    quantized = _straight_through(ratios, _quantize(ratios * steps, steps))
    decoded = jnp.clip(_rounded(_inverse_dct(quantized * steps)), -128.0, 127.0)
    return decoded[:, :height, :width], estimate_bits(ratios, bit_weights)


def _quantize(coefficients: jax.Array, steps: jax.Array) -> jax.Array:
    """Rounds as libjpeg does: first to eighths, then a half away from zero. Ties are common."""
    eighths = jnp.floor(8.0 * jnp.abs(coefficients) + 0.5)
    return jnp.sign(coefficients) * jnp.floor((eighths + 4.0 * steps) / (8.0 * steps))


def _dct(plane: jax.Array) -> jax.Array:
    """Orthonormal DCT of every block: (N, H, W) -> (N, H / 8, 8, W / 8, 8)."""
    n, h, w = plane.shape
    blocks = plane.reshape(n, h // BLOCK, BLOCK, w // BLOCK, BLOCK)
    return jnp.einsum("ui,nyixj,vj->nyuxv", _DCT, blocks, _DCT)


def _inverse_dct(coefficients: jax.Array) -> jax.Array:
    n, rows, _, columns, _ = coefficients.shape
    blocks = jnp.einsum("ui,nyuxv,vj->nyixj", _DCT, coefficients, _DCT)
    return blocks.reshape(n, rows * BLOCK, columns * BLOCK)


def _halve(plane: jax.Array) -> jax.Array:
    """Means of 2x2 pixels; an odd side's last row or column counts twice."""
    n, h, w = plane.shape
    plane = jnp.pad(plane, ((0, 0), (0, h % 2), (0, w % 2)), mode="edge")
    means = plane.reshape(n, (h + 1) // 2, 2, (w + 1) // 2, 2).mean(axis=(2, 4))
    # libjpeg rounds a half down and up by turns, from one column to the next.
    bias = jnp.where(jnp.arange(means.shape[2]) % 2, 0.5, 0.25)
    return _straight_through(means, jnp.floor(means + bias))


def _double(plane: jax.Array) -> jax.Array:
    """Linear interpolation between the centres of pixels: libjpeg's "fancy upsampling"."""
    for axis in (1, 2):
        edges = [(1, 1) if a == axis else (0, 0) for a in range(3)]
        padded = jnp.pad(plane, edges, mode="edge")
        size = plane.shape[axis]
        before = jax.lax.slice_in_dim(padded, 0, size, axis=axis)
        after = jax.lax.slice_in_dim(padded, 2, size + 2, axis=axis)
        pair = jnp.stack([0.75 * plane + 0.25 * before, 0.75 * plane + 0.25 * after], axis + 1)
        plane = pair.reshape(*(2 * s if a == axis else s for a, s in enumerate(plane.shape)))
    return _rounded(plane)


def estimate_bits(ratios: jax.Array, weights: Any = BIT_WEIGHTS) -> jax.Array:
    """Estimates what a plane's coefficients cost in an optimized, progressive file.

    A coefficient costs something for not being zero, where it stands among the zeros, and
    something for every doubling of its size. Both are smooth in the unrounded coefficient, and
    flat around zero, where rounding leaves nothing to save. The mean of a block is coded as
    its difference from the block to the left. The weights were fitted to real files by
    `benchmarks/jpeg_rate.py`.

    Args:
      ratios: coefficients by their quantization steps, before rounding.
      weights: bits for not being zero and for a doubling, of the varying coefficients and of
        the means; then of a file's header, which is not counted here.

    Returns:
      (N,)
    """
    means = ratios[:, :, 0, :, 0]
    differences = jnp.diff(means, axis=2, prepend=means[:, :, :1])
    ratios = ratios.at[:, :, 0, :, 0].set(0.0)
    parts = (*_bit_features(ratios), *_bit_features(differences))
    return sum(
        weight * part.sum(axis=tuple(range(1, part.ndim)))
        for weight, part in zip(weights[:-1], parts, strict=True)
    )


def _bit_features(ratios: jax.Array) -> tuple[jax.Array, jax.Array]:
    """How much a coefficient is not zero, 0..1, and the doublings of its size."""
    squares = jnp.square(ratios)
    return squares / (squares + 0.25), 0.5 * jnp.log2(1.0 + squares)


def _rounded(value: jax.Array) -> jax.Array:
    return _straight_through(value, jnp.round(value))


def _straight_through(value: jax.Array, replaced: jax.Array) -> jax.Array:
    """`replaced`, with the gradient of `value`."""
    return value + jax.lax.stop_gradient(replaced - value)
