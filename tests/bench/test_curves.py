"""Curves: means, CompressAI's JSON, and back."""

import json
import math

import pytest

from jaxshrink.bench.curves import curve_of, curve_to_json, read_curve
from jaxshrink.bench.methods.codec import CodecMethod
from jaxshrink.bench.points import Point
from jaxshrink.codecs import CODECS
from jaxshrink.errors import DataError

METHOD = CodecMethod(CODECS["webp"])


def point(bpp: float, psnr: float, ms_ssim: float | None = 0.9) -> Point:
    return Point(1, 1000, bpp, 0.5, 0.25, {"psnr": psnr, "ms-ssim": ms_ssim})


def test_a_curve_is_the_mean_of_each_images_own_values():
    points = {
        60: {"a": point(1.0, 30.0), "b": point(3.0, 40.0)},
        10: {"a": point(0.5, 20.0, None), "b": point(0.7, 22.0)},
    }
    curve = curve_of(METHOD, points, num_images=2)
    assert curve.bpp == (0.6, 2.0)
    assert curve.values["quality"] == (10, 60)
    assert curve.values["psnr"] == (21.0, 35.0)
    assert curve.values["ms-ssim"] == (None, 0.9)
    assert curve.axis("ms-ssim") is None
    assert curve.axis("psnr") == ([0.6, 2.0], [21.0, 35.0])


def test_a_quality_that_lacks_an_image_is_no_part_of_the_curve():
    points = {10: {"a": point(1.0, 30.0)}, 20: {"a": point(1.0, 30.0), "b": point(2.0, 31.0)}}
    assert curve_of(METHOD, points, num_images=2).bpp == (1.5,)
    assert curve_of(METHOD, {10: points[10]}, num_images=2) is None


@pytest.mark.parametrize(("channels", "suffix"), [(3, "rgb"), (1, "y")])
def test_what_is_written_is_read_back(channels, suffix, tmp_path):
    points = {q: {"a": point(q / 10, 30.0 + q)} for q in (1, 2, 3)}
    curve = curve_of(METHOD, points, num_images=1)
    content = curve_to_json(curve, channels)
    assert list(content) == ["name", "description", "results"]
    assert content["results"][f"psnr-{suffix}"] == [31.0, 32.0, 33.0]
    assert {"bpp", f"ms-ssim-{suffix}", "encoding_time", "decoding_time"} <= set(content["results"])
    (tmp_path / "curve.json").write_text(json.dumps(content))
    again = read_curve(tmp_path / "curve.json")
    assert again.published
    assert (again.name, again.bpp, dict(again.values)) == (curve.name, curve.bpp, curve.values)


def test_a_published_curve_may_be_unsorted_and_lack_metrics(tmp_path):
    results = {"bpp": [0.4, 0.1], "psnr": [33.0, 28.0], "ms-ssim": [0.99, 0.9], "note": "x"}
    path = tmp_path / "factorized.json"
    path.write_text(json.dumps({"name": "bmshj2018", "results": results}))
    curve = read_curve(path)
    assert curve.axis("psnr") == ([0.1, 0.4], [28.0, 33.0])
    assert curve.axis("ms-ssim")[1] == pytest.approx([10.0, 20.0])
    assert curve.axis("ssim") is None


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"results": {"bpp": 3}}', '{"results": {"bpp": [1], "vmaf": [90]}}']
)
def test_another_file_is_refused(text, tmp_path):
    path = tmp_path / "curve.json"
    path.write_text(text)
    with pytest.raises(DataError, match=r"curve\.json"):
        read_curve(path)


def test_a_lossless_point_is_infinite_in_decibels():
    points = {1: {"a": point(8.0, math.inf, 1.0)}}
    curve = curve_of(METHOD, points, num_images=1)
    assert curve.axis("ms-ssim") == ([8.0], [math.inf])
