"""The steps of training, as plain functions for one device's part of a batch.

They average over the mapped axis "batch"; `devices.py` maps them.
"""

import dataclasses
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import lax

from jaxshrink.models import Networks, lmbda_of_quality
from jaxshrink.ops import images, jpeg, losses
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
class Objective:
    """What is minimized: the mean of weight * (distortion + rate * lmbda * bpp), and penalties.

    Attributes:
      distortion: of x_hat, one value per image.
      plain_view: weight of the distortion of y_hat by itself, MS-SSIM aside, against the photograph
        at the compact image's size: what people without RecCNN see.
      plain_colour: weight, within it, of the squared difference of the channels' means, in levels.
      rate: multiplies lmbda * bpp, where the codec's model tells the bits; 0 in the paper.
      rate_warmup_steps: in which that factor grows from a quarter of itself.
      balance: an image's weight is lmbda ** -balance, relative to lmbda = 1000: the price of a bit,
        and with it the loss, spans orders of magnitude.
      range_penalty: weight of 1/(2N) sum_k || y_k - clip(y_k) ||^2; 0 in the paper.
      codec_model: what stands for the codec in `com_step`: "identity", as in the paper, or "jpeg".
      tables: of the codec: "standard", libjpeg's for the quality, or "learned", ComCNN's.
      subsampling: of the differentiable JPEG.
    """

    distortion: losses.Distortion
    plain_view: float = 0.0
    plain_colour: float = 0.0
    rate: float = 0.0
    rate_warmup_steps: int = 0
    balance: float = 0.0
    range_penalty: float = 0.0
    codec_model: str = "identity"
    tables: str = "standard"
    subsampling: str = "4:2:0"

    def plain_distortion(self, y_hat: jax.Array, x: jax.Array) -> jax.Array:
        """The weighted distortion of decoded compact images of either scale, (N,)."""
        shown = x if y_hat.shape == x.shape else images.halve(images.pad_to_even(x))
        distortion = dataclasses.replace(self.distortion, ms_ssim=0.0)
        colours = 255.0 * jnp.mean(y_hat - shown, axis=(1, 2))
        shift = self.plain_colour * jnp.mean(jnp.square(colours), axis=1)
        return self.plain_view * (distortion(y_hat, shown) + shift)


PAPER = Objective(losses.Distortion(squared_error=1.0))


def create_steps(
    networks: Networks,
    optimizer: optax.GradientTransformation,
    *,
    seed: int,
    objective: Objective = PAPER,
    average_decay: float = 0.0,
) -> Steps:
    """Returns the steps for these networks.

    Args:
      networks: the modules.
      optimizer: applied to each of them, with two states.
      seed: of dropout.
      objective: what is minimized.
      average_decay: of the exponential moving average of the parameters; 0: none is kept.
    """
    com, rec = networks

    def tables_of(params: Any, quality: jax.Array) -> tuple[jax.Array, jax.Array]:
        """The tables, whole, and lmbda (N,)."""
        if objective.tables == "learned":
            lmbda = lmbda_of_quality(quality)
            tables = com.apply({"params": params}, lmbda, method="tables")
            return jpeg.whole_steps(tables), lmbda
        tables = jpeg.standard_tables(quality)
        return tables, com.scale**2 * jpeg.lmbda_of_tables(tables)

    def apply_com(net: NetState, params: Any, x: jax.Array, tables: jax.Array) -> tuple:
        return com.apply(
            {**net.variables, "params": params},
            x,
            lax.stop_gradient(tables),
            train=True,
            mutable=["batch_stats"],
            rngs=_dropout(seed, Purpose.DROPOUT_COM, net),
        )

    def apply_rec(
        net: NetState, params: Any, y_hat: jax.Array, size: tuple[int, int], tables: jax.Array
    ) -> tuple:
        return rec.apply(
            {**net.variables, "params": params},
            y_hat,
            size,
            lax.stop_gradient(tables),
            train=True,
            mutable=["batch_stats"],
            rngs=_dropout(seed, Purpose.DROPOUT_REC, net),
            method="reconstruct",
        )

    def total(
        distortion: jax.Array, bpp: jax.Array, y: jax.Array, lmbda: jax.Array, step: Any
    ) -> jax.Array:
        rate: Any = objective.rate
        if objective.rate_warmup_steps:
            rate *= jnp.minimum(1.0, 0.25 + 0.75 * step / objective.rate_warmup_steps)
        weight = (lmbda / 1000.0) ** -objective.balance
        loss = jnp.mean(weight * (distortion + rate * lmbda * bpp))
        if objective.range_penalty:
            loss += objective.range_penalty * losses.range_penalty(y)
        return loss

    def compact(state: TrainState, x: jax.Array, quality: jax.Array) -> tuple[jax.Array, jax.Array]:
        tables, _ = tables_of(state.com.params, quality)
        return images.to_uint8(com.apply(state.com.variables, images.to_float(x), tables)), tables

    def com_step(state: TrainState, x: jax.Array, quality: jax.Array) -> tuple[TrainState, Metrics]:
        x = images.to_float(x)
        size = (x.shape[1], x.shape[2])

        def loss_function(params: Any) -> tuple[jax.Array, Any]:
            tables, lmbda = tables_of(params, quality)
            y, mutated = apply_com(state.com, params, x, tables)
            y_hat, bpp = y, jnp.zeros(())
            if objective.codec_model == "jpeg":
                y_hat, bits = jpeg.round_trip(y, tables, objective.subsampling)
                bpp = bits / (size[0] * size[1])
            # Frozen, but not cut off: the gradient flows through RecCNN to ComCNN.
            x_hat = rec.apply(
                state.rec.variables, y_hat, size, lax.stop_gradient(tables), method="reconstruct"
            )
            distortion = objective.distortion(x_hat, x)
            if objective.plain_view:
                distortion += objective.plain_distortion(y_hat, x)
            loss = total(distortion, bpp, y, lmbda, state.com.num_updates)
            return loss, ({"com_loss": loss, "com_clipped": _clipped(y)}, mutated)

        gradients, (metrics, mutated) = _gradients(loss_function, state.com.params)
        net = _update(state.com, gradients, mutated, optimizer, average_decay)
        return state.replace(com=net), metrics

    def rec_step(
        state: TrainState, x: jax.Array, y_hat: jax.Array, quality: jax.Array
    ) -> tuple[TrainState, Metrics]:
        x, y_hat = images.to_float(x), images.to_float(y_hat)
        tables, lmbda = tables_of(state.com.params, quality)

        def loss_function(params: Any) -> tuple[jax.Array, Any]:
            x_hat, mutated = apply_rec(state.rec, params, y_hat, (x.shape[1], x.shape[2]), tables)
            loss = jnp.mean((lmbda / 1000.0) ** -objective.balance * objective.distortion(x_hat, x))
            return loss, ({"rec_loss": loss}, mutated)

        gradients, (metrics, mutated) = _gradients(loss_function, state.rec.params)
        net = _update(state.rec, gradients, mutated, optimizer, average_decay)
        return state.replace(rec=net), metrics

    def joint_step(
        state: TrainState, x: jax.Array, y_hat: jax.Array, quality: jax.Array
    ) -> tuple[TrainState, Metrics]:
        x, y_hat = images.to_float(x), images.to_float(y_hat)
        size = (x.shape[1], x.shape[2])

        def loss_function(params: Networks) -> tuple[jax.Array, Any]:
            tables, lmbda = tables_of(params.com, quality)
            y, com_mutated = apply_com(state.com, params.com, x, tables)
            proxy, bits = jpeg.round_trip(y, tables, objective.subsampling)
            real = proxy + lax.stop_gradient(y_hat - proxy)
            x_hat, rec_mutated = apply_rec(state.rec, params.rec, real, size, tables)
            distortion = objective.distortion(x_hat, x)
            if objective.plain_view:
                distortion += objective.plain_distortion(real, x)
            bpp = bits / (size[0] * size[1])
            loss = total(distortion, bpp, y, lmbda, state.com.num_updates)
            metrics = {"joint_loss": loss, "com_clipped": _clipped(y)}
            return loss, (metrics, Networks(com_mutated, rec_mutated))

        params = Networks(state.com.params, state.rec.params)
        gradients, (metrics, mutated) = _gradients(loss_function, params)
        com_net = _update(state.com, gradients.com, mutated.com, optimizer, average_decay)
        rec_net = _update(state.rec, gradients.rec, mutated.rec, optimizer, average_decay)
        return state.replace(com=com_net, rec=rec_net), metrics

    return Steps(compact, com_step, rec_step, joint_step)


def _clipped(y: jax.Array) -> jax.Array:
    return jnp.mean((y < 0.0) | (y > 1.0), dtype=jnp.float32)


def _dropout(seed: int, purpose: Purpose, net: NetState) -> dict[str, jax.Array]:
    key = jax.random.fold_in(stream(seed, purpose), net.num_updates)
    return {"dropout": jax.random.fold_in(key, lax.axis_index("batch"))}


def _gradients(loss_function: Callable[[Any], tuple[jax.Array, Any]], params: Any) -> tuple:
    """Gradients and metrics, averaged over all devices, and changed batch statistics."""
    gradients, (metrics, mutated) = jax.grad(loss_function, has_aux=True)(params)
    gradients, metrics = lax.pmean((gradients, metrics), "batch")
    return gradients, (metrics, mutated)


def _update(
    net: NetState,
    gradients: Any,
    mutated: Any,
    optimizer: optax.GradientTransformation,
    average_decay: float,
) -> NetState:
    """One optimizer update."""
    updates, opt_state = optimizer.update(gradients, net.opt_state, net.params)
    params = optax.apply_updates(net.params, updates)
    average = net.average
    if average_decay:
        # From the start, the mean of what there is; later, exponential.
        step_size = jnp.maximum(1.0 - average_decay, 1.0 / (net.num_updates + 1.0))
        average = optax.incremental_update(params, average, step_size)
    return net.replace(
        num_updates=net.num_updates + 1,
        params=params,
        average=average,
        batch_stats=mutated.get("batch_stats", net.batch_stats),
        opt_state=opt_state,
    )
