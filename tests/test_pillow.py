"""With the plugin, Pillow opens the photograph behind a compact file."""

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageCms

from jaxshrink.compression.model import Model
from jaxshrink.files import markers


@pytest.fixture(scope="module", autouse=True)
def only_here():
    """Other tests open files as everybody does."""
    import jaxshrink.pillow  # noqa: F401

    yield
    Image.ID.remove("JAXSHRINK")


@pytest.fixture(scope="module")
def model():
    return Model.load()


@pytest.fixture(scope="module")
def file(model, photograph):
    picture = Image.fromarray(photograph[:99, :130])
    exif = Image.Exif()
    exif[0x010F] = "a camera"
    source = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture.save(source, "PNG", exif=exif.tobytes(), icc_profile=profile)
    return model.compress(source.getvalue(), scale="half").data


def test_the_photograph_is_opened_with_its_metadata(file, model):
    with Image.open(io.BytesIO(file)) as image:
        assert (image.size, image.mode, image.format) == ((130, 99), "RGB", "JPEG")
        assert image.getexif()[0x010F] == "a camera"
        assert image.info["icc_profile"]
        np.testing.assert_array_equal(np.asarray(image), model.expand(file))
    with Image.open(io.BytesIO(file), formats=["JPEG"]) as image:
        assert image.size == (65, 50)


@pytest.mark.parametrize("orientation", [3, 6])
def test_a_turned_file_is_upright(orientation, file, model):
    exif = Image.Exif()
    exif[0x0112] = orientation
    with Image.open(io.BytesIO(file), formats=["JPEG"]) as image:
        marker = markers.find(file)
        stored = io.BytesIO()
        image.save(stored, "JPEG", qtables=image.quantization, exif=exif)
    turned = markers.attach(stored.getvalue(), marker)
    with Image.open(io.BytesIO(turned)) as image:
        assert image.size == ((99, 130) if orientation > 4 else (130, 99))
        np.testing.assert_array_equal(np.asarray(image), model.expand(turned))
        assert image.getexif().get(0x0112, 1) == 1


def test_gray_stays_gray(model, photograph):
    gray = model.compress(photograph[:64, :80, :1], scale="full").data
    with Image.open(io.BytesIO(gray)) as image:
        assert image.mode == "L"
        np.testing.assert_array_equal(np.asarray(image)[:, :, None], model.expand(gray))


def test_ordinary_pictures_open_as_ever(photograph):
    for file_format in ("JPEG", "PNG", "WEBP"):
        plain = io.BytesIO()
        Image.fromarray(photograph[:40, :50]).save(plain, file_format)
        with Image.open(plain) as image:
            assert (image.format, image.size) == (file_format, (50, 40))
            image.load()


def test_an_unknown_model_and_a_damaged_marker_open_as_a_plain_picture(file):
    twice = markers.attach(file, markers.find(file))
    for other in (file.replace(b"photo3", b"photo9"), twice):
        with (
            pytest.warns(UserWarning, match="ordinary picture"),
            Image.open(io.BytesIO(other)) as image,
        ):
            assert image.size == (65, 50)


def test_what_cannot_be_restored_is_an_error_of_pillow(file):
    cut = file[: len(file) * 2 // 3]
    with Image.open(io.BytesIO(cut)) as image, pytest.raises(OSError, match=r"truncated|broken"):
        image.load()


def test_the_package_itself_is_not_misled(file, tmp_path):
    """What reads compact files does not get photographs from its own plugin."""
    script = (
        "import sys, jaxshrink, jaxshrink.pillow;"
        "pixels = jaxshrink.expand(sys.argv[1]);"
        "print(pixels.shape, jaxshrink.compress(sys.argv[1]).kept)"
    )
    (tmp_path / "x.jpg").write_bytes(file)
    command = [sys.executable, "-c", script, str(tmp_path / "x.jpg")]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "(99, 130, 3) True"
