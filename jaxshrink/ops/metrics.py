"""Image quality: one value per pair of images.

Images are (N, H, W, C), floating point in [0, 1]; every function returns (N,).
"""

import functools

import jax
import jax.numpy as jnp

from jaxshrink.ops.blur import WINDOW, blur, moments

SSIM_WINDOW = WINDOW
_K1, _K2 = 0.01, 0.03
MS_SSIM_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
# Five scales halve the image four times, and the smallest must still hold the window.
MS_SSIM_MIN_SIDE = (SSIM_WINDOW - 1) * 2 ** (len(MS_SSIM_WEIGHTS) - 1) + 1


def mse(a: jax.Array, b: jax.Array) -> jax.Array:
    """Mean squared error over the pixels and channels of each pair."""
    import dm_pix  # which takes a while, and is not needed to store a photograph

    check_pair(a, b)
    return dm_pix.mse(a, b)


def psnr(a: jax.Array, b: jax.Array) -> jax.Array:
    """Peak signal-to-noise ratio in decibels, for a peak of 1; infinite for equal images."""
    import dm_pix

    check_pair(a, b)
    return dm_pix.psnr(a, b)


def ssim(a: jax.Array, b: jax.Array) -> jax.Array:
    """Structural similarity (Wang et al. 2004), 11x11 Gaussian window of sigma 1.5.

    Raises:
      ValueError: if a side is shorter than the window.
    """
    import dm_pix

    check_pair(a, b)
    if min(a.shape[1:3]) < SSIM_WINDOW:
        raise ValueError(f"SSIM needs sides of at least {SSIM_WINDOW}, got {a.shape[1:3]}")
    with jax.numpy_dtype_promotion("standard"):  # dm-pix computes with whole numbers and floats
        return dm_pix.ssim(a, b)


@jax.jit
def ms_ssim(a: jax.Array, b: jax.Array) -> jax.Array:
    """Multi-scale structural similarity (Wang, Simoncelli, Bovik 2003), linear, at most 1.

    The definition of pytorch-msssim 1.0: 11x11 Gaussian window of sigma 1.5 without padding,
    five scales with the standard weights, 2x2 average pooling in which an odd side is padded
    with one zero at both ends, negative terms clipped to 0, and the mean over channels taken
    last. Differentiable; the gradient of a clipped term is zero.

    Raises:
      ValueError: if a side is shorter than `MS_SSIM_MIN_SIDE` (161).
    """
    check_pair(a, b)
    if min(a.shape[1:3]) < MS_SSIM_MIN_SIDE:
        raise ValueError(
            f"MS-SSIM needs sides of at least {MS_SSIM_MIN_SIDE}, got {a.shape[1]}x{a.shape[2]}"
        )
    terms = []
    for scale in range(len(MS_SSIM_WEIGHTS)):
        if scale:
            a, b = _halve(a), _halve(b)
        similarity, contrast_structure = _ssim_terms(a, b)
        terms.append(contrast_structure)
    terms[-1] = similarity
    powers = map(_clipped_power, terms, MS_SSIM_WEIGHTS)
    return functools.reduce(jnp.multiply, powers).mean(axis=-1)


def check_pair(a: jax.Array, b: jax.Array) -> None:
    """Raises ValueError or TypeError unless both are NHWC, of one shape and floating dtype."""
    if a.ndim != 4 or a.shape != b.shape:
        raise ValueError(f"expected two equal NHWC shapes, got {a.shape} and {b.shape}")
    if not (jnp.issubdtype(a.dtype, jnp.floating) and a.dtype == b.dtype):
        raise TypeError(f"expected one floating dtype, got {a.dtype} and {b.dtype}")


def _ssim_terms(a: jax.Array, b: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Means of SSIM and of its contrast-structure part, each (N, C)."""
    similarity, contrast_structure = ssim_maps(a, b)
    return similarity.mean(axis=(1, 2)), contrast_structure.mean(axis=(1, 2))


def ssim_maps(
    a: jax.Array, b: jax.Array, moments_a: tuple[jax.Array, jax.Array] | None = None
) -> tuple[jax.Array, jax.Array]:
    """SSIM and its contrast-structure part around every pixel, each (N, H - 10, W - 10, C).

    Args:
      a, b: the images.
      moments_a: `moments(a)`, if they are known.
    """
    c1, c2 = _K1**2, _K2**2
    mean_a, square_a = moments(a) if moments_a is None else moments_a
    mean_b, square_b, product = jnp.split(blur(jnp.concatenate([b, b * b, a * b])), 3)
    variances = square_a + square_b - mean_a * mean_a - mean_b * mean_b
    covariance = product - mean_a * mean_b
    contrast_structure = (2.0 * covariance + c2) / (variances + c2)
    luminance = (2.0 * mean_a * mean_b + c1) / (mean_a * mean_a + mean_b * mean_b + c1)
    return luminance * contrast_structure, contrast_structure


def _halve(image: jax.Array) -> jax.Array:
    """2x2 average pooling; an odd side gets a zero at both ends, which count in the mean."""
    n, h, w, c = image.shape
    image = jnp.pad(image, ((0, 0), (h % 2, h % 2), (w % 2, w % 2), (0, 0)))
    h, w = (h + h % 2) // 2, (w + w % 2) // 2
    return image[:, : 2 * h, : 2 * w].reshape(n, h, 2, w, 2, c).mean(axis=(2, 4))


def _clipped_power(term: jax.Array, exponent: float) -> jax.Array:
    """max(term, 0) ** exponent, with gradient zero instead of infinite where it is clipped."""
    positive = term > 0.0
    return jnp.where(positive, jnp.where(positive, term, 1.0) ** exponent, 0.0)
