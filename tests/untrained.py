"""Small models that were never trained: for tests, and for benchmarks of time and memory."""

import jax
import numpy as np

from configs import codec_aware
from jaxshrink.models import create_networks, init_variables
from jaxshrink.models.weights import Weights


def untrained_weights(
    *, features: int = 8, num_blocks: int = 1, noise: float = 0.02, name: str = "small"
) -> Weights:
    """Weights of both scales.

    Args:
      features, num_blocks: of all networks, which have one coarse block.
      noise: added to every parameter; without any, the networks are resampling and a codec.
      name: what files are marked with.
    """
    configs, variables = {}, {}
    for variant, scale in (("half", 2), ("full", 1)):
        config = codec_aware.get_config(variant)
        for network in (config.model.com, config.model.rec):
            network.features, network.num_blocks = features, num_blocks
            network.coarse_features, network.num_coarse_blocks = features, 1
        configs[scale] = config.to_dict()
        made = init_variables(
            create_networks(configs[scale]["model"]), jax.random.key(0), jax.random.key(1)
        )
        rng = np.random.default_rng(scale)
        variables[scale] = jax.tree.map(
            lambda leaf, rng=rng: np.float32(leaf + noise * rng.normal(size=leaf.shape)), made
        )
    return Weights(name, configs, variables, {"data": "nothing"})
