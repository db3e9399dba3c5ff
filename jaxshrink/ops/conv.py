"""The 3x3 convolution, fast on a CPU.

In float32 and between many channels it is computed with a quarter of the products, see
`winograd.py`. Else it is XLA's, but for the gradient with respect to the kernel, which XLA's CPU
backend computes some four to twelve times slower than the forward pass. Here it is one matrix
product per block of rows: nine shifted views of the block, side by side, against the block's output
gradient. On other platforms everything is XLA's own. The platform is chosen in `conv3x3` and
`kernel_gradient`, and only there.
"""

import functools
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from jaxshrink.ops import winograd

_DIMENSIONS = ("NHWC", "HWIO", "NHWC")
_SAME = ((1, 1), (1, 1))
# Positions per block: enough for an efficient product, few enough to stay in the cache.
_BLOCK_POSITIONS = 800
# With fewer channels, Winograd's transformations cost more than the products that they save.
_MIN_WINOGRAD_CHANNELS = 48


@functools.partial(jax.custom_vjp, nondiff_argnums=(2,))
def conv3x3(x: jax.Array, kernel: jax.Array, precision: Any = None) -> jax.Array:
    """Cross-correlates images with a 3x3 kernel: stride 1, same padding.

    Args:
      x: (N, H, W, I), floating point.
      kernel: (3, 3, I, O), same dtype.
      precision: as in `jax.lax.conv_general_dilated`.

    Returns:
      (N, H, W, O), same dtype.
    """
    if x.ndim != 4 or kernel.shape[:3] != (3, 3, x.shape[3]):
        raise ValueError(f"a {kernel.shape} kernel does not fit {x.shape} images")
    own = functools.partial(xla_conv3x3, precision=precision)
    if not _is_for_winograd(x, kernel.shape[3]):
        return own(x, kernel)
    fast = functools.partial(winograd.correlate, precision=precision)
    return lax.platform_dependent(x, kernel, cpu=fast, default=own)


def conv_general_dilated(
    lhs: jax.Array,
    rhs: jax.Array,
    window_strides: Sequence[int],
    padding: str | Sequence[tuple[int, int]],
    **options: Any,
) -> jax.Array:
    """For `flax.linen.Conv`: `conv3x3` where it applies, else JAX's function of this name."""
    precision = options.get("precision")
    if isinstance(padding, str):
        padding = lax.padtype_to_pads(lhs.shape[1:3], rhs.shape[:2], window_strides, padding)
    applies = (
        rhs.shape[:2] == (3, 3)
        and tuple(window_strides) == (1, 1)
        and tuple(map(tuple, padding)) == _SAME
        and all(
            d in (None, 1, (1, 1))
            for d in (options.get("lhs_dilation"), options.get("rhs_dilation"))
        )
        and options.get("feature_group_count", 1) == 1
    )
    if applies:
        return conv3x3(lhs, rhs, precision)
    return lax.conv_general_dilated(lhs, rhs, window_strides, padding, **options)


def _forward(
    x: jax.Array, kernel: jax.Array, precision: Any
) -> tuple[jax.Array, tuple[jax.Array, jax.Array]]:
    return conv3x3(x, kernel, precision), (x, kernel)


def _backward(
    precision: Any, residuals: tuple[jax.Array, jax.Array], dy: jax.Array
) -> tuple[jax.Array, jax.Array]:
    x, kernel = residuals
    dx = conv3x3(dy, jnp.flip(kernel, (0, 1)).swapaxes(2, 3), precision)
    return dx, kernel_gradient(x, dy, precision).astype(kernel.dtype)


conv3x3.defvjp(_forward, _backward)


def _is_for_winograd(x: jax.Array, num_out: int) -> bool:
    channels = min(x.shape[3], num_out)
    return x.dtype == jnp.float32 and channels >= _MIN_WINOGRAD_CHANNELS and x.size > 0


def xla_conv3x3(x: jax.Array, kernel: jax.Array, precision: Any = None) -> jax.Array:
    """`conv3x3` as XLA computes it, and differentiates it."""
    return lax.conv_general_dilated(
        x, kernel, (1, 1), _SAME, dimension_numbers=_DIMENSIONS, precision=precision
    )


def kernel_gradient(x: jax.Array, dy: jax.Array, precision: Any = None) -> jax.Array:
    """dL/dkernel of `conv3x3`.

    Args:
      x: its input, (N, H, W, I).
      dy: the gradient of its output, (N, H, W, O).
      precision: as there.

    Returns:
      (3, 3, I, O), float32.
    """
    wide = _is_for_winograd(x, dy.shape[3])
    fast = winograd.kernel_gradient if wide else _blocked_kernel_gradient
    return lax.platform_dependent(
        x,
        dy,
        cpu=functools.partial(fast, precision=precision),
        default=functools.partial(xla_kernel_gradient, precision=precision),
    )


def xla_kernel_gradient(x: jax.Array, dy: jax.Array, precision: Any = None) -> jax.Array:
    """`kernel_gradient` as XLA derives it."""
    # The convolution is linear in its kernel: its gradient is the same at any kernel.
    _, gradient = jax.vjp(
        lambda kernel: xla_conv3x3(x, kernel, precision),
        jnp.zeros((3, 3, x.shape[3], dy.shape[3]), x.dtype),
    )
    return gradient(dy)[0].astype(jnp.float32)


def _blocked_kernel_gradient(x: jax.Array, dy: jax.Array, precision: Any) -> jax.Array:
    """As `kernel_gradient`, by matrix products over blocks of rows."""
    if dy.shape[3] < x.shape[3]:
        # Shift the narrower of the two arrays, dy: the roles exchange, the shifts reverse.
        exchanged = _blocked_kernel_gradient(dy, x, precision)
        return jnp.flip(exchanged, (0, 1)).swapaxes(2, 3)
    batch, height, width, num_in = x.shape
    num_out = dy.shape[3]
    rows = max(1, min(height, round(_BLOCK_POSITIONS / width)))
    num_blocks = -(-height // rows)
    # The rows that fill up the last block are zero in dy, whatever x holds there.
    fill = num_blocks * rows - height
    x = jnp.pad(x, ((0, 0), (1, 1 + fill), (1, 1), (0, 0)))
    dy = jnp.pad(dy, ((0, 0), (0, fill), (0, 0), (0, 0)))

    def accumulate(total: jax.Array, block: jax.Array) -> tuple[jax.Array, None]:
        image, first_row = block // num_blocks, block % num_blocks * rows
        strip = lax.dynamic_slice(x, (image, first_row, 0, 0), (1, rows + 2, width + 2, num_in))[0]
        shifts = [strip[r : r + rows, c : c + width] for r in range(3) for c in range(3)]
        columns = jnp.concatenate(shifts, axis=-1).reshape(rows * width, 9 * num_in)
        gradient = lax.dynamic_slice(
            dy, (image, first_row, 0, 0), (1, rows, width, num_out)
        ).reshape(rows * width, num_out)
        product = lax.dot_general(
            gradient,
            columns,
            (((0,), (0,)), ((), ())),
            precision=precision,
            preferred_element_type=jnp.float32,
        )
        return total + product, None

    start = jnp.zeros((num_out, 9 * num_in), jnp.float32)
    total, _ = lax.scan(accumulate, start, jnp.arange(batch * num_blocks))
    return total.reshape(num_out, 3, 3, num_in).transpose(1, 2, 3, 0)
