import json
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.inference import tiled_metrics
from jaxshrink.ops.ssimulacra2 import ssimulacra2
from tests.golden.make_ssimulacra2 import pair as damaged_pair

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ssimulacra2.json").read_text())["rows"]


def pair(photograph, noise, size=96):
    """A part of a photograph and the same with noise, float32 (1, size, size, 3)."""
    a = photograph[None, 100 : 100 + size, 150 : 150 + size].astype(np.float32) / 255
    b = np.clip(a + noise * np.random.default_rng(0).normal(size=a.shape), 0, 1)
    return jnp.asarray(a), jnp.asarray(b, jnp.float32)


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: "-".join(map(str, row["case"])))
def test_scores_are_those_of_the_package(row):
    # In windows, which `tests/inference` holds equal to the whole: fewer compilations.
    score = tiled_metrics.ssimulacra2(*damaged_pair(*row["case"]))
    assert score == pytest.approx(row["ssimulacra2"], abs=0.2)


def test_equal_images_score_100(photograph):
    a, _ = pair(photograph, 0)
    np.testing.assert_allclose(ssimulacra2(a, a), [100.0], atol=0.01)


def test_score_falls_as_noise_grows(photograph):
    scores = [float(ssimulacra2(*pair(photograph, noise))[0]) for noise in (0.003, 0.03, 0.1)]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_gradient_is_finite_and_points_towards_the_original(photograph, noise):
    a, b = pair(photograph, noise)
    gradient = jax.grad(lambda image: ssimulacra2(a, image).sum())(b)
    assert np.isfinite(gradient).all()
    assert noise == 0.0 or float(jnp.sum(gradient * (a - b))) > 0


def test_gradient_is_finite_on_flat_images():
    flat = jnp.zeros((1, 64, 64, 3))
    gradient = jax.grad(lambda image: ssimulacra2(flat, image).sum())(flat)
    assert np.isfinite(gradient).all()


def test_an_image_is_scored_alike_in_a_batch_and_alone(photograph):
    a, b = pair(photograph, 0.05)
    batch = ssimulacra2(jnp.concatenate([a, b]), jnp.concatenate([b, b]))
    np.testing.assert_allclose(batch[0], ssimulacra2(a, b)[0], rtol=1e-4)


def test_too_small_an_image_is_an_error_that_says_so():
    with pytest.raises(ValueError, match="at least 8"):
        ssimulacra2(jnp.zeros((1, 7, 64, 3)), jnp.zeros((1, 7, 64, 3)))
