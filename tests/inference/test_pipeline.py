import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.inference.pipeline import Pipeline, enlarge
from jaxshrink.models import ComCNN, Networks, RecCNN, init_variables
from jaxshrink.ops import images


@pytest.mark.parametrize("size", [(1, 1), (7, 10), (16, 16)])
def test_sizes_come_back_as_they_were(size, photograph):
    networks = Networks(ComCNN(features=4), RecCNN(features=4, num_layers=3))
    variables = init_variables(networks, jax.random.key(0), jax.random.key(1))
    pipeline = Pipeline(networks, variables)
    x = photograph[None, : size[0], : size[1]]
    y = pipeline.compact(x)
    assert (y.shape[1:3], y.dtype) == (images.compact_size(size), np.uint8)
    x_hat = pipeline.reconstruct(y, size)
    assert (x_hat.shape, x_hat.dtype) == (x.shape, np.uint8)
    # An untrained RecCNN adds nothing.
    np.testing.assert_array_equal(x_hat, enlarge(y, size))


def test_whatever_training_computed_in_use_computes_in_float32(photograph):
    variables, pixels = None, {}
    for dtype in (jnp.float32, jnp.bfloat16):
        networks = Networks(
            ComCNN(features=4, dtype=dtype), RecCNN(features=4, num_layers=3, dtype=dtype)
        )
        variables = variables or init_variables(networks, jax.random.key(0), jax.random.key(1))
        pixels[dtype] = Pipeline(networks, variables).compact(photograph[None, :32, :32])
    np.testing.assert_array_equal(pixels[jnp.float32], pixels[jnp.bfloat16])
