"""Compact images that cost less, for these very photographs, by gradient descent.

The gradient comes through the differentiable JPEG and RecCNN, neither of which changes.
"""

from typing import Any

import jax
import jax.numpy as jnp
import optax

from jaxshrink.models import Variables
from jaxshrink.ops import images, jpeg
from jaxshrink.ops.losses import Distortion
from jaxshrink.runtime.executables import precompiled

# Of Adam in refinement, at its start: a sixteenth of a level per step. Larger ones lose in the
# rounding what they gain.
_REFINEMENT_RATE = 1 / 16 / 255


@precompiled(num_static=4)
def refine(
    rec: Any,
    distortion: Distortion,
    subsampling: str,
    num_steps: int,
    variables: Variables,
    x: jax.Array,
    y: jax.Array,
    tables: jax.Array,
    lmbda: jax.Array,
) -> jax.Array:
    """See `Pipeline.refine`; `variables` are RecCNN's."""
    x, y = images.to_float(x), images.to_float(y)
    size = (x.shape[1], x.shape[2])
    tables = jnp.broadcast_to(tables, (len(x), *tables.shape))
    optimizer = optax.adam(optax.linear_schedule(_REFINEMENT_RATE, 0.0, num_steps))

    def cost(y: jax.Array) -> jax.Array:
        y_hat, bits = jpeg.round_trip(y, tables, subsampling)
        x_hat: Any = rec.apply(variables, y_hat, size, tables, method="reconstruct")
        return jnp.sum(distortion(x_hat, x) + lmbda * bits / (size[0] * size[1]))

    def step(_: int, carry: tuple[jax.Array, Any]) -> tuple[jax.Array, Any]:
        y, opt_state = carry
        gradient = jax.grad(cost)(y)
        with jax.numpy_dtype_promotion("standard"):  # optax raises floats to whole numbers of steps
            updates, opt_state = optimizer.update(gradient, opt_state)
        return jnp.clip(optax.apply_updates(y, updates), 0.0, 1.0), opt_state

    with jax.default_matmul_precision("highest"):
        y, _ = jax.lax.fori_loop(0, num_steps, step, (y, optimizer.init(y)))
    return images.to_uint8(y)
