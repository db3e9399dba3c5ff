"""The 3x3 convolution, with the bias and ReLU that follow it, fast on a CPU.

In float32 and between many channels it is computed with a quarter of the products, see
`winograd.py`. Else it is XLA's, but for the gradient with respect to the kernel, which XLA's CPU
backend computes some four to twelve times slower than the forward pass. Here it is one matrix
product per block of rows: nine shifted views of the block, side by side, against the block's output
gradient. On other platforms everything is XLA's own. The platform is chosen in `conv3x3` and
`kernel_gradient`, and only there.
"""

import functools

import jax
import jax.numpy as jnp
from jax import lax

from jaxshrink.ops import winograd

# Positions per block: enough for an efficient product, few enough to stay in the cache.
_BLOCK_POSITIONS = 800
# With fewer channels, Winograd's transformations cost more than the products that they save.
_MIN_WINOGRAD_CHANNELS = 48


@functools.partial(jax.custom_vjp, nondiff_argnums=(3,))
def conv3x3(
    x: jax.Array, kernel: jax.Array, bias: jax.Array | None = None, relu: bool = False
) -> jax.Array:
    """Cross-correlates images with a 3x3 kernel: stride 1, same padding; [adds a bias; ReLU].

    Args:
      x: (N, H, W, I), floating point.
      kernel: (3, 3, I, O), same dtype.
      bias: (O,), same dtype.
      relu: whether negative results become zero.

    Returns:
      (N, H, W, O), same dtype.
    """
    if x.ndim != 4 or kernel.shape[:3] != (3, 3, x.shape[3]):
        raise ValueError(f"a {kernel.shape} kernel does not fit {x.shape} images")
    own = functools.partial(xla_conv3x3, relu=relu)
    if not _is_for_winograd(x, kernel.shape[3]):
        return own(x, kernel, bias)
    fast = functools.partial(winograd.correlate, relu=relu)
    return lax.platform_dependent(x, kernel, bias, cpu=fast, default=own)


_Residuals = tuple[jax.Array, jax.Array, jax.Array | None, jax.Array | None]


def _forward(
    x: jax.Array, kernel: jax.Array, bias: jax.Array | None, relu: bool
) -> tuple[jax.Array, _Residuals]:
    y = conv3x3(x, kernel, bias, relu)
    return y, (x, kernel, bias, y if relu else None)


def _backward(
    _: bool, residuals: _Residuals, dy: jax.Array
) -> tuple[jax.Array, jax.Array, jax.Array | None]:
    x, kernel, bias, y = residuals
    if y is not None:
        dy = jnp.where(y > 0, dy, 0)
    dx = conv3x3(dy, jnp.flip(kernel, (0, 1)).swapaxes(2, 3))
    dkernel = kernel_gradient(x, dy).astype(kernel.dtype)
    return dx, dkernel, None if bias is None else dy.sum((0, 1, 2))


conv3x3.defvjp(_forward, _backward)


def _is_for_winograd(x: jax.Array, num_out: int) -> bool:
    channels = min(x.shape[3], num_out)
    return x.dtype == jnp.float32 and channels >= _MIN_WINOGRAD_CHANNELS and x.size > 0


def xla_conv3x3(
    x: jax.Array,
    kernel: jax.Array,
    bias: jax.Array | None = None,
    relu: bool = False,
    stride: int = 1,
    symmetric_padding: bool = False,
) -> jax.Array:
    """`conv3x3` as XLA computes and differentiates it, for any stride.

    Symmetric padding is one zero at either end of a side; same padding puts fewer before a side
    than after it where the stride asks for it. With stride 1 they are the same.
    """
    y = lax.conv_general_dilated(
        x,
        kernel,
        window_strides=(stride, stride),
        padding=2 * [(1, 1)] if symmetric_padding else "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )
    if bias is not None:
        y = y + bias
    return jax.nn.relu(y) if relu else y


def kernel_gradient(x: jax.Array, dy: jax.Array) -> jax.Array:
    """dL/dkernel of `conv3x3` without ReLU.

    Args:
      x: the convolution's input, (N, H, W, I).
      dy: the gradient of its output, (N, H, W, O).

    Returns:
      (3, 3, I, O), float32.
    """
    wide = _is_for_winograd(x, dy.shape[3])
    fast = winograd.kernel_gradient if wide else _blocked_kernel_gradient
    return lax.platform_dependent(x, dy, cpu=fast, default=xla_kernel_gradient)


def xla_kernel_gradient(x: jax.Array, dy: jax.Array) -> jax.Array:
    """`kernel_gradient` as XLA derives it."""
    # The convolution is linear in its kernel: its gradient is the same at any kernel.
    kernel = jnp.zeros((3, 3, x.shape[3], dy.shape[3]), x.dtype)
    _, gradient = jax.vjp(functools.partial(xla_conv3x3, x), kernel)
    return gradient(dy)[0].astype(jnp.float32)


def _blocked_kernel_gradient(x: jax.Array, dy: jax.Array) -> jax.Array:
    """As `kernel_gradient`, by matrix products over blocks of rows."""
    if dy.shape[3] < x.shape[3]:
        # Shift the narrower of the two arrays, dy: the roles exchange, the shifts reverse.
        exchanged = _blocked_kernel_gradient(dy, x)
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
            preferred_element_type=jnp.float32,
        )
        return total + product, None

    start = jnp.zeros((num_out, 9 * num_in), jnp.float32)
    total, _ = lax.scan(accumulate, start, jnp.arange(batch * num_blocks))
    return total.reshape(num_out, 3, 3, num_in).transpose(1, 2, 3, 0)
