"""RecCNN: from the enlarged compact image to what it lacks."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxshrink.models.blocks import Conv, ConvBlock
from jaxshrink.ops import images


class RecCNN(nn.Module):
    """The reconstruction network. Paper: section 4.2.

    `num_layers` convolutions in all: one with ReLU, `num_layers` - 2 with [batch norm and]
    ReLU, and one to `channels`. Maps up(y_hat), (N, H, W, C), to the residual that is *added*
    to it, (N, H, W, C), float32.

    Attributes:
      channels: 3 for colour, 1 for grayscale.
      batch_norm, dropout_rate: off in the paper's best colour results.
      input_scale: what up(y_hat) is multiplied by before the first layer: 255 in the authors' code,
        1 in the paper.
      dtype: what it computes in; parameters are float32.
    """

    channels: int = 3
    features: int = 64
    num_layers: int = 20
    batch_norm: bool = False
    dropout_rate: float = 0.0
    input_scale: float = 1.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, up_y: jax.Array, *, train: bool = False) -> jax.Array:
        block = functools.partial(
            ConvBlock, features=self.features, dropout_rate=self.dropout_rate, dtype=self.dtype
        )
        x = block()(self.input_scale * up_y, train=train)
        for _ in range(self.num_layers - 2):
            x = block(batch_norm=self.batch_norm)(x, train=train)
        # Paper: silent. Zero, so that training starts from the bicubic enlargement.
        zeros = nn.initializers.zeros_init()
        residual = Conv(self.channels, kernel_init=zeros, dtype=self.dtype)(x)
        return residual.astype(jnp.float32)

    def reconstruct(
        self, y_hat: jax.Array, size: tuple[int, int], tables: Any = None, *, train: bool = False
    ) -> jax.Array:
        """x_hat = up(y_hat) + RecCNN(up(y_hat)), of `size` (H, W). The tables are not looked at."""
        del tables
        up_y_hat = images.enlarge(y_hat, size)
        return up_y_hat + self(up_y_hat, train=train)
