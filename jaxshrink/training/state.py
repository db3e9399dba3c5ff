"""What training changes, and how it starts."""

import enum
from typing import Any

import flax.struct
import jax
import jax.numpy as jnp
import optax

from jaxshrink.models import Networks, Variables, init_variables


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
      num_updates: how often it was updated, int32.
      params: float32.
      batch_stats: running means and variances; empty without batch norm.
      opt_state: of its own optimizer.
    """

    num_updates: jax.Array
    params: Any
    batch_stats: Any
    opt_state: optax.OptState

    @property
    def variables(self) -> Variables:
        return {"params": self.params, "batch_stats": self.batch_stats}


class TrainState(flax.struct.PyTreeNode):
    """Both networks in training. Holds no random key: keys are derived from `num_updates`."""

    com: NetState
    rec: NetState

    @property
    def variables(self) -> Networks:
        """What the networks need to be used."""
        return Networks(com=self.com.variables, rec=self.rec.variables)


def create_state(
    networks: Networks, optimizer: optax.GradientTransformation, seed: int
) -> TrainState:
    """Initializes both networks, each from a random stream of its own."""

    def create(variables: Variables) -> NetState:
        return NetState(
            num_updates=jnp.zeros((), jnp.int32),
            params=variables["params"],
            batch_stats=variables["batch_stats"],
            opt_state=optimizer.init(variables["params"]),
        )

    @jax.jit
    def init() -> TrainState:
        com_key, rec_key = stream(seed, Purpose.INIT_COM), stream(seed, Purpose.INIT_REC)
        variables = init_variables(networks, com_key, rec_key)
        return TrainState(com=create(variables.com), rec=create(variables.rec))

    return init()


def create_optimizer(
    learning_rate: float, b1: float, b2: float, epsilon: float, l2: float
) -> optax.GradientTransformation:
    """Adam, with l2/2 * ||kernel||^2 added to the loss. Paper: section 4.4.

    The penalty enters as its gradient, l2 * kernel, before Adam's moments, and leaves biases
    and batch norm alone. The losses that are logged are without it.
    """

    def kernels_only(params: Any) -> Any:
        return jax.tree_util.tree_map_with_path(lambda path, _: path[-1].key == "kernel", params)

    return optax.chain(
        optax.add_decayed_weights(l2, mask=kernels_only),
        optax.adam(learning_rate, b1=b1, b2=b2, eps=epsilon),
    )
