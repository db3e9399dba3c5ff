"""What ComCNN and RecCNN are built of."""

import functools
from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from jaxshrink.ops import conv

Initializer = Callable[..., jax.Array]

# Paper: silent; the default of Keras (Glorot and Bengio 2010). From He et al.'s, whose weights
# are larger, Adam's first steps of 1e-3 through twenty layers throw the reconstruction off by
# four orders of magnitude, and ComCNN follows out of the codec's range.
KERNEL_INIT = nn.initializers.glorot_uniform()

# Every layer of the paper, with the convolution of `ops/conv.py`.
Conv3x3 = functools.partial(
    nn.Conv,
    kernel_size=(3, 3),
    conv_general_dilated=conv.conv_general_dilated,
    kernel_init=KERNEL_INIT,
)


class ConvBlock(nn.Module):
    """Convolution 3x3, [batch norm], ReLU, [dropout].

    Batch statistics are averaged over the mapped axis "batch" in training, so with
    `train=True` and `batch_norm=True` the module must run under `jax.pmap` or `jax.vmap` with
    that axis name.
    """

    features: int
    stride: int = 1
    padding: Any = "SAME"
    batch_norm: bool = False
    dropout_rate: float = 0.0
    kernel_init: Initializer = KERNEL_INIT
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        strides = (self.stride, self.stride)
        x = Conv3x3(
            self.features,
            strides=strides,
            padding=self.padding,
            kernel_init=self.kernel_init,
            dtype=self.dtype,
        )(x)
        if self.batch_norm:
            synchronized = train and not self.is_initializing()
            x = nn.BatchNorm(
                use_running_average=not train,
                momentum=0.9,
                dtype=self.dtype,
                axis_name="batch" if synchronized else None,
            )(x)
        x = nn.relu(x)
        if self.dropout_rate:
            x = nn.Dropout(self.dropout_rate, deterministic=not train)(x)
        return x
