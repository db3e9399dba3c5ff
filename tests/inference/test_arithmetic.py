"""The counts of `benchmarks/arithmetic.py` against the compiler's own."""

import functools
from unittest import mock

import jax
import numpy as np
import optax
import pytest

from benchmarks import arithmetic
from jaxshrink.models import ComCNN, Networks, RecCNN
from jaxshrink.ops import conv
from jaxshrink.training.state import create_state
from jaxshrink.training.steps import Setup, create_steps

SIZE = {"features": 16, "num_layers": 4}


def compiled_flops(function, *arguments) -> float:
    return jax.jit(function).lower(*arguments).compile().cost_analysis()["flops"]


@pytest.mark.parametrize("size", [(64, 48), (47, 65)])
def test_forward_passes(size):
    x = np.zeros((2, *size, 3), np.float32)
    for network, flops in (
        (RecCNN(**SIZE), arithmetic.reccnn_flops(*size, **SIZE)),
        (ComCNN(features=16), arithmetic.comcnn_flops(*size, features=16)),
    ):
        variables = jax.eval_shape(network.init, jax.random.key(0), x)
        # The compiler leaves out the products with the padding.
        assert compiled_flops(network.apply, variables, x) == pytest.approx(2 * flops, rel=0.04)


def test_a_training_step():
    networks, optimizer = Networks(ComCNN(features=16), RecCNN(**SIZE)), optax.sgd(1.0)
    state = jax.eval_shape(functools.partial(create_state, networks, optimizer, 0))
    steps = create_steps(Setup(networks, optimizer, seed=0))
    x, y_hat = np.zeros((1, 2, 64, 48, 3), np.uint8), np.zeros((1, 2, 32, 24, 3), np.uint8)
    quality = np.full((1, 2), 50.0, np.float32)

    def flops(step, *arrays):
        axes = (None, *[0] * len(arrays))
        mapped = jax.vmap(step, in_axes=axes, axis_name="batch")
        # The compiler counts the body of a loop once; its own kernel gradient has none.
        with mock.patch.object(conv, "conv3x3", conv.xla_conv3x3):
            return compiled_flops(mapped, state, *arrays)

    total = (
        flops(steps.compact, x, quality)
        + flops(steps.rec_step, x, y_hat, quality)
        + flops(steps.com_step, x, quality)
    )
    assert total == pytest.approx(2 * arithmetic.step_flops(64, 48, **SIZE), rel=0.04)


def test_the_papers_training_step():
    """219 GFLOP per image, the batch of 20 4.4 TFLOP."""
    flops = arithmetic.step_flops(180, 180, features=64, num_layers=20)
    assert flops == pytest.approx(219e9, rel=0.003)
