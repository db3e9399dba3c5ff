"""What ComCNN and RecCNN are built of."""

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


class Conv(nn.Module):
    """Convolution 3x3 with a bias, [ReLU], as `ops/conv.py` computes it.

    (N, H, W, C) -> (N, ceil(H / stride), ceil(W / stride), `features`), `dtype`.
    """

    features: int
    relu: bool = False
    stride: int = 1
    symmetric_padding: bool = False
    kernel_init: Initializer = KERNEL_INIT
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        kernel = self.param("kernel", self.kernel_init, (3, 3, x.shape[-1], self.features))
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        if self.stride == 1:
            return conv.conv3x3(x, kernel, bias, self.relu)
        return conv.xla_conv3x3(x, kernel, bias, self.relu, self.stride, self.symmetric_padding)


class ConvBlock(nn.Module):
    """Convolution 3x3, [batch norm], ReLU, [dropout].

    Batch statistics are averaged over the mapped axis "batch" in training, so with
    `train=True` and `batch_norm=True` the module must run under `jax.pmap` or `jax.vmap` with
    that axis name.
    """

    features: int
    stride: int = 1
    symmetric_padding: bool = False
    batch_norm: bool = False
    dropout_rate: float = 0.0
    kernel_init: Initializer = KERNEL_INIT
    dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, *, train: bool = False) -> jax.Array:
        x = Conv(
            self.features,
            relu=not self.batch_norm,
            stride=self.stride,
            symmetric_padding=self.symmetric_padding,
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
                # Not E[x^2] - E[x]^2: photographs are bright and smooth, E[x^2] is fifty times the
                # variance of the first layer, and so is the rounding of a sum of thousands.
                use_fast_variance=False,
            )(x)
            x = nn.relu(x)
        if self.dropout_rate:
            x = nn.Dropout(self.dropout_rate, deterministic=not train)(x)
        return x
