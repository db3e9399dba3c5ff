"""The steps of training, as plain functions for one device's part of a batch.

They average over the mapped axis "batch"; `devices.py` maps them.
"""

import dataclasses
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from jaxshrink.models import Networks, NetworkVariables, Variables, lmbda_of_quality
from jaxshrink.ops import images, jpeg
from jaxshrink.training.objective import PAPER, Objective
from jaxshrink.training.state import NetState, Purpose, TrainState, stream

Metrics = dict[str, jax.Array]


class Steps(NamedTuple):
    """Functions of one part of a batch; N, H, W, C are that part's.

    Attributes:
      compact: (state, x, quality) -> (y, tables) for the codec: uint8 (N, h, w, C) of the compact
        size and whole numbers, float32 (N, 2, 8, 8).
      com_step: (state, x, quality) -> (state, metrics): updates ComCNN through a model of the
        codec, leaves RecCNN. Paper: eq. 2.
      rec_step: (state, x, y_hat, quality) -> (state, metrics): updates RecCNN on what the codec
        made of y, leaves ComCNN. Paper: eq. 3.
      joint_step: (state, x, y_hat, quality) -> (state, metrics): updates both by one loss, on
        what the codec made of y, with the gradient of the differentiable JPEG.

    x and y_hat are uint8, quality float32 (N,). Metrics are scalars: "com_loss" and "com_clipped",
    the part of the compact image's values that the codec will clip; "rec_loss"; of the joint step,
    "joint_loss" and "com_clipped".
    """

    compact: Callable[..., tuple[jax.Array, jax.Array]]
    com_step: Callable[..., tuple[TrainState, Metrics]]
    rec_step: Callable[..., tuple[TrainState, Metrics]]
    joint_step: Callable[..., tuple[TrainState, Metrics]]


@dataclasses.dataclass(frozen=True)
class Setup:
    """What all steps of a run share.

    Attributes:
      networks: the modules.
      optimizer: applied to each network, with a state of its own.
      seed: what dropout's random stream is derived from.
      objective: what is minimized.
      average_decay: decay of the parameters' exponential moving average; 0: none is kept.
    """

    networks: Networks
    optimizer: optax.GradientTransformation
    seed: int
    objective: Objective = PAPER
    average_decay: float = 0.0


def create_steps(setup: Setup) -> Steps:
    """Returns the steps of a run."""
    return Steps(
        compact=partial(compact, setup),
        com_step=partial(com_step, setup),
        rec_step=partial(rec_step, setup),
        joint_step=partial(joint_step, setup),
    )


def compact(
    setup: Setup, state: TrainState, x: jax.Array, quality: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """The compact images and the tables for the codec: see `Steps`."""
    tables, _ = _tables(setup, state.com.params, quality)
    y = setup.networks.com.apply(state.com.variables, images.to_float(x), tables)
    return images.to_uint8(y), tables


def com_step(
    setup: Setup, state: TrainState, x: jax.Array, quality: jax.Array
) -> tuple[TrainState, Metrics]:
    """Updates ComCNN through a model of the codec. Paper: eq. 2; see `Steps`."""
    x = images.to_float(x)
    objective, rec = setup.objective, setup.networks.rec

    def loss_function(params: Any) -> tuple[jax.Array, Any]:
        tables, lmbda = _tables(setup, params, quality)
        y, mutated = _apply_com(setup, state.com, params, x, tables)
        y_hat, bpp = y, jnp.zeros(())
        if objective.codec_model == "jpeg":
            y_hat, bpp = _round_trip(setup, y, tables, _size(x))
        # Frozen, but not cut off: the gradient flows through RecCNN to ComCNN.
        x_hat = rec.apply(
            state.rec.variables, y_hat, _size(x), lax.stop_gradient(tables), method="reconstruct"
        )
        distortion = objective.eq2_distortion(x_hat, y_hat, x)
        loss = objective.batch_loss(distortion, bpp, y, lmbda, state.com.num_updates)
        return loss, ({"com_loss": loss, "com_clipped": _clipped(y)}, mutated)

    gradients, (metrics, mutated) = _gradients(loss_function, state.com.params)
    return state.replace(com=_update(setup, state.com, gradients, mutated)), metrics


def rec_step(
    setup: Setup, state: TrainState, x: jax.Array, y_hat: jax.Array, quality: jax.Array
) -> tuple[TrainState, Metrics]:
    """Updates RecCNN on what the codec made of y. Paper: eq. 3; see `Steps`."""
    x, y_hat = images.to_float(x), images.to_float(y_hat)
    tables, lmbda = _tables(setup, state.com.params, quality)

    def loss_function(params: Any) -> tuple[jax.Array, Any]:
        x_hat, mutated = _apply_rec(setup, state.rec, params, y_hat, _size(x), tables)
        distortion = setup.objective.eq3_distortion(x_hat, y_hat, x)
        loss = jnp.mean(setup.objective.weight(lmbda) * distortion)
        return loss, ({"rec_loss": loss}, mutated)

    gradients, (metrics, mutated) = _gradients(loss_function, state.rec.params)
    return state.replace(rec=_update(setup, state.rec, gradients, mutated)), metrics


def joint_step(
    setup: Setup, state: TrainState, x: jax.Array, y_hat: jax.Array, quality: jax.Array
) -> tuple[TrainState, Metrics]:
    """Updates both networks by one loss, on what the codec made of y: see `Steps`."""
    x, y_hat = images.to_float(x), images.to_float(y_hat)
    objective = setup.objective

    def loss_function(params: NetworkVariables) -> tuple[jax.Array, Any]:
        tables, lmbda = _tables(setup, params.com, quality)
        y, com_mutated = _apply_com(setup, state.com, params.com, x, tables)
        proxy, bpp = _round_trip(setup, y, tables, _size(x))
        # The real codec's pixels, with the gradient of the differentiable one.
        real = proxy + lax.stop_gradient(y_hat - proxy)
        x_hat, rec_mutated = _apply_rec(setup, state.rec, params.rec, real, _size(x), tables)
        distortion = objective.views_distortion(x_hat, real, x)
        loss = objective.batch_loss(distortion, bpp, y, lmbda, state.com.num_updates)
        metrics = {"joint_loss": loss, "com_clipped": _clipped(y)}
        return loss, (metrics, NetworkVariables(com_mutated, rec_mutated))

    params = NetworkVariables(state.com.params, state.rec.params)
    gradients, (metrics, mutated) = _gradients(loss_function, params)
    com = _update(setup, state.com, gradients.com, mutated.com)
    rec = _update(setup, state.rec, gradients.rec, mutated.rec)
    return state.replace(com=com, rec=rec), metrics


def _size(x: jax.Array) -> tuple[int, int]:
    return x.shape[1], x.shape[2]


def _tables(setup: Setup, params: Any, quality: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The codec's tables, whole numbers, (N, 2, 8, 8), and the price of a bit, lmbda, (N,)."""
    com = setup.networks.com
    if setup.objective.tables == "learned":
        lmbda = lmbda_of_quality(quality)
        tables = com.apply({"params": params}, lmbda, method="tables")
        return jpeg.whole_steps(tables), lmbda
    tables = jpeg.standard_tables(quality)
    return tables, com.scale**2 * jpeg.lmbda_of_tables(tables)


def _round_trip(
    setup: Setup, y: jax.Array, tables: jax.Array, size: tuple[int, int]
) -> tuple[jax.Array, jax.Array]:
    """What the differentiable JPEG makes of y, and its bits per pixel of the original, (N,)."""
    y_hat, bits = jpeg.round_trip(y, tables, setup.objective.subsampling)
    return y_hat, bits / (size[0] * size[1])


def _apply_com(
    setup: Setup, net: NetState, params: Any, x: jax.Array, tables: jax.Array
) -> tuple[jax.Array, Variables]:
    """y in training, and what it changed of the batch statistics."""
    return setup.networks.com.apply(
        {**net.variables, "params": params},
        x,
        lax.stop_gradient(tables),
        train=True,
        mutable=["batch_stats"],
        rngs=_dropout(setup.seed, Purpose.DROPOUT_COM, net),
    )


def _apply_rec(
    setup: Setup,
    net: NetState,
    params: Any,
    y_hat: jax.Array,
    size: tuple[int, int],
    tables: jax.Array,
) -> tuple[jax.Array, Variables]:
    """x_hat in training, and what it changed of the batch statistics."""
    return setup.networks.rec.apply(
        {**net.variables, "params": params},
        y_hat,
        size,
        lax.stop_gradient(tables),
        train=True,
        mutable=["batch_stats"],
        rngs=_dropout(setup.seed, Purpose.DROPOUT_REC, net),
        method="reconstruct",
    )


def _clipped(y: jax.Array) -> jax.Array:
    return jnp.mean((y < 0.0) | (y > 1.0), dtype=jnp.float32)


def _dropout(seed: int, purpose: Purpose, net: NetState) -> dict[str, jax.Array]:
    key = jax.random.fold_in(stream(seed, purpose), net.num_updates)
    return {"dropout": jax.random.fold_in(key, lax.axis_index("batch"))}


def _gradients(
    loss_function: Callable[[Any], tuple[jax.Array, Any]], params: Any
) -> tuple[Any, tuple[Metrics, Any]]:
    """Gradients and metrics, averaged over all devices, and changed batch statistics."""
    gradients, (metrics, mutated) = jax.grad(loss_function, has_aux=True)(params)
    gradients, metrics = lax.pmean((gradients, metrics), "batch")
    return gradients, (metrics, mutated)


def _update(setup: Setup, net: NetState, gradients: Any, mutated: Any) -> NetState:
    """One optimizer update."""
    with jax.numpy_dtype_promotion("standard"):  # optax raises floats to its whole numbers of steps
        updates, opt_state = setup.optimizer.update(gradients, net.opt_state, net.params)
    params = optax.apply_updates(net.params, updates)
    average = net.average
    if setup.average_decay:
        # From the start, the mean of what there is; later, exponential.
        step_size = jnp.maximum(
            1.0 - setup.average_decay, 1.0 / (net.num_updates.astype(jnp.float32) + 1.0)
        )
        average = optax.incremental_update(params, average, step_size)
    return net.replace(
        num_updates=net.num_updates + 1,
        params=params,
        average=average,
        batch_stats=mutated.get("batch_stats", net.batch_stats),
        opt_state=opt_state,
    )
