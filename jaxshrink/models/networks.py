"""The pair of networks that a config describes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxshrink.documents import Shape, flag, integer, number, one_of, record
from jaxshrink.models.comcnn import ComCNN
from jaxshrink.models.reccnn import RecCNN
from jaxshrink.models.residual import ResidualComCNN, ResidualRecCNN
from jaxshrink.ops import jpeg

Variables = dict[str, Any]  # of one network


class Networks(NamedTuple):
    """The modules of ComCNN and RecCNN.

    Whatever the architecture, com(x, tables) is y, and rec.reconstruct(y_hat, size, tables) is
    x_hat; `tables` are the codec's, (N, 2, 8, 8), or None where the architecture ignores them.
    """

    com: Any
    rec: Any


class NetworkVariables(NamedTuple):
    """What belongs to ComCNN and to RecCNN: their variables, or a part of these, or their shapes.

    Variables are {"params": ..., "batch_stats": ...}, trees of float32 arrays.
    """

    com: Variables
    rec: Variables


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


MAX_DEPTH = 256
MAX_FEATURES = 4096
_FEATURES = integer(1, MAX_FEATURES)
_PAPER = {
    "features": _FEATURES,
    "symmetric_padding": flag,
    "batch_norm": flag,
    "dropout_rate": number(0.0, 1.0),
}
_RESIDUAL = {
    "features": _FEATURES,
    "num_blocks": integer(0, MAX_DEPTH),
    "coarse_features": integer(0, MAX_FEATURES),
    "num_coarse_blocks": integer(0, MAX_DEPTH),
}


def _settings(com: Mapping[str, Shape], rec: Mapping[str, Shape], **shared: Shape) -> Shape:
    return record(
        {
            "architecture": one_of("paper", "residual"),
            "channels": one_of(1, 3),
            "com": record({}, com, others=False),
            "rec": record({}, rec, others=False),
        },
        shared,
        others=False,
    )


_SETTINGS = {
    "paper": _settings(
        _PAPER,
        {
            **{name: shape for name, shape in _PAPER.items() if name != "symmetric_padding"},
            "num_layers": integer(2, MAX_DEPTH),
        },
    ),
    "residual": _settings(
        _RESIDUAL, _RESIDUAL, scale=one_of(1, 2), stride=one_of(2, 4), conditioned=flag
    ),
}


def network_settings(value: Any, where: str) -> Any:
    """The shape of what `create_networks` takes, in a document."""
    value = record({"architecture": one_of(*_SETTINGS)})(value, where)
    return _SETTINGS[value["architecture"]](value, where)


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
