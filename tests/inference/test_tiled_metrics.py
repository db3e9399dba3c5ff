import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.inference import tiled_metrics
from jaxshrink.ops import metrics
from jaxshrink.ops import ssimulacra2 as ssimulacra2_definition


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
    np.testing.assert_allclose(tiled_metrics.ms_ssim(x, y), whole, rtol=0, atol=2e-6)
    np.testing.assert_allclose(tiled_metrics.psnr(x, y), definition(metrics.psnr, x, y), rtol=1e-5)


@pytest.mark.parametrize(
    "shape", [(8, 9, 3), (11, 270, 1), (97, 130, 3), (128, 128, 1), (600, 163, 3), (257, 515, 3)]
)
def test_windows_give_the_ssimulacra2_of_the_definition(shape, photograph):
    x = np.tile(photograph, (2, 2, 1))[: shape[0], : shape[1], : shape[2]]
    y = noisy(x)
    whole = definition(ssimulacra2_definition.ssimulacra2, x, y)
    assert tiled_metrics.ssimulacra2(x, y) == pytest.approx(whole, abs=1e-3)


def test_a_reference_is_compared_with_many(photograph):
    x = photograph[:200, :300]
    reference = tiled_metrics.Reference(x)
    for seed in range(2):
        y = noisy(x, seed)
        assert reference.compare(y) == tiled_metrics.similarity(x, y)
        assert reference.compare(y).ssimulacra2 == tiled_metrics.ssimulacra2(x, y)


def test_few_windows_are_compiled(photograph):
    tiled_metrics._difference_sums.forget()
    for size in [(300, 200), (303, 205), (500, 320)]:
        x = np.tile(photograph, (2, 2, 1))[: size[0], : size[1]]
        tiled_metrics.ssimulacra2(x, noisy(x))
    assert tiled_metrics._difference_sums.num_compiled <= 2 * len(tiled_metrics._SIDES)


def test_equal_images_and_gray_ones(gray_photograph):
    x = gray_photograph[:200, :300]
    same = tiled_metrics.similarity(x, x)
    assert same.psnr == float("inf")
    assert same.ms_ssim == pytest.approx(1.0, abs=1e-6)
    assert same.ssimulacra2 == pytest.approx(100.0, abs=0.01)
    assert tiled_metrics.similarity(x, noisy(x)).ms_ssim < 1


def test_too_small_an_image_has_a_psnr_alone(photograph):
    x = photograph[:160, :300]
    assert tiled_metrics.similarity(x, noisy(x)).ms_ssim is None
    assert tiled_metrics.similarity(x[:7], noisy(x[:7])).ssimulacra2 is None
    with pytest.raises(ValueError, match="at least 8"):
        tiled_metrics.ssimulacra2(x[:7], x[:7])
    with pytest.raises(ValueError, match="at least 161"):
        tiled_metrics.ms_ssim(x, x)
