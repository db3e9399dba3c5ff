"""What `benchmarks.promise` and `benchmarks.judges` make of what they measured."""

import dataclasses

import numpy as np
import pytest

from benchmarks.judges import _compare, _text
from benchmarks.promise import Row, _fewest_bytes, _summary
from jaxshrink.bench.curves import Curve
from jaxshrink.bench.plain_view import PlainView
from jaxshrink.codecs import CODECS
from jaxshrink.inference.tiled_metrics import Reference, Similarity

VIEW = {"ssimulacra2": 60.0, "ms-ssim": 0.98}
ROW = Row(
    photograph="a.png",
    quality=75,
    scale=1,
    num_bytes=60,
    jpeg_bytes=80,
    ours=Similarity(33.0, 0.990, 71.0),
    jpeg=Similarity(34.0, 0.989, 70.0),
    package=(70.9, 71.1),
    other_bytes={"avif": 40, "webp": None},
    plain=PlainView(2, VIEW, None, None, 1.25),
)


@pytest.mark.parametrize(
    ("ours", "is_violation"),
    [
        (Similarity(33.0, 0.989, 70.0), False),
        (Similarity(40.0, 0.9889, 75.0), True),
        (Similarity(40.0, 0.999, 69.99), True),
    ],
)
def test_both_metrics_must_be_reached(ours, is_violation):
    assert dataclasses.replace(ROW, ours=ours).is_violation == is_violation


def test_a_small_photograph_is_judged_by_psnr_alone():
    small = dataclasses.replace(ROW, jpeg=Similarity(34.0, None, 70.0))
    assert dataclasses.replace(small, ours=Similarity(33.9, None, 90.0)).is_violation
    assert not dataclasses.replace(small, ours=Similarity(34.0, None, 10.0)).is_violation


def test_the_package_may_be_a_little_below():
    assert not ROW.is_violation_by_package
    assert dataclasses.replace(ROW, package=(70.7, 71.1)).is_violation_by_package
    assert not dataclasses.replace(ROW, package=None).is_violation_by_package


def test_the_summary_has_means_and_the_worst():
    other = dataclasses.replace(ROW, num_bytes=40, ours=Similarity(33.0, 0.99, 69.0))
    text = "\n".join(_summary(75, [ROW, other]))
    assert "mean 0.6250, most 0.750" in text
    assert "avif, same SSIMULACRA2: mean 0.5000 of 2" in text
    assert "webp, same SSIMULACRA2: mean nan of 0" in text
    assert "violations: 1; least lead: SSIMULACRA2 -1.000, MS-SSIM +0.001000" in text
    assert "half size (2): ssimulacra2 60.00, JPEG nan" in text
    assert "at most 1.25 levels" in text


def test_the_fewest_bytes_just_reach_the_score(photograph):
    x, codec = photograph[200:296, 200:296], CODECS["webp"]
    reference = Reference(x)
    found = _fewest_bytes(codec, x, reference, 40.0)
    sizes = {len(codec.encode(x, quality)): quality for quality in range(101)}
    quality = sizes[found]
    scores = [
        reference.ssimulacra2(codec.decode(codec.encode(x, q), 3)) for q in (quality - 1, quality)
    ]
    assert scores[0] < 40.0 <= scores[1]
    assert _fewest_bytes(codec, x, reference, 100.0) is None


def test_judges_are_compared_at_the_anchors_qualities():
    qualities = (20, 50, 75)
    scores = np.array([40.0, 60.0, 72.0])
    values = {"quality": qualities, "SSIMULACRA2": tuple(scores), "other": tuple(scores)}
    anchor = Curve("jpeg-optimized", "", (0.4, 0.8, 1.2), values)
    theirs = {**values, "other": tuple(scores - 5.0)}
    ours = Curve("ours", "", (0.36, 0.72, 1.08), theirs)
    tables = _compare([anchor, ours], ["SSIMULACRA2", "other"], (0.1, 2.0))
    assert tables["bd_rate"]["ours"]["SSIMULACRA2"] == pytest.approx(-10.0)
    at_fifty = tables["at_jpeg_quality"]["ours"]["50"]
    assert at_fifty["SSIMULACRA2"] == pytest.approx(-10.0) and at_fifty["other"] > 0.0
    assert _text(at_fifty["other"], at_fifty["SSIMULACRA2"]).endswith("!")
    assert tables["at_jpeg_quality"]["ours"]["75"]["other"] is None
