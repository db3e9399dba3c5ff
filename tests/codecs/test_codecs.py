import io

import numpy as np
import pytest
from PIL import Image

from jaxshrink.codecs import (
    CODECS,
    codec_by_name,
    encode_batch,
    largest_quality_within,
    round_trip_batch,
)
from jaxshrink.errors import ConfigError


@pytest.mark.parametrize("name", sorted(CODECS))
@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 1, 1), (17, 30, 3), (33, 5, 1)])
def test_every_codec_keeps_shape_and_looks(name, shape, photograph):
    image = np.ascontiguousarray(photograph[100 : 100 + shape[0], 200 : 200 + shape[1]])
    image = image[:, :, : shape[2]]
    codec = codec_by_name(name)
    decoded = codec.decode(codec.encode(image, 95), shape[2])
    assert decoded.shape == shape
    assert decoded.dtype == np.uint8
    # JPEG 2000 is told a size, and headers take most of a tiny file.
    assert np.abs(decoded.astype(int) - image).mean() < (24 if name == "jpeg2000" else 12)


@pytest.mark.parametrize("name", sorted(CODECS))
def test_quality_trades_bytes_for_distortion(name, photograph):
    codec = codec_by_name(name)
    image = photograph[:128, :128]
    files = [codec.encode(image, quality) for quality in (10, 50, 90)]
    errors = [np.square(codec.decode(f, 3).astype(float) - image).mean() for f in files]
    assert sorted(map(len, files)) == list(map(len, files))
    assert sorted(errors, reverse=True) == errors


def test_optimizing_a_jpeg_changes_its_bytes_but_not_its_pixels(photograph):
    plain, optimized = codec_by_name("jpeg"), codec_by_name("jpeg-optimized")
    files = plain.encode(photograph, 50), optimized.encode(photograph, 50)
    assert len(files[1]) < len(files[0])
    np.testing.assert_array_equal(plain.decode(files[0], 3), optimized.decode(files[1], 3))
    with Image.open(io.BytesIO(files[1])) as image:
        assert image.format == "JPEG"
        assert image.info["progressive"]


def test_a_batch_is_what_its_images_are_one_by_one(photograph, pool):
    batch = np.stack([photograph[k : k + 32, :48] for k in (0, 100, 200)])
    codec = codec_by_name("jpeg")
    files = [codec.encode(image, 50) for image in batch]
    assert encode_batch(batch, codec, 50, pool) == files
    decoded = [codec.decode(file, 3) for file in files]
    np.testing.assert_array_equal(round_trip_batch(batch, codec, 50, pool), decoded)


@pytest.mark.parametrize("name", ["jpeg", "jpeg-optimized"])
def test_the_largest_quality_within_a_budget_is_found(name, photograph):
    codec = codec_by_name(name)
    image = photograph[100:164, 100:164]
    sizes = {quality: len(codec.encode(image, quality)) for quality in range(1, 101)}
    for budget in (*range(min(sizes.values()), max(sizes.values()), 97), 10**6):
        expected = max(quality for quality, size in sizes.items() if size <= budget)
        assert largest_quality_within(codec, image, budget) == expected
    assert largest_quality_within(codec, image, min(sizes.values()) - 1) is None


def test_what_is_no_image_or_quality_is_refused(photograph):
    codec = codec_by_name("jpeg")
    with pytest.raises(ValueError, match="expected uint8"):
        codec.encode(photograph / 255, 50)
    with pytest.raises(ValueError, match="expected uint8"):
        codec.encode(photograph[:, :, :2], 50)
    with pytest.raises(ValueError, match="from 1 to 100"):
        codec.encode(photograph, 0)


def test_an_unknown_codec_is_an_error_that_lists_the_known():
    with pytest.raises(ConfigError, match="jpeg, jpeg-optimized"):
        codec_by_name("jpg")
