"""The Gaussian window that MS-SSIM and SSIMULACRA2 look through: 11 taps, sigma 1.5."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

WINDOW = 11
_SIGMA = 1.5
_OFFSETS = np.arange(WINDOW) - WINDOW // 2
_TAPS = np.exp(-0.5 * np.square(_OFFSETS / _SIGMA))
_TAPS /= _TAPS.sum()


def blur(image: jax.Array) -> jax.Array:
    """Separable Gaussian without padding: (N, H, W, C) -> (N, H - 10, W - 10, C)."""
    # Barriers keep XLA from computing eleven times, in one loop over the taps, what a tap reads.
    rows = _correlate(lax.optimization_barrier(image), 1)
    return lax.optimization_barrier(_correlate(lax.optimization_barrier(rows), 2))


def moments(image: jax.Array) -> tuple[jax.Array, jax.Array]:
    """What the window sees: the mean and the mean of squares, each (N, H - 10, W - 10, C)."""
    mean, squares = jnp.split(blur(jnp.concatenate([image, image * image])), 2)
    return mean, squares


@functools.partial(jax.custom_vjp, nondiff_argnums=(1,))
def _correlate(image: jax.Array, axis: int) -> jax.Array:
    def by_taps(image: jax.Array) -> jax.Array:
        return _by_taps(image, axis)

    def by_matrix(image: jax.Array) -> jax.Array:
        return _by_matrix(image, axis)

    return lax.platform_dependent(image, cpu=by_taps, default=by_matrix)


def _forward(image: jax.Array, axis: int) -> tuple[jax.Array, None]:
    return _correlate(image, axis), None


def _backward(axis: int, _: None, gradient: jax.Array) -> tuple[jax.Array]:
    """The window is symmetric: its transpose is itself, over zeros around the gradient."""
    padding = [(0, 0)] * 4
    padding[axis] = (WINDOW - 1, WINDOW - 1)
    return (_correlate(lax.optimization_barrier(jnp.pad(gradient, padding)), axis),)


_correlate.defvjp(_forward, _backward)


def _by_taps(image: jax.Array, axis: int) -> jax.Array:
    """A sum of shifted copies in one loop, over rows that are laid flat: no short inner loop.

    On a CPU four times as fast as a loop over the taps, and far faster than a convolution.
    """
    n, height, width, channels = image.shape
    flat = image.reshape(n, height, width * channels)
    step = channels if axis == 2 else 1
    length = flat.shape[axis] - (WINDOW - 1) * step
    total = sum(
        float(tap) * lax.slice_in_dim(flat, k * step, k * step + length, axis=axis)
        for k, tap in enumerate(_TAPS)
    )
    return jnp.asarray(total).reshape(n, -1, length // step if axis == 2 else width, channels)


def _by_matrix(image: jax.Array, axis: int) -> jax.Array:
    """One product with a banded matrix: more operations, and one kernel on an accelerator."""
    side = image.shape[axis]
    band = np.zeros((side - WINDOW + 1, side))
    for k, tap in enumerate(_TAPS):
        band[np.arange(side - WINDOW + 1), np.arange(side - WINDOW + 1) + k] = tap
    product = jnp.tensordot(
        jnp.asarray(band, image.dtype), image, axes=(1, axis), precision=lax.Precision.HIGHEST
    )
    return jnp.moveaxis(product, 0, axis)
