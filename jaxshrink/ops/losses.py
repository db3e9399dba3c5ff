"""The paper's two losses, written for one device's part of a batch.

With equal parts on every device, the mean of the parts' losses is the batch's loss.
"""

import dataclasses

import jax
import jax.numpy as jnp

from jaxshrink.ops import metrics


def half_squared_error(prediction: jax.Array, target: jax.Array) -> jax.Array:
    """1/(2N) * sum_k || prediction_k - target_k ||^2, the form of both losses.

    Summed over the pixels and channels of an image, averaged over the N images.

    Args:
      prediction, target: (N, H, W, C).

    Returns:
      A scalar, float32.
    """
    if prediction.shape != target.shape:
        raise ValueError(f"shapes differ: {prediction.shape} and {target.shape}")
    difference = prediction.astype(jnp.float32) - target.astype(jnp.float32)
    return 0.5 * jnp.sum(jnp.square(difference)) / prediction.shape[0]


def com_loss(up_y: jax.Array, residual: jax.Array, x: jax.Array) -> jax.Array:
    """Loss of ComCNN. Paper: eq. 2, where the codec is taken for the identity.

    Args:
      up_y: up(y), the enlarged compact image, (N, H, W, C).
      residual: RecCNN(up(y)), (N, H, W, C).
      x: the originals, (N, H, W, C).
    """
    return half_squared_error(up_y + residual, x)


def rec_loss(up_y_hat: jax.Array, residual: jax.Array, x: jax.Array) -> jax.Array:
    """Loss of RecCNN. Paper: eq. 3, with one sign changed.

    As printed, eq. 3 makes RecCNN predict up(y_hat) - x, while eq. 1, eq. 2 and the text add
    its output to up(y_hat). Both cannot hold. We add, so the target is x - up(y_hat). The
    authors' published code trained one sign and evaluated the other, fed RecCNN images in
    0..255 against targets in 0..1, and held RecCNN's output constant in the gradient of
    eq. 2; beside overfitting, that may be why their test score was .4628.

    Args:
      up_y_hat: up(y_hat), the enlarged compact image after the real codec, (N, H, W, C).
      residual: RecCNN(up(y_hat)), (N, H, W, C).
      x: the originals, (N, H, W, C).
    """
    return half_squared_error(residual, x - up_y_hat)


@dataclasses.dataclass(frozen=True)
class Distortion:
    """A weighted sum of losses, one value per image.

    Attributes:
      squared_error: weight of 1/2 || x_hat - x ||^2, the paper's: eq. 2 and 3.
      squared_levels: of the mean squared error, in the squared levels of an 8-bit image.
      charbonnier: of the mean of sqrt(d^2 + 1), d in levels: Charbonnier et al. 1994; about L1.
      ms_ssim: of 1 - MS-SSIM; needs sides of at least `MS_SSIM_MIN_SIDE`.
    """

    squared_error: float = 0.0
    squared_levels: float = 0.0
    charbonnier: float = 0.0
    ms_ssim: float = 0.0

    def __call__(self, x_hat: jax.Array, x: jax.Array) -> jax.Array:
        """Maps two (N, H, W, C) in [0, 1], the first of which may overshoot, to (N,)."""
        if x_hat.shape != x.shape:
            raise ValueError(f"shapes differ: {x_hat.shape} and {x.shape}")
        difference = x_hat.astype(jnp.float32) - x.astype(jnp.float32)
        levels = jnp.square(255.0 * difference)
        axes = (1, 2, 3)
        total = jnp.zeros(x.shape[0], jnp.float32)
        if self.squared_error:
            total += self.squared_error * 0.5 * jnp.sum(jnp.square(difference), axes)
        if self.squared_levels:
            total += self.squared_levels * jnp.mean(levels, axes)
        if self.charbonnier:
            total += self.charbonnier * jnp.mean(jnp.sqrt(levels + 1.0), axes)
        if self.ms_ssim:
            total += self.ms_ssim * (1.0 - metrics.ms_ssim(x_hat, x))
        return total


def range_penalty(y: jax.Array) -> jax.Array:
    """1/(2N) * sum_k || y_k - clip(y_k, 0, 1) ||^2: what the codec will clip away."""
    return half_squared_error(y, jnp.clip(y, 0.0, 1.0))
