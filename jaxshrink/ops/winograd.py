"""The 3x3 convolution and its kernel gradient with a quarter of the products, for a CPU.

Winograd's F(4x4, 3x3), after Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural
Networks": a tile of 4x4 outputs is computed from 6x6 inputs d and the kernel g as

    y = A^T [(B^T d B) * (G g G^T)] A,

with 36 products for each pair of channels instead of 144, for tiles that the image's border does
not cut. The product at each of the 36 points is a matrix product over the channels. Read
backwards, this gives the kernel's gradient from that of y:

    dg = G^T [sum over tiles of (B^T d B) * (A dy A^T)] G.

Images are looked through one by one, in strips of tiles that are short enough to stay in the
cache. Errors are some 1e-5 of the greatest value, ten times those of the plain sum in float32.
"""

import dataclasses
import functools
import operator

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

_TILE, _KERNEL = 4, 3
_POINTS = _TILE + _KERNEL - 1
# The transformations for the points 0, 1, -1, 2, -2 and infinity.
_B = np.array(
    [
        [4, 0, -5, 0, 1, 0],
        [0, -4, -4, 1, 1, 0],
        [0, 4, -4, -1, 1, 0],
        [0, -2, -1, 2, 1, 0],
        [0, 2, -1, -2, 1, 0],
        [0, 4, 0, -5, 0, 1],
    ]
).T
_A = np.array(
    [
        [1, 1, 1, 1, 1, 0],
        [0, 1, -1, 2, -2, 0],
        [0, 1, 1, 4, 4, 0],
        [0, 1, -1, 8, -8, 1],
    ]
).T
_G = np.array(
    [
        [1 / 4, 0, 0],
        [-1 / 6, -1 / 6, -1 / 6],
        [-1 / 6, 1 / 6, -1 / 6],
        [1 / 24, 1 / 12, 1 / 6],
        [1 / 24, -1 / 12, 1 / 6],
        [0, 0, 1],
    ]
)
# With 64 channels, 2 MB for the points of a strip. From 100 to 500 tiles it matters little.
_TILES_PER_STRIP = 224


# jax.jit here and below, so that equal layers are traced and lowered once.
@functools.partial(jax.jit, static_argnames="relu")
def correlate(
    x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None, *, relu: bool = False
) -> jax.Array:
    """Cross-correlates images with a 3x3 kernel: stride 1, same padding; [adds a bias; ReLU].

    Args:
      x: (N, H, W, I), float32, not empty.
      kernel: (3, 3, I, O), float32.
      bias: (O,), float32.

    Returns:
      (N, H, W, O), float32.
    """
    batch, height, width, _ = x.shape
    num_out = kernel.shape[3]
    g = _both_sides(_G, kernel)
    strips = _Strips.of(x)

    def strip(_: None, index: jax.Array) -> tuple[None, jax.Array]:
        d = _transform(_B.T, strips.cut(x, index, 1), strips)
        products = lax.dot_general(d, g, (((3,), (2,)), ((0, 1), (0, 1))))
        y = _restore(lax.optimization_barrier(products), strips)
        if bias is not None:
            y = y + bias
        if relu:
            y = jnp.maximum(y, 0)
        return None, lax.optimization_barrier(y)

    _, y = lax.scan(strip, None, jnp.arange(batch * strips.number))
    return y.reshape(batch, -1, _TILE * strips.width, num_out)[:, :height, :width]


@jax.jit
def kernel_gradient(x: jax.Array, dy: jax.Array) -> jax.Array:
    """dL/dkernel of `correlate` without ReLU.

    Args:
      x: the convolution's input, (N, H, W, I).
      dy: the gradient of its output, (N, H, W, O).

    Returns:
      (3, 3, I, O), float32.
    """
    strips = _Strips.of(x)

    def accumulate(total: jax.Array, index: jax.Array) -> tuple[jax.Array, None]:
        d = _transform(_B.T, strips.cut(x, index, 1), strips)
        e = _transform(_A, strips.cut(dy, index, 0), strips)
        return total + lax.dot_general(d, e, (((2,), (2,)), ((0, 1), (0, 1)))), None

    start = jnp.zeros((_POINTS, _POINTS, x.shape[3], dy.shape[3]), x.dtype)
    total, _ = lax.scan(accumulate, start, jnp.arange(len(x) * strips.number))
    return _both_sides(_G.T, total)


@dataclasses.dataclass(frozen=True)
class _Strips:
    """How the tiles of an image are divided: `number` strips of (height, width) tiles."""

    number: int
    height: int
    width: int

    @classmethod
    def of(cls, x: jax.Array) -> "_Strips":
        rows, columns = (-(-side // _TILE) for side in x.shape[1:3])
        number = -(-rows // max(1, round(_TILES_PER_STRIP / columns)))
        return cls(number, -(-rows // number), columns)

    def cut(self, images: jax.Array, index: jax.Array, border: int) -> jax.Array:
        """One strip of one image, with that border of what surrounds it, or zeros: (h, w, C)."""
        _, height, width, channels = images.shape
        step = _TILE * self.height
        below = border + _TILE * self.number * self.height - height
        right = border + _TILE * self.width - width
        # What lies in the image is cut out first, wherever there is so much of it, and surrounded;
        # from that, what is wanted.
        rows = min(height, step + 2 * border)
        image, first = index // self.number, index % self.number * step - border
        start = jnp.clip(first, 0, height - rows)
        strip = lax.dynamic_slice(images, (image, start, 0, 0), (1, rows, width, channels))[0]
        strip = jnp.pad(strip, ((border, below), (border, right), (0, 0)))
        # The barriers here and below keep XLA from fusing what follows into its use, where it
        # would be computed once for each.
        return lax.optimization_barrier(
            lax.dynamic_slice_in_dim(strip, border + first - start, step + 2 * border)
        )


def _transform(matrix: np.ndarray, strip: jax.Array, strips: _Strips) -> jax.Array:
    """matrix d matrix^T of every tile d: (h, w, C) -> (6, 6, tiles, C)."""
    side = matrix.shape[1]
    last_row, last_column = _TILE * (strips.height - 1) + 1, _TILE * (strips.width - 1) + 1
    rows = [lax.slice_in_dim(strip, i, i + last_row, _TILE) for i in range(side)]
    d = lax.optimization_barrier(_combine(matrix, rows, 0))
    columns = [lax.slice_in_dim(d, j, j + last_column, _TILE, axis=2) for j in range(side)]
    d = _combine(matrix, columns, 1)
    return lax.optimization_barrier(d.reshape(_POINTS, _POINTS, -1, strip.shape[2]))


def _restore(products: jax.Array, strips: _Strips) -> jax.Array:
    """A^T m A of every tile m: (6, 6, tiles, C) -> (h, w, C)."""
    channels = products.shape[3]
    m = products.reshape(_POINTS, _POINTS, strips.height, strips.width, channels)
    y = lax.optimization_barrier(_combine(_A.T, list(m), 0))
    y = _combine(_A.T, [jnp.moveaxis(y[:, j], 0, 1) for j in range(_POINTS)], 3)
    return y.reshape(_TILE * strips.height, -1, channels)


def _both_sides(matrix: np.ndarray, g: jax.Array) -> jax.Array:
    """matrix g matrix^T over the two leading axes: (n, n, I, O) -> (m, m, I, O)."""
    return _combine(matrix, list(_combine(matrix, list(g), 0).swapaxes(0, 1)), 1)


def _combine(matrix: np.ndarray, parts: list[jax.Array], axis: int) -> jax.Array:
    """The sums of matrix[k, j] * parts[j] over j, stacked along `axis`."""
    terms = [[w * part for w, part in zip(row, parts, strict=True) if w] for row in matrix.tolist()]
    return jnp.stack([functools.reduce(operator.add, row) for row in terms], axis)
