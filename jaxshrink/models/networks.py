"""The pair of networks that a config describes."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp

from jaxshrink.models.comcnn import ComCNN
from jaxshrink.models.reccnn import RecCNN
from jaxshrink.models.residual import ResidualComCNN, ResidualRecCNN
from jaxshrink.models.settings import Networks, NetworkVariables
from jaxshrink.ops import jpeg


def create_networks(settings: Mapping[str, Any], dtype: str = "float32") -> Networks:
    """Returns both modules.

    Args:
      settings: {"architecture": "paper" or "residual", "com": fields of ComCNN, "rec": fields of
        RecCNN, and what both share: "channels" and, if residual, "scale"}.
      dtype: what they compute in; parameters are float32.
    """
    shared = {k: v for k, v in settings.items() if k not in ("architecture", "com", "rec")}
    com, rec = _ARCHITECTURES[settings["architecture"]]
    shared["dtype"] = jnp.dtype(dtype)
    return Networks(com=com(**shared, **settings["com"]), rec=rec(**shared, **settings["rec"]))


_ARCHITECTURES = {"paper": (ComCNN, RecCNN), "residual": (ResidualComCNN, ResidualRecCNN)}


def init_variables(networks: Networks, com_key: jax.Array, rec_key: jax.Array) -> NetworkVariables:
    """Returns the initial variables of both; traceable."""

    image = jnp.zeros((1, 8, 8, networks.com.channels))
    tables = jnp.ones((1, 2, jpeg.BLOCK, jpeg.BLOCK))
    y, com = networks.com.init_with_output(com_key, image, tables)
    rec = networks.rec.init(rec_key, y, image.shape[1:3], tables, method="reconstruct")
    return NetworkVariables(com={"batch_stats": {}, **com}, rec={"batch_stats": {}, **rec})


def variables_template(networks: Networks) -> NetworkVariables:
    """Returns the shapes and dtypes of the variables of both, without computing them."""
    key = jax.ShapeDtypeStruct((), jax.random.key(0).dtype)
    return jax.eval_shape(lambda c, r: init_variables(networks, c, r), key, key)
