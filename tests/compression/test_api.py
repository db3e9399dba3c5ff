"""The Python interface: its examples, and what it refuses."""

import doctest
import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from jaxshrink import Model, __version__
from jaxshrink.compression import api
from jaxshrink.errors import CheckpointError, ConfigError, DataError
from jaxshrink.shipped import index


def test_the_examples_are_right(model_file):
    done = doctest.testmod(
        api,
        extraglobs={"model_file": str(model_file)},
        optionflags=doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL,
    )
    assert done.attempted > 10 and done.failed == 0


def test_two_functions_with_the_shipped_model(model_file, monkeypatch, photograph, tmp_path):
    (tmp_path / f"{api.DEFAULT_MODEL}.safetensors").write_bytes(model_file.read_bytes())
    (tmp_path / "small.safetensors").write_bytes(model_file.read_bytes())
    monkeypatch.setattr(index, "FOLDER", tmp_path)
    x = photograph[:170, :163]
    small = api.compress(x, quality=10)
    assert api.expand(small.data).shape == x.shape
    forced = Model.load().compress(x, scale="half", quality=5)
    assert api.expand(forced.data).shape == x.shape
    monkeypatch.setattr(index, "FOLDER", tmp_path / "none")
    with pytest.raises(CheckpointError, match="made by the model small"):
        api.expand(forced.data)


def test_bad_arguments_are_one_line(model_file, photograph):
    model = Model.load(str(model_file))
    with pytest.raises(ConfigError, match="one target"):
        model.compress(photograph, quality=10, target_size=1000)
    for wrong in (photograph.astype(float), photograph[0, :, 0], photograph[:, :, :2]):
        with pytest.raises(DataError, match="expected uint8"):
            model.compress(wrong)
    with pytest.raises(DataError, match="webp holds sides of at most 16383"):
        model.compress(np.zeros((1, 16384, 3), np.uint8), codec="webp")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": 2}, "no scale 2: use half, full, plain"),
        ({"codec": "gif"}, "no codec 'gif': use jpeg, webp, avif"),
        ({"codec": 3}, "no codec 3"),
        ({"quality": 75.5}, "quality: expected a whole number, 1 to 100, got 75.5"),
        ({"quality": 0}, "quality: expected"),
        ({"quality": True}, "quality: expected"),
        ({"target_size": "20k"}, "target_size: expected a whole number, 1 or more"),
        ({"target_bpp": -1}, "target_bpp: expected a number above 0"),
        ({"target_psnr": "high"}, "target_psnr: expected"),
        ({"effort": 4}, "effort: expected a whole number, 1 to 3"),
        ({"resize": "huge"}, "expected WxH, W or N%"),
        ({"resize": (800, 600)}, "resize: expected 'WxH'"),
        ({"background": "darkish"}, "no such colour"),
    ],
)
def test_a_wrong_option_is_an_error_of_its_own(options, message, model_file, photograph):
    with pytest.raises(ConfigError, match=message):
        Model.load(model_file).compress(photograph[:20, :20], **options)


@pytest.mark.parametrize(
    "wrong",
    [5, None, [1, 2], np.zeros((0, 4, 3), np.uint8), "no such file.jpg", b"", "nul\0name"],
    ids=repr,
)
def test_what_is_no_photograph_is_an_error_of_its_own(wrong, model_file):
    model = Model.load(model_file)
    with pytest.raises(DataError):
        model.compress(wrong)
    if not isinstance(wrong, np.ndarray):
        with pytest.raises(DataError):
            model.expand(wrong)
        with pytest.raises(DataError):
            api.expand(wrong)


def test_a_path_bytes_an_array_and_a_pil_image_are_one_photograph(model_file, photograph, tmp_path):
    x = photograph[:40, :50]
    path = tmp_path / "x.png"
    Image.fromarray(x).save(path)
    model = Model.load(model_file)
    given = [path, str(path), path.read_bytes(), bytearray(path.read_bytes()), x]
    given += [Image.fromarray(x), Image.open(path)]
    files = [model.compress(one, quality=30, scale="half").data for one in given]
    assert all(file == files[0] for file in files)
    small = tmp_path / "small.jpg"
    small.write_bytes(files[0])
    for file in (small, str(small), files[0], memoryview(files[0])):
        assert model.expand(file).shape == x.shape


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_pil_images_of_many_modes_become_what_their_files_become(mode, model_file, photograph):
    source = Image.fromarray(photograph[:40, :50])
    image = source.convert("L").convert(mode) if mode == "I;16" else source.convert(mode)
    small = Model.load(model_file).compress(image, quality=30)
    assert small.size == (40, 50)
    gray = mode in ("1", "L", "LA", "I;16")
    assert api.expand(small.data, model=model_file).shape[2] == (1 if gray else 3)


def test_a_pil_image_keeps_its_metadata(model_file, photograph):
    image = Image.fromarray(photograph[:40, :50])
    exif = image.getexif()
    exif[0x010F] = "A camera"
    small = Model.load(model_file).compress(image, quality=30)
    with Image.open(io.BytesIO(small.data)) as stored:
        assert stored.getexif()[0x010F] == "A camera"


def test_arrays_may_be_gray_or_have_transparency(model_file, photograph):
    model = Model.load(model_file)
    assert model.expand(model.compress(photograph[:30, :40, 1]).data).shape == (30, 40, 1)
    layer = np.dstack([photograph[:30, :40], np.zeros((30, 40), np.uint8)])
    small = model.compress(layer, background="black")
    assert model.expand(small.data).max() < 9
    assert "transparent pixels laid over black" in small.notes[0]


def test_python_m_jaxshrink_is_the_command():
    run = subprocess.run(
        [sys.executable, "-m", "jaxshrink", "--version"], capture_output=True, check=True
    )
    assert run.stdout.decode().strip() == __version__


def test_the_default_model_has_one_name():
    assert api.DEFAULT_MODEL == index.DEFAULT_MODEL
