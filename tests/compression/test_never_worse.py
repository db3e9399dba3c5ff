"""No JPEG of no more bytes is better, whatever the picture."""

import numpy as np
import pytest

from benchmarks import never_worse
from benchmarks.never_worse import Judged
from benchmarks.odd_pictures import odd_pictures
from jaxshrink.codecs import CODECS, SMALLEST_JPEG, with_channels
from jaxshrink.compression.candidates import Files
from jaxshrink.compression.closeness import rule_for
from jaxshrink.compression.model import Model
from jaxshrink.compression.never_worse import not_worse
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.targets import Options, Target
from jaxshrink.compression.ways import PLAIN_JPEG, Way
from jaxshrink.inference.tiled_metrics import Reference

PICTURES = odd_pictures()


@pytest.fixture(scope="module")
def model(small_weights):
    return Model(small_weights)


def better_jpegs(model, x, data, rule):
    """Qualities of all JPEGs, sequential or progressive, that break the promise."""
    reference = Reference(x)
    ours = Judged(data, reference, with_channels(model.reconstruct(data), x.shape[2]))
    found = []
    for quality in range(1, 101):
        jpeg = SMALLEST_JPEG.encode(x, quality)
        x_hat = SMALLEST_JPEG.decode(jpeg, x.shape[2])
        if len(jpeg) <= len(data) and rule.is_better(Judged(jpeg, reference, x_hat), ours):
            found.append(quality)
    return found


@pytest.mark.parametrize("name", [name for name, x in PICTURES.items() if min(x.shape[:2]) <= 60])
def test_small_pictures_that_are_no_photographs(name, model):
    x = PICTURES[name]
    rule = rule_for(x, by_psnr=False)
    for target in (Target(jpeg_quality=30), Target(jpeg_quality=75)):
        data = search(model, x, target, Options(model.ways())).data
        assert better_jpegs(model, x, data, rule) == []


@pytest.mark.parametrize(
    "name", ["flat", "columns of 1", "checkerboard of 3", "weak noise", "text"]
)
def test_pictures_that_are_long_enough_for_the_eye(name, model):
    x = PICTURES[f"{name} 171x161"]
    data = search(model, x, Target(jpeg_quality=75), Options(model.ways())).data
    assert better_jpegs(model, x, data, rule_for(x, by_psnr=False)) == []


def test_of_a_photograph_few_jpegs_are_made(model, photograph):
    x = photograph[:200, :216]
    files = Files(model, x)
    file = files.get(Way(1), 300)
    not_worse(file, PLAIN_JPEG, rule_for(x, by_psnr=False), 40)
    assert len(files.used_steps(PLAIN_JPEG)) <= 18
    assert {20, 50, 80} <= set(files.used_steps(PLAIN_JPEG))


def test_the_command_counts_violations(model, monkeypatch, capsys):
    few = {name: PICTURES[name] for name in ("flat 16x9", "noise 8x8")}
    monkeypatch.setattr(never_worse, "odd_pictures", lambda: few)
    options = Options(model.ways())
    assert never_worse._check_odd(model, options) == 0
    assert "0 violations on 2 pictures" in capsys.readouterr().out

    def careless(model, x, target, options):
        return search(model, x, Target(jpeg_quality=5), Options((PLAIN_JPEG,)))

    monkeypatch.setattr(never_worse, "search", careless)
    assert never_worse._check_odd(model, options) > 0


def test_a_plain_jpeg_is_no_larger_than_either_kind(photograph):
    for x in (photograph[:40, :50], photograph):
        progressive = CODECS["jpeg-optimized"].encode(x, 60)
        smallest = SMALLEST_JPEG.encode(x, 60)
        assert len(smallest) <= len(progressive)
        np.testing.assert_array_equal(
            SMALLEST_JPEG.decode(smallest, 3), SMALLEST_JPEG.decode(progressive, 3)
        )
    assert len(SMALLEST_JPEG.encode(photograph[:40, :50], 60)) < len(
        CODECS["jpeg-optimized"].encode(photograph[:40, :50], 60)
    )


def test_a_target_that_only_an_unexpected_quality_meets_is_met(model):
    # Black and white squares on the codec's grid come back as they were at a few low qualities.
    x = PICTURES["checkerboard of 8 71x60"]
    found = search(model, x, Target(psnr=90.0), Options((PLAIN_JPEG,)))
    assert found.similarity.psnr >= 90.0
