"""ComCNN: from a photograph to its compact image."""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxshrink.models.blocks import KERNEL_INIT, Conv, ConvBlock, Initializer
from jaxshrink.ops import images

_zeros = nn.initializers.zeros_init()


def _pass_images(channels: int, taps: slice, others: Initializer) -> Initializer:
    """An initializer whose first `channels` outputs are the means of the inputs under `taps`.

    Paper: silent. So initialized, ComCNN starts as an ordinary downscaling and, as RecCNN
    starts from zero, training starts from the classical method: compact images with colours
    in range. From random weights, much of the training goes by until it is as good as that.
    """

    def init(key: jax.Array, shape: tuple[int, ...], dtype: Any = jnp.float32) -> jax.Array:
        size = min(taps.stop, 3) - taps.start
        kernel = others(key, shape, dtype)
        for channel in range(min(channels, *shape[2:])):
            kernel = kernel.at[..., channel].set(0.0)
            kernel = kernel.at[taps, taps, channel, channel].set(1.0 / size**2)
        return kernel

    return init


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
      dtype: what it computes in; parameters are float32.
    """

    scale = 2
    channels: int = 3
    features: int = 64
    symmetric_padding: bool = False
    batch_norm: bool = False
    dropout_rate: float = 0.0
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, tables: Any = None, *, train: bool = False) -> jax.Array:
        del tables  # whatever the codec does, it does the same
        # An odd side gets its last row or column twice: same padding would otherwise sample it
        # one pixel off from where it samples an even one.
        x = images.pad_to_even(x)
        block = functools.partial(
            ConvBlock,
            features=self.features,
            batch_norm=self.batch_norm,
            dropout_rate=self.dropout_rate,
            dtype=self.dtype,
        )
        centre = slice(1, 2)
        # Two of the three taps, those around the centre of the sample on the original.
        pair = slice(1, 3) if self.symmetric_padding else slice(0, 2)
        x = block(kernel_init=_pass_images(self.channels, centre, KERNEL_INIT))(x, train=train)
        x = block(
            stride=2,
            symmetric_padding=self.symmetric_padding,
            kernel_init=_pass_images(self.channels, pair, KERNEL_INIT),
        )(x, train=train)
        last = _pass_images(self.channels, centre, _zeros)
        y = Conv(self.channels, kernel_init=last, dtype=self.dtype)(x)
        return y.astype(jnp.float32)
