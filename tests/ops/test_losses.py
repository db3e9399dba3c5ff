import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.ops import losses
from jaxshrink.ops.metrics import ms_ssim
from jaxshrink.ops.ssimulacra2 import ssimulacra2


def test_squared_error_sums_over_pixels():
    prediction = jnp.ones((2, 2, 3, 1))
    target = jnp.zeros((2, 2, 3, 1)).at[0].set(3.0)
    # 1/2 * 6 * 2^2 and 1/2 * 6 * 1^2
    assert losses.Distortion(squared_error=1.0)(prediction, target).tolist() == [12.0, 3.0]


def test_levels_are_those_of_8_bits():
    x = jnp.zeros((1, 4, 4, 3))
    x_hat = x + 3 / 255
    assert losses.Distortion(squared_levels=2.0)(x_hat, x)[0] == pytest.approx(18.0)
    assert losses.Distortion(charbonnier=1.0)(x_hat, x)[0] == pytest.approx(10**0.5)
    assert losses.Distortion(absolute=2.0)(x_hat, x)[0] == pytest.approx(6.0)


def test_a_mixture_is_the_sum_of_its_parts(photograph):
    x = jnp.asarray(photograph[None, :176, :176], jnp.float32) / 255
    x_hat = 0.9 * x + 0.02
    parts = {"squared_error": 0.5, "squared_levels": 2.0, "charbonnier": 3.0, "ms_ssim": 40.0}
    parts |= {"ssimulacra2": 0.1, "absolute": 2.0}
    whole = losses.Distortion(**parts)(x_hat, x)[0]
    assert whole == pytest.approx(
        sum(losses.Distortion(**{name: weight})(x_hat, x)[0] for name, weight in parts.items())
    )
    alone = losses.Distortion(ms_ssim=1.0)(x_hat, x)[0]
    assert alone == pytest.approx(1 - float(ms_ssim(x_hat, x)[0]), rel=1e-4)
    by_eye = losses.Distortion(ssimulacra2=1.0)(x_hat, x)[0]
    assert by_eye == pytest.approx(100 - float(ssimulacra2(x, x_hat)[0]), rel=1e-4)
    assert np.isfinite(jax.grad(lambda z: losses.Distortion(**parts)(z, x).sum())(x)).all()


def test_the_range_penalty_sees_only_what_the_codec_clips():
    inside = jnp.linspace(0.0, 1.0, 12).reshape(1, 2, 2, 3)
    assert losses.range_penalty(inside) == 0.0
    assert losses.range_penalty(inside.at[0, 0, 0, 0].set(-2.0)) == pytest.approx(2.0)
    assert losses.range_penalty(inside.at[0, 0, 0, 0].set(3.0)) == pytest.approx(2.0)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shapes differ"):
        losses.Distortion()(jnp.zeros((2, 4, 4, 3)), jnp.zeros((2, 4, 4, 1)))
