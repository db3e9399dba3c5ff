import json
import math
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxshrink.ops import metrics
from tests.golden.make_ms_ssim import pair

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "ms_ssim.json").read_text())["rows"]


def as_float(*images: np.ndarray) -> list[jax.Array]:
    return [jnp.asarray(image[None] / 255, jnp.float32) for image in images]


@pytest.mark.parametrize("row", GOLDEN, ids=lambda row: "-".join(map(str, row["case"])))
def test_ms_ssim_and_ssim_agree_with_pytorch_msssim(row):
    a, b = as_float(*pair(*row["case"]))
    assert metrics.ms_ssim(a, b)[0] == pytest.approx(row["ms_ssim"], abs=1e-5)
    # dm-pix bounds the covariance by the variances, pytorch-msssim does not.
    assert metrics.ssim(a, b)[0] == pytest.approx(row["ssim"], abs=1e-4)


@pytest.mark.parametrize("metric", [metrics.ms_ssim, metrics.ssim])
def test_equal_images_are_perfectly_similar(photograph, metric):
    (a,) = as_float(photograph[:161, :161])
    assert metric(a, a)[0] == pytest.approx(1.0, abs=1e-6)


def test_ms_ssim_falls_as_noise_grows(photograph):
    (a,) = as_float(photograph[:161, :161])
    noise = jax.random.normal(jax.random.key(0), a.shape)
    values = [metrics.ms_ssim(a, a + level * noise)[0] for level in (0.01, 0.05, 0.2)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 0.05


def test_ms_ssim_judges_every_image_on_its_own(photograph):
    a, b, c = as_float(photograph[:161, :161], photograph[200:361, :161], photograph[:161, 200:361])
    both = metrics.ms_ssim(jnp.concatenate([a, b]), jnp.concatenate([c, c]))
    assert both.shape == (2,)
    np.testing.assert_allclose(both[0], metrics.ms_ssim(a, c)[0], rtol=1e-5)
    np.testing.assert_allclose(both[1], metrics.ms_ssim(b, c)[0], rtol=1e-5)


def test_a_second_pair_of_the_same_size_does_not_retrace(photograph):
    a, b = as_float(photograph[:163, :161], photograph[1:164, :161])
    before = metrics.ms_ssim._cache_size()
    metrics.ms_ssim(a, b)
    metrics.ms_ssim(b, a)
    assert metrics.ms_ssim._cache_size() == before + 1


@pytest.mark.parametrize("other", ["flat", "negative", "noise"])
def test_gradients_are_finite_even_where_terms_are_clipped(photograph, other):
    (a,) = as_float(photograph[:161, :161])
    b = {
        "flat": jnp.full_like(a, 0.5),
        "negative": 1.0 - a,
        "noise": jax.random.uniform(jax.random.key(0), a.shape),
    }[other]
    for first, second in ((a, b), (b, b), (b, a)):
        gradient = jax.grad(lambda x, y: metrics.ms_ssim(x, y).sum())(first, second)
        assert jnp.isfinite(gradient).all()


def test_too_small_an_image_is_an_error_that_says_so():
    a = jnp.zeros((1, 160, 400, 3))
    with pytest.raises(ValueError, match="at least 161, got 160x400"):
        metrics.ms_ssim(a, a)
    with pytest.raises(ValueError, match="at least 11"):
        metrics.ssim(a[:, :10], a[:, :10])


@pytest.mark.parametrize("metric", [metrics.mse, metrics.psnr, metrics.ssim, metrics.ms_ssim])
def test_metrics_refuse_what_cannot_be_compared(metric):
    a = jnp.zeros((1, 161, 161, 3))
    with pytest.raises(ValueError, match="NHWC"):
        metric(a, a[:, :, :, :1])
    with pytest.raises(ValueError, match="NHWC"):
        metric(a[0], a[0])
    with pytest.raises(TypeError, match="uint8"):
        metric(a.astype(jnp.uint8), a.astype(jnp.uint8))


def test_psnr_is_ten_log_of_the_inverse_squared_error():
    a = jnp.zeros((2, 4, 4, 1))
    b = a.at[0].add(0.1).at[1, 0, 0, 0].add(1.0)
    np.testing.assert_allclose(metrics.mse(a, b), [0.01, 1 / 16], rtol=1e-6)
    np.testing.assert_allclose(metrics.psnr(a, b), [20.0, 10 * math.log10(16)], rtol=1e-6)
    assert jnp.isinf(metrics.psnr(a, a)).all()
