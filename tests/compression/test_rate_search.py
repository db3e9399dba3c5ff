"""Targets are met, and never by a file worse than optimized JPEG."""

import dataclasses

import pytest

from jaxshrink.codecs import SMALLEST_JPEG as JPEG
from jaxshrink.codecs import with_channels
from jaxshrink.compression.candidates import Files
from jaxshrink.compression.model import Model
from jaxshrink.compression.rate_search import search
from jaxshrink.compression.sample import mosaic
from jaxshrink.compression.targets import Options, Target
from jaxshrink.compression.ways import Way
from jaxshrink.errors import TargetError
from jaxshrink.files import markers
from jaxshrink.inference.tiled_metrics import similarity
from jaxshrink.ops.metrics import MS_SSIM_WEIGHTS


@pytest.fixture(scope="module")
def model(small_weights):
    return Model(small_weights)


@pytest.fixture(scope="module")
def x(photograph):
    return photograph[80:280, 120:336]


def find(model, x, target, scale=None, codec="jpeg", **options):
    ways = model.ways(codec) if scale is None else (Way(scale, codec),)
    options = Options(ways, **options)
    found = search(model, x, target, options)
    measured = similarity(x, with_channels(model.reconstruct(found.data), x.shape[2]))
    if measured.ms_ssim is None:
        measured = dataclasses.replace(measured, ssimulacra2=None)
    assert measured == found.similarity
    marker = markers.find(found.data)
    assert (None if marker is None else marker.scale) == found.way.scale
    return found


def better_jpegs(x, found):
    """Qualities of JPEGs of no more bytes that are as close by both metrics, and closer by one."""
    ours, better = found.similarity, []
    for quality in range(1, 101):
        file = JPEG.encode(x, quality)
        if len(found.data) / 2 < len(file) <= len(found.data):
            jpeg = similarity(x, JPEG.decode(file, 3))
            pairs = ((jpeg.ms_ssim, ours.ms_ssim), (jpeg.ssimulacra2, ours.ssimulacra2))
            if all(a >= b for a, b in pairs) and any(a > b for a, b in pairs):
                better.append(quality)
    return better


@pytest.mark.parametrize("size", [2000, 5000, 12000])
def test_a_size_is_never_exceeded_and_nearly_used(size, model, x):
    found = find(model, x, Target(size=size))
    assert len(found.data) <= size
    assert better_jpegs(x, found) == []


@pytest.mark.parametrize("scale", [1, 2])
def test_learned_tables_use_97_percent_of_a_size(scale, model, x):
    found = find(model, x, Target(size=5000), scale=scale, never_worse=False)
    assert found.way.scale == scale
    assert 0.97 * 5000 <= len(found.data) <= 5000
    assert found.num_encodes <= 9


def test_bits_per_pixel_and_metadata_count(model, x):
    bpp = 0.8
    found = find(model, x, Target(bpp=bpp), extra_bytes=500)
    assert 8 * (len(found.data) + 500) <= bpp * x.shape[0] * x.shape[1]


@pytest.mark.parametrize("quality", [10, 50, 90])
def test_a_quality_is_reached_in_no_more_bytes(quality, model, x):
    jpeg = JPEG.encode(x, quality)
    found = find(model, x, Target(jpeg_quality=quality))
    assert len(found.data) <= len(jpeg)
    floor = similarity(x, JPEG.decode(jpeg, 3))
    assert found.similarity.ms_ssim >= floor.ms_ssim
    assert found.similarity.ssimulacra2 >= floor.ssimulacra2
    assert better_jpegs(x, found) == []


@pytest.mark.parametrize("scale", [None, 1, 2])
def test_floors_are_reached(scale, model, x):
    assert find(model, x, Target(ms_ssim=0.9), scale).similarity.ms_ssim >= 0.9
    assert find(model, x, Target(psnr=25.0), scale).similarity.psnr >= 25.0
    assert find(model, x, Target(ssimulacra2=20), scale).similarity.ssimulacra2 >= 20


def test_what_cannot_be_met_is_told(model, x):
    with pytest.raises(TargetError, match="at most 100 bytes; the smallest has"):
        find(model, x, Target(size=100))
    with pytest.raises(TargetError, match=r"reaches an MS-SSIM of 0\.99999; the closest has"):
        find(model, x, Target(ms_ssim=0.99999))
    with pytest.raises(TargetError, match="name a --target-psnr"):
        find(model, x[:100], Target(ms_ssim=0.9))
    with pytest.raises(TargetError, match="SSIMULACRA2 needs sides of at least 161"):
        find(model, x[:100], Target(ssimulacra2=60))


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (37, 50), (161, 20)])
def test_small_and_gray_photographs(size, model, gray_photograph):
    x = gray_photograph[: size[0], : size[1]]
    found = find(model, x, Target(jpeg_quality=60))
    plain = JPEG.encode(x, 60)
    assert len(found.data) <= len(plain)
    assert found.similarity.psnr >= similarity(x, JPEG.decode(plain, 1)).psnr
    forced = find(model, x, Target(jpeg_quality=5), scale=2, never_worse=False)
    assert model.reconstruct(forced.data).shape == x.shape


def test_large_photographs_are_searched_on_a_sample_first(model, photograph, monkeypatch):
    monkeypatch.setattr("jaxshrink.compression.rate_search._LARGE", 100_000)
    monkeypatch.setattr("jaxshrink.compression.sample._BLOCK", 128)
    found = find(model, photograph, Target(size=20000))
    assert len(found.data) <= 20000
    assert better_jpegs(photograph, found) == []


@pytest.mark.parametrize("size", [(512, 512), (501, 340), (99, 500)])
def test_ms_ssim_halves_the_sample_as_it_does_the_photograph(size, photograph):
    x = photograph[: size[0], : size[1]]
    for side, of_sample in zip(size, mosaic(x).shape[:2], strict=True):
        assert (side - of_sample) % 2 ** (len(MS_SSIM_WEIGHTS) - 1) == 0


def test_about_the_closest_file_where_none_is_close_enough(model, x):
    with pytest.raises(TargetError, match="no file reaches"):
        find(model, x, Target(jpeg_quality=90), scale=2, never_worse=False)
    found = find(model, x, Target(jpeg_quality=90), scale=2, take_closest=True)
    assert found.missed and found.way.scale == 2
    largest = Files(model, x).get(Way(2), 800)
    assert len(found.data) <= len(largest)
    assert found.similarity.psnr > largest.similarity().psnr - 1


def test_what_is_found_does_not_depend_on_what_is_known(model, x):
    options = Options(model.ways())
    alone = search(model, x, Target(jpeg_quality=60), options)
    files = Files(model, x)
    for quality in (40, 60):
        search(model, x, Target(jpeg_quality=quality), options, files)
    after = search(model, x, Target(jpeg_quality=60), options, files)
    assert (after.data, after.num_encodes) == (alone.data, alone.num_encodes)
    assert after.seconds > 0.0


@pytest.mark.parametrize("side", [120, 170])
def test_grayscale_in_webp_is_measured_as_gray_and_stays_gray(side, model, gray_photograph):
    x = gray_photograph[:side, :200]
    found = find(model, x, Target(jpeg_quality=60), codec="webp")
    assert markers.kind(found.data) == "WEBP"
    forced = find(model, x, Target(jpeg_quality=5), scale=2, codec="webp", never_worse=False)
    assert model.reconstruct(forced.data).shape == x.shape


@pytest.mark.parametrize("codec", ["webp", "avif"])
def test_other_codecs(codec, model, x):
    found = find(model, x, Target(size=4000), codec=codec)
    assert markers.kind(found.data) == codec.upper()
    assert len(found.data) <= 4000
    forced = find(model, x, Target(size=4000), scale=2, codec=codec, never_worse=False)
    assert forced.way.scale == 2 and markers.find(forced.data).quality == forced.quality


def test_the_highest_effort_refines_and_is_no_worse(model, x):
    x = x[:170, :170]
    quick, slow = (
        find(model, x, Target(size=3000), scale=2, effort=e, never_worse=False) for e in (2, 3)
    )
    assert len(slow.data) <= 3000
    assert slow.way.scale == 2
    assert slow.similarity.ms_ssim >= quick.similarity.ms_ssim
    small = find(model, x, Target(ms_ssim=0.95), scale=2, effort=3)
    assert small.similarity.ms_ssim >= 0.95
