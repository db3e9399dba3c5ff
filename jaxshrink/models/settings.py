"""What describes a pair of networks, and what follows from it, without JAX or Flax."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from jaxshrink.documents import Shape, flag, integer, number, one_of, record

# The residual networks compute on whole units, in the photograph's pixels: the codec's blocks at
# half size, and a multiple of every fold. A picture gets one of them more on every side.
UNIT = 16

# Lagrange multipliers of qualities 1 and 100, in squared levels per bit and pixel.
_LMBDA_RANGE = (20000.0, 12.5)
# What residual networks have where their settings are silent.
DEFAULT_SCALE, DEFAULT_STRIDE = 2, 2
DEFAULT_BLOCKS = {"com": 2, "rec": 4}

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


def lmbda_of_quality(quality: Any) -> Any:
    """The price of a bit at a quality in 1..100, in squared levels per bit and pixel.

    Of a number, or of an array of NumPy or JAX.
    """
    highest, lowest = _LMBDA_RANGE
    return highest * (lowest / highest) ** ((quality - 1) / 99)


def radius(stride: int, num_blocks: int, num_coarse_blocks: int) -> int:
    """How far a residual network's result depends on its surroundings, in the photograph's pixels.

    One position per convolution, twice as wide in the coarse blocks, whose positions may lie
    anywhere; the first, two per block, the last.
    """
    coarse = 2 * (2 * num_coarse_blocks + 1) if num_coarse_blocks else 0
    return stride * (2 + 2 * num_blocks + coarse)


def radius_of(settings: Mapping[str, Any], network: str) -> int:
    """That of "com" or "rec", by what `create_networks` takes."""
    own = settings[network]
    return radius(
        settings.get("stride", DEFAULT_STRIDE),
        own.get("num_blocks", DEFAULT_BLOCKS[network]),
        own.get("num_coarse_blocks", 0),
    )


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
            "input_scale": number(1e-3, 1e3),
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
