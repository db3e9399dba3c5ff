"""The pair of networks that a config describes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxshrink.models.comcnn import ComCNN
from jaxshrink.models.reccnn import RecCNN

Variables = dict[str, Any]


class Networks(NamedTuple):
    """ComCNN and RecCNN, as modules or as their variables, {"params": ..., "batch_stats": ...}."""

    com: Any
    rec: Any


def create_networks(settings: Mapping[str, Any], dtype: str = "float32") -> Networks:
    """Returns both modules.

    Args:
      settings: {"channels": ., "com": fields of ComCNN, "rec": fields of RecCNN}.
      dtype: of the computation; parameters are float32.
    """
    shared = {"channels": settings["channels"], "dtype": jnp.dtype(dtype)}
    return Networks(
        com=ComCNN(**shared, **settings["com"]), rec=RecCNN(**shared, **settings["rec"])
    )


def init_variables(networks: Networks, com_key: jax.Array, rec_key: jax.Array) -> Networks:
    """Returns the initial variables of both; traceable."""

    def init(net: Any, key: jax.Array) -> Variables:
        return {"batch_stats": {}, **net.init(key, jnp.zeros((1, 8, 8, net.channels)))}

    return Networks(com=init(networks.com, com_key), rec=init(networks.rec, rec_key))


def variables_template(networks: Networks) -> Networks:
    """Returns the shapes and dtypes of the variables of both, without computing them."""
    key = jax.ShapeDtypeStruct((), jax.random.key(0).dtype)
    return jax.eval_shape(lambda c, r: init_variables(networks, c, r), key, key)
