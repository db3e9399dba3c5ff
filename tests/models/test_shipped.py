"""The models that the package ships do what they are for."""

import numpy as np
import pytest

from jaxshrink.codecs import CODECS, decode_jpeg, largest_quality_within
from jaxshrink.compression.model import Model
from jaxshrink.compression.ways import Way
from jaxshrink.data import read_image
from jaxshrink.data.packaged import packaged_photographs
from jaxshrink.evaluation.metrics import image_scores
from jaxshrink.shipped.index import DEFAULT_MODEL, FOLDER, shipped_names

_JPEG = CODECS["jpeg-optimized"]


def test_what_is_shipped_is_small():
    assert shipped_names() == ["photo", "photo2", "photo3"]
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 9_000_000


@pytest.fixture(scope="module")
def model():
    return Model.load(DEFAULT_MODEL)


@pytest.mark.parametrize("name", ["chelsea.png", "coffee.png"])
@pytest.mark.parametrize(("quality", "gain"), [(10, 0.03), (50, 0.001)])
def test_it_is_better_than_jpeg_at_no_more_bytes(model, name, quality, gain):
    x = read_image(packaged_photographs(name)[0], 3, 10**7)[20:260, 80:400]
    compressed = model.cheapest(x, quality)
    plain_quality = largest_quality_within(_JPEG, x, len(compressed.data)) or 1
    plain = decode_jpeg(_JPEG.encode(x, plain_quality), 3)
    scores = image_scores(np.stack([x, x]), np.stack([compressed.x_hat, plain]))
    assert scores["ms-ssim"][0] > scores["ms-ssim"][1] + gain
    assert scores["psnr"][0] > scores["psnr"][1]


def test_refinement_is_kept_where_the_real_file_costs_less(model):
    x = read_image(packaged_photographs("coffee.png")[0], 3, 10**7)[100:228, 200:328]
    plain = model.cheapest(x, 45, ways=[Way(2)])
    refined = model.cheapest(x, 45, ways=[Way(2), Way(2, num_refinements=20)])
    assert refined.cost < plain.cost
    # Nothing to gain: no step is kept.
    flat = np.full((32, 32, 3), 128, np.uint8)
    kept = model.cheapest(flat, 45, ways=[Way(2), Way(2, num_refinements=2)])
    assert kept.data == model.cheapest(flat, 45, ways=[Way(2)]).data
