"""What training changes, and how it starts."""

import enum
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from jaxshrink.models import Networks, NetworkVariables, Variables, init_variables


class Purpose(enum.IntEnum):
    """What a random stream is for: key = fold_in(key(seed), purpose)."""

    INIT_COM = 0
    INIT_REC = 1
    DROPOUT_COM = 2
    DROPOUT_REC = 3


def stream(seed: int, purpose: Purpose) -> jax.Array:
    """Returns the key of one random stream."""
    return jax.random.fold_in(jax.random.key(seed), purpose)


class NetState(flax.struct.PyTreeNode):
    """One network in training.

    Attributes:
      num_updates: the number of optimizer updates so far, int32.
      params: float32.
      average: exponential moving average of the parameters, or {} if none is kept.
      batch_stats: running means and variances; empty without batch norm.
      opt_state: the state of its own optimizer.
    """

    num_updates: jax.Array
    params: Any
    average: Any
    batch_stats: Any
    opt_state: optax.OptState

    @property
    def variables(self) -> Variables:
        return {"params": self.params, "batch_stats": self.batch_stats}

    @property
    def averaged(self) -> Variables:
        return {**self.variables, "params": self.average or self.params}


class TrainState(flax.struct.PyTreeNode):
    """Both networks in training. Holds no random key: keys are derived from `num_updates`."""

    com: NetState
    rec: NetState

    @property
    def variables(self) -> NetworkVariables:
        """What the networks need to be used: of the parameters, the average if there is one."""
        return NetworkVariables(com=self.com.averaged, rec=self.rec.averaged)


def initial_variables(networks: Networks, seed: int) -> NetworkVariables:
    """Random variables of both networks, each from a random stream of its own."""
    # Not compiled as a whole: that takes a second per layer, and most layers are alike.
    com_key, rec_key = stream(seed, Purpose.INIT_COM), stream(seed, Purpose.INIT_REC)
    return init_variables(networks, com_key, rec_key)


def create_state(
    networks: Networks,
    optimizer: optax.GradientTransformation,
    seed: int,
    *,
    averaged: bool = False,
    start: NetworkVariables | None = None,
) -> TrainState:
    """Initializes both networks, each from a random stream of its own, or with given weights.

    Args:
      networks: the modules.
      optimizer: applied to each network, with a state of its own.
      seed: what the random streams are derived from.
      averaged: whether a moving average of the parameters is kept.
      start: the variables to begin with instead.
    """

    def create(variables: Variables) -> NetState:
        return NetState(
            num_updates=jnp.zeros((), jnp.int32),
            params=variables["params"],
            # A copy: whoever donates the state gives away every array once.
            average=jax.tree.map(jnp.copy, variables["params"]) if averaged else {},
            batch_stats=variables["batch_stats"],
            opt_state=optimizer.init(variables["params"]),
        )

    variables = jax.tree.map(jnp.asarray, start or initial_variables(networks, seed))
    return TrainState(com=create(variables.com), rec=create(variables.rec))


def create_optimizer(
    learning_rate: float,
    b1: float,
    b2: float,
    epsilon: float,
    l2: float,
    *,
    warmup_steps: int = 0,
    decay_steps: int = 0,
    clip_norm: float = 0.0,
) -> optax.GradientTransformation:
    """Adam, with l2/2 * ||kernel||^2 added to the loss. Paper: section 4.4.

    The penalty enters as its gradient, l2 * kernel, before Adam's moments, and leaves biases
    and batch norm alone. The losses that are logged are without it.

    Args:
      learning_rate, b1, b2, epsilon: Adam's.
      l2: weight of the penalty.
      warmup_steps: in which the learning rate grows from zero.
      decay_steps: if not 0, the learning rate falls to zero in so many steps, warm-up included,
        along half a cosine.
      clip_norm: if not 0, gradients of a larger global norm are scaled down to it.
    """

    def kernels_only(params: Any) -> Any:
        return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)

    rate: Any = learning_rate
    if decay_steps:
        rate = optax.warmup_cosine_decay_schedule(0.0, learning_rate, warmup_steps, decay_steps)
    elif warmup_steps:
        rate = optax.warmup_constant_schedule(0.0, learning_rate, warmup_steps)
    return optax.chain(
        optax.clip_by_global_norm(clip_norm) if clip_norm else optax.identity(),
        optax.add_decayed_weights(l2, mask=kernels_only),
        optax.adam(rate, b1=b1, b2=b2, eps=epsilon),
    )
