"""Files that released models made expand as they did: the promise of docs/compatibility.md."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import jaxshrink
from jaxshrink.files.markers import VERSION, find
from jaxshrink.shipped.index import shipped_models
from tests.golden_files.make import FOLDER, golden_path

FILES = sorted(path for path in FOLDER.iterdir() if path.suffix in (".jpeg", ".webp"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_golden_file_expands_to_its_pixels_within_one_level(path: Path) -> None:
    with Image.open(f"{path}.png") as image:
        then = np.asarray(image, np.int16)
    now = jaxshrink.expand(path.read_bytes()).astype(np.int16)
    assert now.shape == then.shape
    difference = np.abs(now - then)
    assert difference.max() <= 1
    assert np.mean(difference > 0) < 0.01


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_golden_file_names_its_model(path: Path) -> None:
    marker = find(path.read_bytes())
    assert marker is not None
    model = next(shipped for shipped in shipped_models() if shipped.name == marker.model)
    assert model.digest.startswith(marker.model_hash.hex())
    assert path == golden_path(model, marker.scale, path.suffix[1:])


def test_each_shipped_model_has_golden_files_of_each_scale_and_codec() -> None:
    wanted = {
        golden_path(shipped, scale, codec)
        for shipped in shipped_models()
        for scale in shipped.scales
        for codec in ("jpeg", "webp")
    }
    assert wanted <= set(FILES)


def test_no_model_that_made_a_golden_file_was_removed() -> None:
    made_by = {path.name.rsplit(f"-v{VERSION}-", 1)[0] for path in FILES}
    assert made_by <= {shipped.name for shipped in shipped_models()}
