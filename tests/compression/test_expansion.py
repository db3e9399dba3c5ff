"""Compact files that were turned, cropped or resized since, or lost their marker."""

import dataclasses
import io

import numpy as np
import pytest
from PIL import Image, ImageOps

from jaxshrink.compression.model import Model
from jaxshrink.errors import CheckpointError, DataError
from jaxshrink.files import markers
from tests.untrained import untrained_weights


@pytest.fixture(scope="module")
def model():
    """Networks that resample and do nothing else."""
    return Model(untrained_weights(noise=0.0))


@pytest.fixture(scope="module")
def file(model, photograph):
    """A compact image of 65x50 pixels for a photograph of 130x99."""
    return model.encode(photograph[60:159, 100:230], 80, 2)


def changed(file, change, *, marked=True, file_format="JPEG"):
    """The file after somebody changed its pixels, with the marker's segment kept."""
    with Image.open(io.BytesIO(file)) as image:
        options = {"qtables": image.quantization} if file_format == "JPEG" else {}
        made = io.BytesIO()
        change(image.convert("RGB")).save(made, file_format, **options)
    return markers.attach(made.getvalue(), markers.find(file)) if marked else made.getvalue()


def restored(model, file):
    return model.restore(file, markers.find(file))


def differs(pixels, shown):
    """How much an expanded view differs from what a viewer shows of the compact image."""
    small = Image.fromarray(pixels).resize(shown.size, Image.Resampling.BOX)
    return np.abs(np.asarray(small).astype(int) - np.asarray(shown.convert("RGB"))).mean()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_turn_that_exif_tells_is_honoured(orientation, model, file):
    exif = Image.Exif()
    exif[0x0112] = orientation
    segment = exif.tobytes()
    turned = markers.add_segments(file, [(0xE1, segment)])
    shown = ImageOps.exif_transpose(Image.open(io.BytesIO(turned)))
    result = restored(model, turned)
    assert result.pixels.shape[:2] == ((99, 130) if orientation < 5 else (130, 99))
    assert differs(result.pixels, shown) < 3
    assert result.notes == ()


@pytest.mark.parametrize("turn", [Image.Transpose.ROTATE_90, Image.Transpose.TRANSVERSE])
def test_swapped_sides_are_recognized(turn, model, file):
    turned = changed(file, lambda image: image.transpose(turn))
    result = restored(model, turned)
    assert result.pixels.shape == (130, 99, 3)
    assert differs(result.pixels, Image.open(io.BytesIO(turned))) < 3
    assert result.notes == ("was turned after it was made",)


@pytest.mark.parametrize("size", [(40, 50), (65, 49), (100, 30), (1, 1)])
def test_what_was_cropped_or_resized_is_restored_at_scale_times_its_own_size(size, model, file):
    result = restored(model, changed(file, lambda image: image.resize(size)))
    assert result.pixels.shape == (2 * size[1], 2 * size[0], 3)
    assert "was 65x50 when it was made, and is {}x{}".format(*size) in result.notes[0]


@pytest.mark.parametrize("size", [(130, 99), (99, 130), (400, 300)])
def test_what_is_as_large_as_the_photograph_is_not_enlarged(size, model, file):
    result = restored(model, changed(file, lambda image: image.resize(size)))
    assert result.pixels.shape == (size[1], size[0], 3)
    assert "not enlarged" in result.notes[0]


def test_the_limit_holds_for_what_would_be_restored(model, file):
    cropped = changed(file, lambda image: image.crop((0, 0, 60, 50)))
    with pytest.raises(DataError, match=r"120x100 is more than the limit of 11000 .*--max-pixels"):
        model.restore(cropped, markers.find(cropped), 11000)


def test_a_model_that_is_named_expands_the_file_of_another(model, file):
    marker = markers.find(file)
    others = dataclasses.replace(marker, model="other")
    other = file.replace(marker.to_bytes(), others.to_bytes())
    with pytest.raises(CheckpointError, match="made by the model other"):
        restored(model, other)
    result = model.restore_as_own(other, 2)
    assert result.pixels.shape == (99, 130, 3)
    assert "made by the model other" in result.notes[0]


def test_a_lost_marker_is_made_up_for_and_a_plain_picture_is_told(model, file, photograph):
    lost = changed(file, lambda image: image, marked=False)
    (note,) = model.restore_as_own(lost, 2).notes
    assert note == "no marker: restored to 2 times its size, 130x100"
    plain = io.BytesIO()
    Image.fromarray(photograph[:50, :65]).save(plain, "JPEG", quality=80)
    result = model.restore_as_own(plain.getvalue(), 2)
    assert result.pixels.shape == (100, 130, 3)
    assert "nothing else says that it is a compact image" in result.notes[0]


@pytest.mark.parametrize("quality", [1, 12.125, 50, 99.5, 100])
@pytest.mark.parametrize("scale", [2, 1])
def test_a_models_tables_are_known_again(quality, scale, model, photograph):
    for each in (model, Model(untrained_weights())):
        encoded = each.encode(photograph[:16, :16], quality, scale)
        assert each.has_own_tables(encoded, scale)


@pytest.mark.parametrize("file_format", ["WEBP", "AVIF", "PNG"])
def test_a_compact_image_in_another_format_finds_a_way(file_format, model, file):
    converted = changed(file, lambda image: image, marked=False, file_format=file_format)
    assert model.restore_as_own(converted, 2).pixels.shape == (100, 130, 3)
