"""Bits per pixel and image quality, as every measurement takes them."""

import numpy as np
import pytest

from jaxshrink.codecs import bits_per_pixel
from jaxshrink.evaluation.metrics import METRICS, image_scores


def noisy(image: np.ndarray, amplitude: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0.0, amplitude, image.shape)
    return np.clip(np.round(image + noise), 0, 255).astype(np.uint8)


def test_bits_per_pixel():
    assert bits_per_pixel(1000, (100, 40)) == 2.0


@pytest.mark.parametrize("name", METRICS)
@pytest.mark.parametrize("channels", [1, 3])
def test_scores_fall_as_noise_grows(name, channels, photograph):
    x = photograph[None, :176, :170, :channels]
    perfect, *worse = (
        image_scores(x, x_hat, [name])[name][0] for x_hat in (x, noisy(x, 4), noisy(x, 16))
    )
    best = {"psnr": np.inf, "ssimulacra2": 100.0}.get(name, 1.0)
    assert perfect == pytest.approx(best, rel=1e-4)
    assert perfect > worse[0] > worse[1]


def test_psnr_is_that_of_eight_bits(photograph):
    x = np.full((1, 8, 8, 3), 100, np.uint8)
    assert image_scores(x, x + 1, ["psnr"])["psnr"] == [pytest.approx(20 * np.log10(255))]


@pytest.mark.parametrize(("name", "side"), [("ms-ssim", 160), ("ssim", 10), ("ssimulacra2", 7)])
def test_too_small_an_image_has_no_score(name, side):
    x = np.zeros((2, side, 200, 3), np.uint8)
    assert image_scores(x, x, [name]) == {name: [None, None]}
