import jax
import jax.numpy as jnp
import pytest

from jaxshrink.ops import losses


def test_half_squared_error_sums_over_pixels_and_averages_over_images():
    prediction = jnp.ones((4, 2, 3, 1))
    target = jnp.zeros((4, 2, 3, 1)).at[0].set(3.0)
    # 1/(2 * 4) * (6 * 2^2 + 3 * 6 * 1^2)
    assert losses.half_squared_error(prediction, target) == pytest.approx((24 + 18) / 8)


def test_both_losses_want_the_residual_added():
    x = jax.random.uniform(jax.random.key(0), (2, 4, 4, 3))
    up = x - 0.25
    residual = jnp.full_like(x, 0.25)
    assert losses.com_loss(up, residual, x) == pytest.approx(0.0, abs=1e-9)
    assert losses.rec_loss(up, residual, x) == pytest.approx(0.0, abs=1e-9)
    assert losses.rec_loss(up, -residual, x) > 1.0


def test_the_range_penalty_sees_only_what_the_codec_clips():
    inside = jnp.linspace(0.0, 1.0, 12).reshape(1, 2, 2, 3)
    assert losses.range_penalty(inside) == 0.0
    assert losses.range_penalty(inside.at[0, 0, 0, 0].set(-2.0)) == pytest.approx(2.0)
    assert losses.range_penalty(inside.at[0, 0, 0, 0].set(3.0)) == pytest.approx(2.0)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="shapes differ"):
        losses.half_squared_error(jnp.zeros((2, 4, 4, 3)), jnp.zeros((2, 4, 4, 1)))
