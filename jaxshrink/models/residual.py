"""ComCNN and RecCNN for training with the codec in mind.

Both compute at a fraction of the photograph's resolution, whatever the scale of the compact image:
pixels are folded into channels at one end and unfolded at the other. Both are told the
quantization tables, so that one pair serves all qualities, and where in its 8x8 block every pixel
lies.

Scale 2: the compact image has half the size, as in the paper. Scale 1: it has the photograph's;
ComCNN is a filter before the codec and RecCNN one after it.

Convolutions pad with zeros, which to these networks are a mid-gray frame around the picture. So
that they never see it, pictures are continued by reflection first: see `extend`.

Images are (N, H, W, C) in [0, 1], tables (N, 2, 8, 8) as in `ops/jpeg.py`.
"""

import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from jaxshrink.models.blocks import Conv
from jaxshrink.models.settings import (
    DEFAULT_BLOCKS,
    DEFAULT_SCALE,
    DEFAULT_STRIDE,
    UNIT,
    radius,
)
from jaxshrink.ops import images, jpeg

_zeros = nn.initializers.zeros_init()
# Of the last layer, which starts at zero: without it, Adam's first steps change whole images.
_OUTPUT_SCALE = 0.1


def extend(image: jax.Array, scale: int = 1) -> jax.Array:
    """Continues images by reflection to whole units, and by one unit more on every side.

    Args:
      image: (N, h, w, C), at 1 / `scale` of the photograph's size.
      scale: 2 or 1.
    """
    unit = UNIT // scale
    sides = [(unit, unit - side % -unit) for side in image.shape[1:3]]
    return jnp.pad(image, ((0, 0), *sides, (0, 0)), mode="symmetric")


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


class _Coarse(nn.Module):
    """x + blocks at half of its resolution, which look twice as far; starts as the identity."""

    features: int
    num_blocks: int
    dtype: Any

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array) -> jax.Array:
        hidden = nn.Dense(self.features, dtype=self.dtype)(images.fold(x))
        for _ in range(self.num_blocks):
            hidden = _Block(self.features, self.dtype)(hidden, condition)
        up = nn.Dense(4 * x.shape[-1], kernel_init=_zeros, dtype=self.dtype)
        return x + images.unfold(up(nn.relu(hidden)))


class _Trunk(nn.Module):
    """Residual blocks between two convolutions, told the tables and the grid of blocks.

    (N, h, w, F) -> (N, h, w, `outputs`), float32. `period`: of the codec's blocks, in its pixels.
    Half-way, `num_coarse_blocks` see a coarser picture.
    """

    features: int
    num_blocks: int
    coarse_features: int
    num_coarse_blocks: int
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
        for index in range(self.num_blocks):
            if self.num_coarse_blocks and index == self.num_blocks // 2:
                coarse = _Coarse(self.coarse_features, self.num_coarse_blocks, self.dtype)
                x = coarse(x, condition)
            x = _Block(self.features, self.dtype)(x, condition)
        last = Conv(self.outputs, kernel_init=_zeros, dtype=self.dtype)
        return _OUTPUT_SCALE * last(nn.relu(x)).astype(jnp.float32)


class _Residual(nn.Module):
    """What both networks are told.

    Attributes:
      channels: 3 for colour, 1 for grayscale.
      scale: the compact image's, 2 or 1.
      stride: of the trunk: the photograph's resolution over its own, 2 or 4.
      features, num_blocks: the trunk's width and number of blocks.
      coarse_features, num_coarse_blocks: of its blocks at half of its resolution.
      conditioned: whether the trunk is told the tables.
      dtype: what it computes in; parameters are float32.
    """

    channels: int = 3
    scale: int = DEFAULT_SCALE
    stride: int = DEFAULT_STRIDE
    features: int = 32
    num_blocks: int = DEFAULT_BLOCKS["com"]
    coarse_features: int = 0
    num_coarse_blocks: int = 0
    conditioned: bool = True
    dtype: Any = jnp.float32

    @property
    def radius(self) -> int:
        """How far a result depends on its surroundings, in the photograph's pixels."""
        return radius(self.stride, self.num_blocks, self.num_coarse_blocks)

    @nn.nowrap
    def create_trunk(self, outputs: int) -> _Trunk:
        """The trunk, at 1 / `stride` of the photograph's resolution."""
        return _Trunk(
            self.features,
            self.num_blocks,
            self.coarse_features,
            self.num_coarse_blocks,
            outputs,
            jpeg.BLOCK * self.scale // self.stride,
            self.conditioned,
            self.dtype,
        )


class ResidualComCNN(_Residual):
    """From a photograph to its compact image, and to the codec's quantization tables.

    (N, H, W, C) -> (N, ceil(H / scale), ceil(W / scale), C), float32; nothing keeps the values
    inside of [0, 1]. Starts as the mean of 2x2 pixels, or as the identity.
    """

    def setup(self) -> None:
        self.trunk = self.create_trunk(self.channels * (self.stride // self.scale) ** 2)
        # The logarithm (base 2) of a table is offset + growth * that of the base step.
        self.offset = self.param("offset", _ramp, (2, jpeg.BLOCK, jpeg.BLOCK), jnp.float32)
        ones = nn.initializers.ones_init()
        self.growth = self.param("growth", ones, (2, jpeg.BLOCK, jpeg.BLOCK), jnp.float32)

    def __call__(self, x: jax.Array, tables: jax.Array, *, train: bool = False) -> jax.Array:
        del train  # nothing here depends on it
        height, width = (-(-side // self.scale) for side in x.shape[1:3])
        y = self.compact_extended(extend(x), tables)
        unit = UNIT // self.scale
        return y[:, unit : unit + height, unit : unit + width]

    def compact_extended(self, x: jax.Array, tables: jax.Array) -> jax.Array:
        """Maps whole units, of which the outermost see a gray frame around them."""
        change = images.unfold(
            self.trunk(images.fold(x, self.stride) - 0.5, tables), self.stride // self.scale
        )
        return (images.halve(x) if self.scale == 2 else x) + change

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

    num_blocks: int = DEFAULT_BLOCKS["rec"]

    @nn.compact
    def reconstruct(
        self, y_hat: jax.Array, size: tuple[int, int], tables: jax.Array, *, train: bool = False
    ) -> jax.Array:
        """Maps (N, ceil(H / scale), ceil(W / scale), C) to x_hat, (N, H, W, C), `size` = (H, W).

        The enlarged compact image, or the compact image itself, plus what was learned.
        """
        del train
        x_hat = self.reconstruct_extended(extend(y_hat, self.scale), tables)
        return x_hat[:, UNIT : UNIT + size[0], UNIT : UNIT + size[1]]

    @nn.compact
    def reconstruct_extended(self, y_hat: jax.Array, tables: jax.Array) -> jax.Array:
        """Maps whole units, of which the outermost see a gray frame around them."""
        trunk = self.create_trunk(self.channels * self.stride**2)
        change = trunk(images.fold(y_hat - 0.5, self.stride // self.scale), tables)
        size = (self.scale * y_hat.shape[1], self.scale * y_hat.shape[2])
        start = images.enlarge(y_hat, size) if self.scale == 2 else y_hat
        return start + images.unfold(change, self.stride)
