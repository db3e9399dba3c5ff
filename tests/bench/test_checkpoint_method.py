"""Models as methods."""

import pytest

from jaxshrink.bench.methods.by_name import method_by_name
from jaxshrink.bench.points import measure
from jaxshrink.codecs import CODECS
from jaxshrink.data import read_image
from jaxshrink.errors import ConfigError


def test_the_codec_is_part_of_the_name(bench_run):
    folder = bench_run.folder / "model"
    assert method_by_name(str(folder)).name == "model"
    webp = method_by_name(f"{folder}@webp")
    assert webp.name == "model@webp"
    assert webp.identity != method_by_name(str(folder)).identity


def test_its_file_is_the_compact_image_in_the_codec(bench_run, photograph):
    method = method_by_name(f"{bench_run.folder / 'model'}@webp")
    x = photograph[:63, :50]
    trip = method.trip(x, 60)
    assert trip.data.startswith(b"RIFF")
    assert trip.y_hat.shape == (32, 25, 3)
    assert (CODECS["webp"].decode(trip.data, 3) == trip.y_hat).all()
    assert trip.x_hat.shape == x.shape


def test_a_colour_model_refuses_a_grayscale_folder(bench_run):
    method = method_by_name(str(bench_run.folder / "model"))
    with pytest.raises(ConfigError, match="model is a model for colour images, and these are gray"):
        method.check(1, [50])


def test_published_weights(reference_data):
    folder = reference_data / "jiang2017"
    x = read_image(folder / "classic5" / "lena.bmp", 1, 10**6)
    point = measure(method_by_name(str(folder)), x, 50, ("psnr", "ms-ssim"))
    assert point.bpp == pytest.approx(0.237, abs=6e-4)
    assert point.scores["psnr"] == pytest.approx(33.11, abs=0.01)
    assert point.scores["ms-ssim"] == pytest.approx(0.9802, abs=1e-4)
    assert point.plain.scale == 2 and point.plain.scores["ssimulacra2"] < 100
