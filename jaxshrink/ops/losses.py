"""How far images are from what they should be: the paper's loss, and others beside it.

Both of the paper's losses are `Distortion(squared_error=1)` averaged over a batch. Eq. 2, for
ComCNN, takes the codec for the identity: x_hat = up(y) + RecCNN(up(y)). Eq. 3, for RecCNN:
x_hat = up(y_hat) + RecCNN(up(y_hat)). As printed, eq. 3 makes RecCNN predict up(y_hat) - x, while
eq. 1, eq. 2 and the text add its output to up(y_hat). Both cannot hold. We add, so what RecCNN
learns is x - up(y_hat). The authors' published code trained one sign and evaluated the other, fed
RecCNN images in 0..255 against targets in 0..1, and held RecCNN's output constant in the gradient
of eq. 2: each a switch in the config, see `training/objective.py` and docs/experiments.md.

With equal parts on every device, the mean of the parts' losses is the batch's loss.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from jaxshrink.ops import metrics
from jaxshrink.ops.ssimulacra2 import ssimulacra2


@dataclasses.dataclass(frozen=True)
class Distortion:
    """A weighted sum of losses, one value per image.

    Attributes:
      squared_error: weight of 1/2 || x_hat - x ||^2, the paper's: eq. 2 and 3.
      squared_levels: weight of the mean squared error, in the squared levels of an 8-bit image.
      charbonnier: weight of the mean of sqrt(d^2 + 1), d in levels: Charbonnier 1994; near L1.
      absolute: weight of the mean of |d|, d in levels: L1.
      ms_ssim: weight of 1 - MS-SSIM; needs sides of at least `MS_SSIM_MIN_SIDE`.
      ssimulacra2: weight of 100 - SSIMULACRA2; all six of its scales see sides of at least 249.
      features: weight of `features_distance`.
      features_distance: (x_hat, x) -> (N,): how far apart a pre-trained network's features are.
    """

    squared_error: float = 0.0
    squared_levels: float = 0.0
    charbonnier: float = 0.0
    ms_ssim: float = 0.0
    ssimulacra2: float = 0.0
    absolute: float = 0.0
    features: float = 0.0
    features_distance: Callable[[jax.Array, jax.Array], jax.Array] | None = None

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
        if self.absolute:
            total += self.absolute * 255.0 * jnp.mean(jnp.abs(difference), axes)
        if self.ms_ssim:
            total += self.ms_ssim * (1.0 - metrics.ms_ssim(x_hat, x))
        if self.ssimulacra2:
            total += self.ssimulacra2 * (100.0 - ssimulacra2(x, x_hat))
        if self.features and self.features_distance is not None:
            total += self.features * self.features_distance(x_hat, x)
        return total


def cost(distortion: Any, bpp: Any, lmbda: Any, rate: Any = 1.0) -> Any:
    """distortion + rate * lmbda * bpp: what training and files of one quality minimize.

    Args:
      distortion: an image's, in squared levels; a float or an array, like all arguments.
      bpp: bits per pixel of the original.
      lmbda: the price of a bit, see `models.lmbda_of_quality`.
      rate: by how much bits count beside the distortion.
    """
    return distortion + rate * lmbda * bpp


def range_penalty(y: jax.Array) -> jax.Array:
    """1/(2N) * sum_k || y_k - clip(y_k, 0, 1) ||^2: what the codec will clip away; a scalar."""
    return 0.5 * jnp.sum(jnp.square(y - jnp.clip(y, 0.0, 1.0))) / y.shape[0]
