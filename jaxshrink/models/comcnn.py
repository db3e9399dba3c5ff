"""ComCNN: from a photograph to its compact image."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxshrink.models.blocks import Conv3x3, ConvBlock


class ComCNN(nn.Module):
    """The compact-representation network. Paper: section 4.2.

    Two convolutions of `features` channels with ReLU, the second with stride 2, and one to
    `channels`. (N, H, W, C) -> (N, ceil(H / 2), ceil(W / 2), C), float32; nothing keeps the
    values inside of [0, 1].

    Attributes:
      channels: 3 for colour, 1 for grayscale.
      symmetric_padding: of the layer with stride 2. Same padding, as in the paper, pads an even
        size by one zero after it; symmetric padding by one at both ends, as Jiang et al. do.
      batch_norm, dropout_rate: off in the paper's best colour results.
      dtype: of the computation.
    """

    channels: int = 3
    features: int = 64
    symmetric_padding: bool = False
    batch_norm: bool = False
    dropout_rate: float = 0.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        block = functools.partial(
            ConvBlock,
            features=self.features,
            batch_norm=self.batch_norm,
            dropout_rate=self.dropout_rate,
            dtype=self.dtype,
        )
        x = block()(x, train=train)
        x = block(stride=2, padding=1 if self.symmetric_padding else "SAME")(x, train=train)
        y = Conv3x3(self.channels, dtype=self.dtype)(x)
        return y.astype(jnp.float32)
