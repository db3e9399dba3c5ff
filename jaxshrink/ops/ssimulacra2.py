"""SSIMULACRA2, version 2.1: how close a picture looks to its original, 100 for the same.

Cloudinary's metric, tuned to people's ratings of compressed photographs: 90 is visually lossless,
70 high, 50 medium and 30 low quality; very bad pictures are below zero. At six scales, each half
the size of the one before, both pictures are converted to a perceptual colour space (XYB); there,
three maps are made of every channel: 1 - SSIM (without its luminance part), edges that were added
(ringing, blocks) and edges that were lost (blur); and of every map the mean and the 4-norm. The
score is a function of a weighted sum of these 108 numbers. Weights and constants are those of
https://github.com/cloudinary/ssimulacra2.

The border is the `ssimulacra2` package's: the blur sees columns continued by reflection, and rows
by zeros.

Images are (N, H, W, C), C = 1 or 3, float32 in [0, 1], gamma-encoded sRGB.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from jaxshrink.ops import images
from jaxshrink.ops.blur import WINDOW, blur, moments
from jaxshrink.ops.metrics import check_pair

NUM_SCALES = 6
# A scale of which a side would be shorter is left out.
MIN_SIDE = 8

_C2 = 0.0009
_OPSIN = np.array(
    [
        [0.30, 0.622, 0.078],
        [0.23, 0.692, 0.078],
        [0.24342268924547819, 0.20476744424496821, 0.5518098665095536],
    ],
    np.float32,
)
_OPSIN_BIAS = 0.0037930732552754493
# Below, powers of a mean are zero, and so is their gradient; the smallest float32 is 1e-38.
_TINY = 1e-30
# Ordered by channel (X, Y, B), scale, norm (mean and 4-norm) and map.
_WEIGHT_TABLE = """
    0 0.0007376606707 0 0 0.0007793481683 0
    0 0.000437115573 0 1.104172643 0.0006628483413 0.0001523163278
    0 0.001640643746 0 1.842245552 11.4411726 0
    0.0007989109436 0.0001768164381 0 1.878759498 10.94906991 0
    0.0007289346992 0.9677937081 0 0.0001400342429 0.9981766978 0.0003194975593
    0.0004550992114 0 0 0.001364876616 0 0
    0 0 0 7.466890328 0 17.44583398
    0.0006235601634 0 0 6.683678146 0.0003772440798 1.027889938
    225.205153 0 0 19.21323819 0.001140152459 0.001237755636
    176.393176 0 0 24.43301 0.2852080261 0.0004485436924
    0 0 0 34.77906344 44.83562533 0
    0 0 0 0 0 0
    0 0.0008680556573 0 0 0 0
    0 0.0005313191874 0 0.0001653381416 0 0
    0 0 0 0.0004179171803 0.001729082823 0
    0.002082700585 0 0 8.826982765 23.19243344 0
    95.10804988 0.9863978034 0.9834382792 0.001228640505 171.2667256 0.9807858872
    0 0 0 0.0005130064589 0 0.0001085405786
    """
_WEIGHTS = np.array(_WEIGHT_TABLE.split(), np.float32)


@jax.jit
def ssimulacra2(original: jax.Array, distorted: jax.Array) -> jax.Array:
    """Returns the score of each pair, (N,), at most 100; differentiable, also where both are equal.

    Raises:
      ValueError: if the shapes differ, or a side is shorter than `MIN_SIDE`.
    """
    check_pair(original, distorted)
    if min(original.shape[1:3]) < MIN_SIDE:
        raise ValueError(f"SSIMULACRA2 needs sides of at least {MIN_SIDE}, got {original.shape}")
    pair = to_linear(jnp.concatenate([original, distorted]))
    scales = []
    for scale in range(NUM_SCALES):
        if scale:
            pair = images.halve(images.pad_to_even(pair))
        if min(pair.shape[1:3]) < MIN_SIDE:
            break
        a, b = jnp.split(pad(to_xyb(pair)), 2)
        maps = difference_maps(a, b)
        scales.append(jnp.stack([mean(maps), mean(maps**4)]))
    return score(jnp.stack(scales))


def score(moments: jax.Array) -> jax.Array:
    """The score of the means over a picture.

    Args:
      moments: (S, 2, 3, N, 3): at S scales, of the maps of `difference_maps` and of their fourth
        powers; map, image, channel.

    Returns:
      (N,)
    """
    norms = jnp.stack([moments[:, 0], _power(moments[:, 1], 0.25)], axis=1)
    weights = jnp.asarray(_WEIGHTS[: 18 * len(moments)].reshape(3, -1, 2, 3))
    total = 0.9562382616834844 * jnp.einsum(
        "csmk,smknc->n", weights, norms, precision=lax.Precision.HIGHEST
    )
    total = 2.326765642916932 * total + total**2 * (
        6.248496625763138e-05 * total - 0.020884521182843837
    )
    return 100.0 - 10.0 * _power(total, 0.6276336467831387)


def to_linear(image: jax.Array) -> jax.Array:
    """Linear light, three channels, of sRGB; values outside of [0, 1] are clipped."""
    return to_light(jnp.repeat(image, 3, axis=3) if image.shape[3] == 1 else image)


def to_light(image: jax.Array) -> jax.Array:
    """`to_linear`, elementwise."""
    image = jnp.clip(image, 0.0, 1.0)
    bright = image > 0.04045
    base = (jnp.where(bright, image, 1.0) + 0.055) / 1.055
    return jnp.where(bright, jnp.exp(2.4 * jnp.log(base)), image / 12.92)


def to_xyb(linear: jax.Array) -> jax.Array:
    """The colour space that distances are taken in: X, Y, B, shifted to positive values."""
    responses = cone_responses(*(linear[..., channel] for channel in range(3)))
    return jnp.stack(xyb(*responses), axis=-1)


def cone_responses(
    red: jax.Array, green: jax.Array, blue: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Cube roots of mixed light, from planes of linear light."""
    mixed = (a * red + b * green + c * blue + _OPSIN_BIAS for a, b, c in _OPSIN)
    # Never less than the bias: the cube root's gradient is finite. XLA's own is slow on a CPU.
    roots = [jnp.exp(jnp.log(light) / 3.0) - np.cbrt(np.float32(_OPSIN_BIAS)) for light in mixed]
    return roots[0], roots[1], roots[2]


def xyb(
    long: jax.Array, medium: jax.Array, short: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array]:
    """X, Y and B of the three `cone_responses`."""
    x, y, b = 0.5 * (long - medium), 0.5 * (long + medium), short
    return 14.0 * x + 0.42, y + 0.01, b - y + 0.55


def pad(image: jax.Array) -> jax.Array:
    """What the blur sees of (N, H, W, C) and around it: (N, H + 10, W + 10, C)."""
    border = (WINDOW // 2, WINDOW // 2)
    reflected = jnp.pad(image, ((0, 0), border, (0, 0), (0, 0)), mode="symmetric")
    return jnp.pad(reflected, ((0, 0), (0, 0), border, (0, 0)))


def difference_maps(
    a: jax.Array, b: jax.Array, moments_a: tuple[jax.Array, jax.Array] | None = None
) -> jax.Array:
    """The three maps: 1 - SSIM, edges added, edges lost.

    Args:
      a, b: originals and distorted pictures in XYB, padded: (N, H + 10, W + 10, 3).
      moments_a: `moments(a)`, if they are known.

    Returns:
      (3, N, H, W, 3), not negative.
    """
    mean_a, square_a = moments(a) if moments_a is None else moments_a
    blurred = blur(jnp.concatenate([b, b * b, jnp.square(a - b)]))
    mean_b, square_b, difference = jnp.split(blurred, 3)
    shift = jnp.square(mean_a - mean_b)
    variances = square_a + square_b - mean_a * mean_a - mean_b * mean_b
    # 1 - (2 covariance + c) / (variances + c), by the variance of the difference: in float32, the
    # covariance of nearly equal images would be rounded to a score below 100.
    unlike = (difference - shift) / (variances + _C2)
    dissimilarity = shift + unlike - shift * unlike
    half = WINDOW // 2
    inner_a, inner_b = (image[:, half:-half, half:-half] for image in (a, b))
    edges = (1.0 + jnp.abs(inner_b - mean_b)) / (1.0 + jnp.abs(inner_a - mean_a)) - 1.0
    return jnp.maximum(jnp.stack([dissimilarity, edges, -edges]), 0.0)


def mean(maps: jax.Array) -> jax.Array:
    """Over the pixels: (3, N, H, W, 3) -> (3, N, 3)."""
    return maps.mean(axis=(2, 3))


def _power(value: jax.Array, exponent: float) -> jax.Array:
    """max(value, 0) ** exponent, with gradient zero instead of infinite at zero."""
    positive = value > _TINY
    return jnp.where(positive, jnp.where(positive, value, 1.0) ** exponent, 0.0)
