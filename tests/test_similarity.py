import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink import similarity
from jaxshrink.ops import metrics


def noisy(x, seed=0):
    noise = np.random.default_rng(seed).normal(0, 12, x.shape)
    return np.clip(x + noise, 0, 255).round().astype(np.uint8)


def definition(metric, a, b):
    return float(metric(*(jnp.asarray(x[None], jnp.float32) / 255 for x in (a, b)))[0])


@pytest.mark.parametrize("size", [(161, 161), (162, 511), (257, 203), (1300, 163), (700, 1100)])
def test_windows_give_what_the_definition_gives(size, photograph):
    x = np.tile(photograph, (3, 3, 1))[: size[0], : size[1]]
    y = noisy(x)
    whole = definition(metrics.ms_ssim, x, y)
    np.testing.assert_allclose(similarity.ms_ssim(x, y), whole, rtol=0, atol=2e-6)
    np.testing.assert_allclose(similarity.psnr(x, y), definition(metrics.psnr, x, y), rtol=1e-5)


def test_equal_images_and_gray_ones(gray_photograph):
    x = gray_photograph[:200, :300]
    same = similarity.similarity(x, x)
    assert same.psnr == float("inf")
    assert same.ms_ssim == pytest.approx(1.0, abs=1e-6)
    assert similarity.similarity(x, noisy(x)).ms_ssim < 1


def test_too_small_an_image_has_a_psnr_alone(photograph):
    x = photograph[:160, :300]
    assert similarity.similarity(x, noisy(x)).ms_ssim is None
    with pytest.raises(ValueError, match="at least 161"):
        similarity.ms_ssim(x, x)
