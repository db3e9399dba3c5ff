"""ComCNN and RecCNN for training with the codec in mind.

Both compute at half the photograph's resolution, whatever the scale of the compact image: pixels
are folded into channels at one end and unfolded at the other. Both are told the quantization
tables, so that one pair serves all qualities, and where in its 8x8 block every pixel lies.

Scale 2: the compact image has half the size, as in the paper. Scale 1: it has the photograph's;
ComCNN is a filter before the codec and RecCNN one after it.

Images are (N, H, W, C) in [0, 1], tables (N, 2, 8, 8) as in `ops/jpeg.py`.
"""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink.models.blocks import Conv
from jaxshrink.ops import images, jpeg

_zeros = nn.initializers.zeros_init()
# Of the last layer, which starts at zero: without it, Adam's first steps change whole images.
_OUTPUT_SCALE = 0.1


# Lagrange multipliers of qualities 1 and 100, in squared levels per bit and pixel.
_LMBDA_RANGE = (20000.0, 12.5)


def lmbda_of_quality(quality: jax.Array) -> jax.Array:
    """The price of a bit at a quality in 1..100, in squared levels per bit and pixel."""
    highest, lowest = _LMBDA_RANGE
    return highest * (lowest / highest) ** ((quality - 1) / 99)


class _Block(nn.Module):
    """x + conv(scale and shift(relu(conv(x)))); starts as the identity.

    The scales and shifts of features come from the condition: Perez et al. 2018.
    """

    features: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array) -> jax.Array:
        conv = functools.partial(Conv, self.features, dtype=self.dtype)
        hidden = conv(relu=True)(x)
        modulation = nn.Dense(2 * self.features, kernel_init=_zeros, dtype=self.dtype)(condition)
        scale, shift = jnp.split(modulation[:, None, None, :], 2, axis=-1)
        return x + conv(kernel_init=_zeros)(hidden * (1 + scale) + shift)


class _Trunk(nn.Module):
    """Residual blocks between two convolutions, told the tables and the grid of blocks.

    (N, h, w, F) -> (N, h, w, `outputs`), float32. `period`: of the codec's blocks, in its pixels.
    """

    features: int
    num_blocks: int
    outputs: int
    period: int
    conditioned: bool
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, tables: jax.Array) -> jax.Array:
        steps = jnp.log2(tables.reshape(tables.shape[0], -1)) / 4 - 1
        if not self.conditioned:
            steps = jnp.zeros_like(steps)
        condition = nn.relu(nn.Dense(self.features, dtype=self.dtype)(steps))
        h, w = x.shape[1:3]
        grid = self.param("grid", _zeros, (self.period, self.period, self.features), jnp.float32)
        tiled = jnp.tile(grid, (-(-h // self.period), -(-w // self.period), 1))[:h, :w]
        x = Conv(self.features, dtype=self.dtype)(x) + tiled.astype(self.dtype)
        for _ in range(self.num_blocks):
            x = _Block(self.features, self.dtype)(x, condition)
        last = Conv(self.outputs, kernel_init=_zeros, dtype=self.dtype)
        return _OUTPUT_SCALE * last(nn.relu(x)).astype(jnp.float32)


class _Residual(nn.Module):
    """What both networks are told.

    Attributes:
      channels: 3 for colour, 1 for grayscale.
      scale: of the compact image, 2 or 1.
      features, num_blocks: of the trunk.
      conditioned: whether the trunk is told the tables.
      dtype: of the computation.
    """

    channels: int = 3
    scale: int = 2
    features: int = 32
    num_blocks: int = 2
    conditioned: bool = True
    dtype: Any = jnp.float32

    @nn.nowrap
    def create_trunk(self, outputs: int) -> _Trunk:
        """The trunk, at half the photograph's resolution."""
        period = jpeg.BLOCK * self.scale // 2
        return _Trunk(self.features, self.num_blocks, outputs, period, self.conditioned, self.dtype)


class ResidualComCNN(_Residual):
    """From a photograph to its compact image, and to the codec's quantization tables.

    (N, H, W, C) -> (N, ceil(H / scale), ceil(W / scale), C), float32; nothing keeps the values
    inside of [0, 1]. Starts as the mean of 2x2 pixels, or as the identity.
    """

    def setup(self) -> None:
        self.trunk = self.create_trunk(self.channels * (4 // self.scale**2))
        # The logarithm (base 2) of a table is offset + growth * that of the base step.
        self.offset = self.param("offset", _ramp, (2, jpeg.BLOCK, jpeg.BLOCK), jnp.float32)
        ones = nn.initializers.ones_init()
        self.growth = self.param("growth", ones, (2, jpeg.BLOCK, jpeg.BLOCK), jnp.float32)

    def __call__(self, x: jax.Array, tables: jax.Array, *, train: bool = False) -> jax.Array:
        del train  # nothing here depends on it
        size = x.shape[1:3]
        x = images.pad_to_even(x)
        change = self.trunk(images.fold(x) - 0.5, tables)
        if self.scale == 2:
            return images.halve(x) + change
        return (x + images.unfold(change))[:, : size[0], : size[1]]

    def tables(self, lmbda: jax.Array) -> jax.Array:
        """Learned tables, (N, 2, 8, 8), not rounded, for Lagrange multipliers, (N,).

        lmbda is in squared levels per bit and pixel of the photograph. At a high rate, where
        rounding errors are uniform, a step of s levels costs s^2 / 12 and minimizes
        s^2 / 12 + lmbda * rate for s^2 = 6 lmbda / ln 2, over scale^2 (Gish and Pierce 1968).
        """
        base = 0.5 * jnp.log2(lmbda * (6 / np.log(2)) / self.scale**2)
        return jnp.exp2(self.offset + self.growth * base[:, None, None, None])


def _ramp(key: jax.Array, shape: tuple[int, ...], dtype: Any) -> jax.Array:
    """Steps that grow with frequency, to one and a half times at the highest."""
    del key
    frequency = np.hypot(*np.mgrid[: shape[1], : shape[2]]) / (np.sqrt(2) * (shape[1] - 1))
    return jnp.broadcast_to(jnp.log2(jnp.asarray(0.5 + frequency, dtype)), shape)


class ResidualRecCNN(_Residual):
    """From a decoded compact image back to the photograph."""

    num_blocks: int = 4

    @nn.compact
    def reconstruct(
        self, y_hat: jax.Array, size: tuple[int, int], tables: jax.Array, *, train: bool = False
    ) -> jax.Array:
        """Maps (N, ceil(H / scale), ceil(W / scale), C) to x_hat, (N, H, W, C), `size` = (H, W).

        The enlarged compact image, or the compact image itself, plus what was learned.
        """
        del train
        trunk = self.create_trunk(4 * self.channels)
        if self.scale == 2:
            start, pixels = images.enlarge(y_hat, size), y_hat
        else:
            start, pixels = y_hat, images.fold(images.pad_to_even(y_hat))
        change = images.unfold(trunk(pixels - 0.5, tables))
        return start + change[:, : size[0], : size[1]]
