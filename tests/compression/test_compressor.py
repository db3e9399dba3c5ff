import io
import shutil
import subprocess

import jax
import numpy as np
import pytest
from PIL import Image

from jaxshrink.codecs import decode_jpeg
from jaxshrink.compression.model import Model
from jaxshrink.compression.ways import PLAIN_JPEG, Way
from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.files import markers
from jaxshrink.models.weights import load_weights, save_weights
from tests.untrained import untrained_weights


@pytest.fixture(scope="module")
def model():
    return Model(untrained_weights(noise=0.0))


@pytest.mark.parametrize("scale", [2, 1])
@pytest.mark.parametrize("size", [(64, 80), (33, 47), (1, 1), (5, 200)])
def test_a_file_expands_to_what_compress_promised(model, photograph, size, scale):
    x = photograph[100 : 100 + size[0], 50 : 50 + size[1]]
    compressed = model.cheapest(x, 50, ways=[Way(scale)])
    x_hat = model.reconstruct(compressed.data)
    assert (x_hat.shape, x_hat.dtype) == (x.shape, np.uint8)
    np.testing.assert_array_equal(x_hat, compressed.x_hat)
    marker = markers.find(compressed.data)
    assert (marker.size, marker.scale, marker.model) == (size, scale, "small")
    with Image.open(io.BytesIO(compressed.data)) as image:
        assert image.size[::-1] == marker.compact_size
        image.load()


def test_quality_trades_bytes_for_distortion(model, photograph):
    x = photograph[100:196, 100:196]
    for scale in (2, 1):
        files = [model.cheapest(x, quality, ways=[Way(scale)]) for quality in (10, 50, 90)]
        sizes = [len(file.data) for file in files]
        errors = [np.square(file.x_hat.astype(float) - x).mean() for file in files]
        assert sizes == sorted(sizes)
        assert errors == sorted(errors, reverse=True)


def test_the_scale_that_costs_least_is_chosen(model, photograph):
    x = photograph[100:196, 100:196]
    for quality in (1, 100):
        best = model.cheapest(x, quality)
        tried = [model.cheapest(x, quality, ways=[way]) for way in model.ways()]
        assert best.cost == min(file.cost for file in tried)
        assert best.way == min(tried, key=lambda file: file.cost).way
    assert model.cheapest(x, 1).way == Way(2)
    assert model.cheapest(x, 100).way != Way(2)


def test_a_plain_jpeg_has_no_marker_and_expands_to_its_pixels(model, photograph):
    x = photograph[:40, :40]
    compressed = model.cheapest(x, 30, ways=[PLAIN_JPEG])
    assert markers.find(compressed.data) is None
    np.testing.assert_array_equal(model.reconstruct(compressed.data), compressed.x_hat)


@pytest.mark.parametrize("scale", [2, 1])
def test_djpeg_decodes_the_same_pixels(model, photograph, scale):
    djpeg = shutil.which("djpeg")
    if djpeg is None:
        pytest.skip("needs djpeg")
    data = model.cheapest(photograph[60:156, 120:216], 40, ways=[Way(scale)]).data
    run = subprocess.run([djpeg, "-pnm"], input=data, capture_output=True, check=True)
    decoded = np.asarray(Image.open(io.BytesIO(run.stdout)))
    # Programs link different versions of libjpeg.
    assert np.abs(decoded.astype(int) - decode_jpeg(data, 3)).max() <= 4


def test_a_browser_shows_the_compact_image(model, photograph, browser, tmp_path):
    file = tmp_path / "photograph.jpg"
    file.write_bytes(model.cheapest(photograph[60:156, 120:217], 40, ways=[Way(2)]).data)
    browser.get(file.as_uri())
    size = "return [document.images[0].naturalHeight, document.images[0].naturalWidth]"
    assert browser.execute_script(size) == [48, 49]


def test_another_models_file_is_refused(model, photograph):
    data = Model(untrained_weights()).cheapest(photograph[:32, :32], 50, ways=[Way(2)]).data
    with pytest.raises(CheckpointError, match="made by the model small"):
        model.reconstruct(data)


def test_a_size_that_does_not_fit_the_file_is_refused(model, photograph):
    data = model.cheapest(photograph[:32, :32], 50, ways=[Way(2)]).data
    marker = markers.find(data)
    lie = markers.Marker((900, 32), marker.scale, marker.model, marker.model_hash)
    lying = data.replace(marker.to_bytes(), lie.to_bytes())
    size = len(lie.to_bytes()) - len(marker.to_bytes())
    start = lying.index(lie.to_bytes()) - 2
    length = int.from_bytes(lying[start : start + 2], "big") + size
    lying = lying[:start] + length.to_bytes(2, "big") + lying[start + 2 :]
    with pytest.raises(DataError, match="size of 32x900"):
        model.reconstruct(lying)


def test_weights_come_back_from_their_file(tmp_path):
    weights = untrained_weights()
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(save_weights(weights))
    loaded = load_weights(str(path))
    assert loaded.digest == weights.digest
    assert (loaded.name, loaded.description) == ("small", {"data": "nothing"})
    jax.tree.map(np.testing.assert_array_equal, loaded.variables, dict(weights.variables))


def test_damaged_weights_are_refused(tmp_path):
    data = bytearray(save_weights(untrained_weights()))
    data[-5] ^= 0x40
    path = tmp_path / "tiny.safetensors"
    path.write_bytes(bytes(data))
    with pytest.raises(CheckpointError, match="damaged"):
        load_weights(str(path))
    path.write_bytes(bytes(data[:100]))
    with pytest.raises(CheckpointError, match="no weights"):
        load_weights(str(path))
    with pytest.raises(CheckpointError, match="no model 'nothing'"):
        load_weights("nothing")
