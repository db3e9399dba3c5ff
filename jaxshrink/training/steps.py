"""The two steps of the alternation, as plain functions for one device's part of a batch.

They average over the mapped axis "batch"; `devices.py` maps them.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from jaxshrink.models import Networks
from jaxshrink.ops import images, losses
from jaxshrink.training.state import NetState, Purpose, TrainState, stream

Metrics = dict[str, jax.Array]


class Steps(NamedTuple):
    """Functions of one part of a batch; N, H, W, C are that part's.

    Attributes:
      compact: (state, x) -> y, uint8, (N, ceil(H / 2), ceil(W / 2), C), for the codec.
      com_step: (state, x) -> (state, metrics): updates ComCNN by eq. 2, leaves RecCNN.
      rec_step: (state, x, y_hat) -> (state, metrics): updates RecCNN by eq. 3, leaves ComCNN.

    x and y_hat are uint8. Metrics are scalars: "com_loss" and "com_clipped", the part of the
    compact image's values that the codec will clip; "rec_loss".
    """

    compact: Callable[..., jax.Array]
    com_step: Callable[..., tuple[TrainState, Metrics]]
    rec_step: Callable[..., tuple[TrainState, Metrics]]


def create_steps(
    networks: Networks,
    optimizer: optax.GradientTransformation,
    *,
    seed: int,
    range_penalty: float = 0.0,
) -> Steps:
    """Returns the steps for these networks.

    Args:
      networks: the modules.
      optimizer: applied to each of them, with two states.
      seed: of dropout.
      range_penalty: weight of || y - clip(y) ||^2 in ComCNN's loss; 0 in the paper.
    """
    com, rec = networks

    def compact(state: TrainState, x: jax.Array) -> jax.Array:
        return images.to_uint8(com.apply(state.com.variables, images.to_float(x)))

    def com_step(state: TrainState, x: jax.Array) -> tuple[TrainState, Metrics]:
        x = images.to_float(x)

        def loss_function(params: Any) -> tuple[jax.Array, Any]:
            y, mutated = com.apply(
                {**state.com.variables, "params": params},
                x,
                train=True,
                mutable=["batch_stats"],
                rngs=_dropout(seed, Purpose.DROPOUT_COM, state.com),
            )
            up_y = images.enlarge(y, (x.shape[1], x.shape[2]))
            # Frozen, but not cut off: the gradient flows through RecCNN to ComCNN.
            residual = rec.apply(state.rec.variables, up_y)
            loss = losses.com_loss(up_y, residual, x)
            if range_penalty:
                loss += range_penalty * losses.range_penalty(y)
            clipped = jnp.mean((y < 0.0) | (y > 1.0), dtype=jnp.float32)
            return loss, ({"com_loss": loss, "com_clipped": clipped}, mutated)

        net, metrics = _update(state.com, loss_function, optimizer)
        return state.replace(com=net), metrics

    def rec_step(state: TrainState, x: jax.Array, y_hat: jax.Array) -> tuple[TrainState, Metrics]:
        x = images.to_float(x)
        up_y_hat = images.enlarge(images.to_float(y_hat), (x.shape[1], x.shape[2]))

        def loss_function(params: Any) -> tuple[jax.Array, Any]:
            residual, mutated = rec.apply(
                {**state.rec.variables, "params": params},
                up_y_hat,
                train=True,
                mutable=["batch_stats"],
                rngs=_dropout(seed, Purpose.DROPOUT_REC, state.rec),
            )
            loss = losses.rec_loss(up_y_hat, residual, x)
            return loss, ({"rec_loss": loss}, mutated)

        net, metrics = _update(state.rec, loss_function, optimizer)
        return state.replace(rec=net), metrics

    return Steps(compact, com_step, rec_step)


def _dropout(seed: int, purpose: Purpose, net: NetState) -> dict[str, jax.Array]:
    key = jax.random.fold_in(stream(seed, purpose), net.num_updates)
    return {"dropout": jax.random.fold_in(key, lax.axis_index("batch"))}


def _update(
    net: NetState,
    loss_function: Callable[[Any], tuple[jax.Array, Any]],
    optimizer: optax.GradientTransformation,
) -> tuple[NetState, Metrics]:
    """One optimizer update by the gradient that is averaged over all devices."""
    gradient_function = jax.grad(loss_function, has_aux=True)
    gradients, (metrics, mutated) = gradient_function(net.params)
    gradients, metrics = lax.pmean((gradients, metrics), "batch")
    updates, opt_state = optimizer.update(gradients, net.opt_state, net.params)
    net = net.replace(
        num_updates=net.num_updates + 1,
        params=optax.apply_updates(net.params, updates),
        batch_stats=mutated.get("batch_stats", net.batch_stats),
        opt_state=opt_state,
    )
    return net, metrics
