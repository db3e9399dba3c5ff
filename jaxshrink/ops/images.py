"""Conversions between 8 bits and [0, 1], and the bicubic enlargement."""

import jax
import jax.numpy as jnp
import numpy as np

# Keys' cubic kernel (a = -1/2) at the distances of the four nearest samples, for an
# output sample a quarter of an input sample to the right of the second of them.
_QUARTER_TAPS = (-0.0703125, 0.8671875, 0.2265625, -0.0234375)


def to_float(image: jax.Array) -> jax.Array:
    """Maps uint8 in 0..255 to float32 in [0, 1]; any shape."""
    if image.dtype != jnp.uint8:
        raise TypeError(f"expected uint8, got {image.dtype}")
    return image.astype(jnp.float32) / 255.0


def to_uint8(image: jax.Array) -> jax.Array:
    """Clips to [0, 1] and rounds to uint8 in 0..255; any shape, any floating dtype."""
    if not jnp.issubdtype(image.dtype, jnp.floating):
        raise TypeError(f"expected a floating dtype, got {image.dtype}")
    scaled = jnp.clip(image.astype(jnp.float32), 0.0, 1.0) * 255.0
    return jnp.round(scaled).astype(jnp.uint8)


def compact_size(size: tuple[int, int]) -> tuple[int, int]:
    """Height and width of the compact image of a picture of `size`: ceil(size / 2)."""
    return (size[0] + 1) // 2, (size[1] + 1) // 2


def pad_to_even(image: jax.Array) -> jax.Array:
    """Repeats the last row and column of (N, H, W, C) where a side is odd."""
    padding = ((0, 0), (0, image.shape[1] % 2), (0, image.shape[2] % 2), (0, 0))
    return jnp.pad(image, padding, mode="edge")


def fold(image: jax.Array, factor: int = 2) -> jax.Array:
    """Space to depth: (N, factor h, factor w, C) -> (N, h, w, factor^2 C)."""
    n, height, width, c = image.shape
    h, w = height // factor, width // factor
    blocks = image.reshape(n, h, factor, w, factor, c)
    return blocks.transpose(0, 1, 3, 2, 4, 5).reshape(n, h, w, factor**2 * c)


def unfold(image: jax.Array, factor: int = 2) -> jax.Array:
    """Depth to space, the inverse of `fold`."""
    n, h, w, channels = image.shape
    c = channels // factor**2
    blocks = image.reshape(n, h, w, factor, factor, c).transpose(0, 1, 3, 2, 4, 5)
    return blocks.reshape(n, factor * h, factor * w, c)


def halve(image: jax.Array) -> jax.Array:
    """Means of 2x2 pixels: (N, 2h, 2w, C) -> (N, h, w, C)."""
    n, height, width, c = image.shape
    return image.reshape(n, height // 2, 2, width // 2, 2, c).mean(axis=(2, 4))


def enlarge(image: jax.Array, size: tuple[int, int]) -> jax.Array:
    """Bicubic enlargement by exactly 2, then cropped to `size`: the paper's up(.).

    Keys' kernel with a = -1/2, half-pixel centres, taps outside of the image dropped and
    the others rescaled to sum to one: Pillow's BICUBIC in its floating-point mode. Written
    as shifted sums, which are cheap in both directions on every platform.

    Args:
      image: (N, h, w, C).
      size: (H, W) with h = ceil(H / 2) and w = ceil(W / 2).

    Returns:
      (N, H, W, C), same dtype. Values may overshoot [0, 1] a little, as bicubic does.
    """
    if image.ndim != 4 or image.shape[1:3] != compact_size(size):
        raise ValueError(f"a {image.shape} image cannot be enlarged to {size}")
    enlarged = _double(_double(image, axis=1), axis=2)
    return enlarged[:, : size[0], : size[1]]


def _double(image: jax.Array, axis: int) -> jax.Array:
    length = image.shape[axis]
    padding = [(0, 0)] * image.ndim
    padding[axis] = (2, 2)
    padded = jnp.pad(image, padding)
    inside = np.pad(np.ones(length, np.float32), 2)

    def phase(taps: tuple[float, ...], first: int) -> jax.Array:
        """The samples at i - 1/4 (first = 0) or i + 1/4 (first = 1), for every i."""
        weight = sum(t * inside[first + k : first + k + length] for k, t in enumerate(taps))
        slices = (
            jax.lax.slice_in_dim(padded, first + k, first + k + length, axis=axis) for k in range(4)
        )
        total = sum(tap * part for tap, part in zip(taps, slices, strict=True))
        shape = [1] * image.ndim
        shape[axis] = length
        return total / jnp.asarray(weight, image.dtype).reshape(shape)

    pair = jnp.stack([phase(_QUARTER_TAPS[::-1], 0), phase(_QUARTER_TAPS, 1)], axis=axis + 1)
    shape = list(image.shape)
    shape[axis] = 2 * length
    return pair.reshape(shape)
